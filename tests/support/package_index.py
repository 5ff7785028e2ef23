# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""A package index of the tests' own: HTTPS, its own certificate, a password, real wheels."""

from __future__ import annotations

import base64
import hashlib
import http.server
import json
import re
import ssl
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

import trustme

USER = "ci"
PASSWORD = "s3cr3t-of-the-index"  # the tests look for it everywhere
WHEEL = """\
Wheel-Version: 1.0
Generator: tests
Root-Is-Purelib: true
Tag: py3-none-any
"""


def write_wheel(
    folder: Path,
    name: str,
    version: str,
    requires: tuple[str, ...] = (),
    body: str = "",
    entry_points: str = "",
    files: tuple[tuple[str, str], ...] = (),
) -> Path:
    """A small pure-Python wheel, whole and installable, with one module that has this body, and
    these files beside it.
    """
    package = name.replace("-", "_")
    info = f"{package}-{version}.dist-info"
    metadata = "".join(
        [
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
            *(f"Provides-Extra: {extra}\n" for extra in _extras(requires)),
            *(f"Requires-Dist: {one}\n" for one in requires),
        ]
    )
    members = {
        **{f"{package}/{file}": text for file, text in files},
        f"{package}/__init__.py": f"__version__ = {version!r}\n{body}\n",
        f"{info}/METADATA": metadata,
        f"{info}/WHEEL": WHEEL,
        f"{info}/entry_points.txt": entry_points,
    }
    record = "".join(f"{path},,\n" for path in (*members, f"{info}/RECORD"))
    wheel = folder / f"{package}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in {**members, f"{info}/RECORD": record}.items():
            archive.writestr(path, text)
    return wheel


def _extras(requires: tuple[str, ...]) -> list[str]:
    return sorted(set(re.findall(r"extra == '([^']+)'", " ".join(requires))))


@dataclass(frozen=True)
class Index:
    """A running index.

    Attributes:
        url: with the credentials in it.
        ca_bundle: the certificate that its own is signed with.
        served: names of the files that were fetched.
    """

    url: str
    ca_bundle: Path
    served: list[str]


@contextmanager
def serve(wheels: Path, address: str, folder: Path, *, upload_times: bool) -> Iterator[Index]:
    """Serve a folder's wheels as a simple index (PEP 691; with `upload_times` PEP 700, too)."""
    authority = trustme.CA()
    ca_bundle = folder / "a-very-own-ca.pem"
    authority.cert_pem.write_to_path(str(ca_bundle))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(address).configure_cert(context)
    served: list[str] = []

    class Handler(_Handler):
        pass

    Handler.wheels, Handler.upload_times = wheels, upload_times
    Handler.served = served
    server = http.server.ThreadingHTTPServer((address, 0), Handler)
    # Each connection shakes hands in its own thread: one that is slow must not keep others waiting.
    server.socket = context.wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        port = server.server_address[1]
        yield Index(f"https://{USER}:{PASSWORD}@{address}:{port}/simple", ca_bundle, served)
    finally:
        server.shutdown()
        server.server_close()


class _Handler(http.server.BaseHTTPRequestHandler):
    wheels: Path
    upload_times: bool
    served: list[str]

    def do_GET(self) -> None:
        wanted = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if self.headers.get("Authorization") != f"Basic {wanted}":
            self.send_response(HTTPStatus.UNAUTHORIZED)
            self.send_header("WWW-Authenticate", 'Basic realm="index"')
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif match := re.fullmatch(r"/files/([^/]+\.whl)(\.metadata)?", self.path):
            self.served.append(match[1])
            self._send((self.wheels / match[1]).read_bytes(), "application/octet-stream")
        elif match := re.fullmatch(r"/simple/([^/]+)/", self.path):
            self._project(match[1])
        else:
            self.send_error(HTTPStatus.NOT_FOUND)

    def _project(self, project: str) -> None:
        files = [
            self._file(wheel)
            for wheel in sorted(self.wheels.glob("*.whl"))
            if wheel.name.split("-")[0].lower().replace("_", "-") == project
        ]
        if not files:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        document = {"meta": {"api-version": "1.1"}, "name": project, "files": files, "versions": []}
        self._send(json.dumps(document).encode(), "application/vnd.pypi.simple.v1+json")

    def _file(self, wheel: Path) -> dict[str, object]:
        content = wheel.read_bytes()
        file: dict[str, object] = {
            "filename": wheel.name,
            "url": f"/files/{wheel.name}",
            "hashes": {"sha256": hashlib.sha256(content).hexdigest()},
            "size": len(content),
        }
        if self.upload_times:
            file["upload-time"] = "2026-08-28T12:00:00Z"
        return file

    def _send(self, content: bytes, kind: str) -> None:
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)

    def do_HEAD(self) -> None:
        self.do_GET()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base's name
        """Nothing: a test's output is the test's."""
