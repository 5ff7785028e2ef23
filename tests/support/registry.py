# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""A registry of the tests' own, on loopback, by the program that `scripts/engine` brings."""

from __future__ import annotations

import gzip
import json
import socket
import subprocess
import time
import urllib.request
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FORMS = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
# The annotation of a manifest that has attestations about another.
_ATTESTATION = "vnd.docker.reference.digest"
CONFIGURATION = """\
version: 0.1
storage: {{filesystem: {{rootdirectory: "{folder}"}}}}
http: {{addr: "{address}"}}
"""


@dataclass(frozen=True)
class Registry:
    """A registry that runs.

    Attributes:
        address: host and port, as references have them.
        folder: all that it keeps.
    """

    address: str
    folder: Path

    def get(self, path: str) -> Any:  # JSON of any shape
        """A document: `cache/tags/list`, `tiny/manifests/1`."""
        with self._open(path) as answer:
            return json.load(answer)

    def digest(self, repository: str, tag: str) -> str:
        """The digest of what a tag names."""
        with self._open(f"{repository}/manifests/{tag}") as answer:
            return str(answer.headers["Docker-Content-Digest"])

    def provenance(self, repository: str, tag: str) -> Any:  # BuildKit's JSON
        """What the builder attests about an image: the predicate."""
        manifests = self.get(f"{repository}/manifests/{tag}")["manifests"]
        attests = {one["digest"] for one in manifests if _ATTESTATION in one.get("annotations", {})}
        for digest in attests:
            for layer in self.get(f"{repository}/manifests/{digest}")["layers"]:
                if "slsa.dev/provenance" in layer["annotations"]["in-toto.io/predicate-type"]:
                    return self.get(f"{repository}/blobs/{layer['digest']}")["predicate"]
        raise AssertionError(f"{repository}:{tag} has no provenance")

    def _open(self, path: str) -> Any:  # urllib's answer
        request = urllib.request.Request(
            f"http://{self.address}/v2/{path}", headers={"Accept": ", ".join(FORMS)}
        )
        return urllib.request.urlopen(request, timeout=10)

    def tags(self, repository: str) -> list[str]:
        """The tags of a repository, sorted."""
        return sorted(self.get(f"{repository}/tags/list")["tags"])

    def holds(self, text: str) -> bool:
        """Whether any blob has this text in it: layers, configurations, manifests, attestations."""
        return any(text.encode() in _content(path) for path in self.folder.rglob("data"))


def _content(path: Path) -> bytes:
    content = path.read_bytes()
    try:
        return gzip.decompress(content)
    except (gzip.BadGzipFile, EOFError, zlib.error):
        return content


@contextmanager
def serve(folder: Path, program: Path) -> Iterator[Registry]:
    """Run a registry that keeps everything in this folder."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    kept = folder / "registry"
    configuration = folder / "registry.yml"
    configuration.write_text(CONFIGURATION.format(folder=kept, address=address))
    log = (folder / "registry.log").open("wb")
    with log, subprocess.Popen([program, "serve", configuration], stdout=log, stderr=log) as one:
        try:
            _await(address, one)
            yield Registry(address, kept)
        finally:
            one.terminate()


def _await(address: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 30
    while not _answers(address):
        assert process.poll() is None, "the registry ended"
        assert time.monotonic() < end, "the registry does not answer"
        time.sleep(0.05)  # until it listens


def _answers(address: str) -> bool:
    try:
        urllib.request.urlopen(f"http://{address}/v2/", timeout=5).close()
    except OSError:
        return False
    return True
