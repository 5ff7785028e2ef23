# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""A checkout's settings for cargo name programs, in the step that has the netrc's password: with
the machine's own cargo, and `fetch-crates` at other paths.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import dynamo_container_images
import pytest
import rust_image

SCRIPTS = Path(dynamo_container_images.__file__).parent / "scripts" / "bin"
CANARY = "c4n4ry-of-the-netrc"
MANIFEST = '[package]\nname = "x"\nversion = "1.0.0"\nedition = "2021"\n\n[dependencies]\n'
PRIVATE = 'y = { version = "1", registry = "private" }\n'
REGISTRY = '[registries.private]\nindex = "sparse+http://127.0.0.1:PORT/"\n'
# The checkout's files, in which EVIL is a program of the checkout that steals the password.
ATTACKS = {
    "rustc": {".cargo/config.toml": '[build]\nrustc = "EVIL"\n'},
    "a wrapper": {".cargo/config.toml": '[build]\nrustc-wrapper = "EVIL"\n'},
    "the older name of the file": {".cargo/config": '[build]\nrustc-wrapper = "EVIL"\n'},
    "a registry's credentials": {
        "Cargo.toml": MANIFEST + PRIVATE,
        ".cargo/config.toml": f'{REGISTRY}credential-provider = ["EVIL"]\n',
    },
    "credentials of all registries": {
        "Cargo.toml": MANIFEST + PRIVATE,
        ".cargo/config.toml": f'{REGISTRY}[registry]\nglobal-credential-providers = ["EVIL"]\n',
    },
    "a toolchain": {"rust-toolchain.toml": '[toolchain]\npath = "FOLDER/toolchain"\n'},
}
pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(
        rust_image.toolchain() is None or shutil.which("rustup") is None,
        reason="rustup has no toolchain here",
    ),
]


class Private(BaseHTTPRequestHandler):
    """A registry that requires a token, and gives nothing without one."""

    def do_GET(self) -> None:
        self.send_response(401)
        self.send_header("WWW-Authenticate", 'Cargo login_url="http://127.0.0.1/me"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Private) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server.server_port
        server.shutdown()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The step's folders, and the checkout with a program that steals what it can read."""
    for name in ("secrets", "home", "cache", "cargo", "bin", "checkout/src", "checkout/.cargo"):
        (tmp_path / name).mkdir(parents=True)
    netrc = f"machine 127.0.0.1 login me password {CANARY}\n"
    (tmp_path / "secrets" / "netrc").write_text(netrc)
    (tmp_path / "home" / ".netrc").write_text(netrc)
    program(tmp_path / "bin" / "rsync", "exit 0")
    evil = f'cat "{tmp_path}/secrets/netrc" >>"{tmp_path}/stolen"; exit 1'
    program(tmp_path / "checkout" / "evil", evil)
    (tmp_path / "checkout" / "toolchain" / "bin").mkdir(parents=True)
    for name in ("cargo", "rustc"):
        program(tmp_path / "checkout" / "toolchain" / "bin" / name, evil)
    (tmp_path / "checkout" / "Cargo.toml").write_text(MANIFEST)
    (tmp_path / "checkout" / "src" / "lib.rs").touch()
    return tmp_path


def program(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def at_other_paths(folder: Path) -> Path:
    """Return `fetch-crates` with paths below a folder."""
    home = rust_image.toolchain()
    assert home
    paths = {
        "/run/secrets": f"{folder}/secrets",
        "/opt/build/bin/python": sys.executable,
        "/opt/tools": f"{folder}/bin",
        "/var/cache/crates": f"{folder}/cache",
        "/usr/local/cargo": f"{folder}/cargo",
        "/usr/local/rustup": str(home.parents[1]),
    }
    for name in ("fetch-crates", "rust-toolchain"):
        text = (SCRIPTS / name).read_text()
        for path, other in paths.items():
            text = text.replace(path, other)
        (folder / "bin" / name).write_text(text)
        (folder / "bin" / name).chmod(0o755)
    return folder / "bin" / "fetch-crates"


@pytest.mark.parametrize("attack", ATTACKS)
def test_settings_of_a_checkout_cannot_get_the_password(folder, port, attack):
    checkout = folder / "checkout"
    for name, text in ATTACKS[attack].items():
        own = text.replace("EVIL", f"{checkout}/evil").replace("FOLDER", str(checkout))
        (checkout / name).write_text(own.replace("PORT", str(port)))
    search = f"{folder}/bin:{Path(str(shutil.which('rustup'))).parent}:{os.environ['PATH']}"
    env = {**os.environ, "HOME": str(folder / "home"), "PATH": search}
    env = {name: value for name, value in env.items() if not name.startswith("RUSTUP_")}
    home = rust_image.toolchain()
    assert home
    env |= {"RUSTUP_HOME": str(home.parents[1]), "CARGO_HOME": str(folder / "cargo")}

    # The attack works, if cargo obeys the checkout.
    subprocess.run(["cargo", "fetch"], cwd=checkout, env=env, capture_output=True, check=False)
    stolen = folder / "stolen"
    assert CANARY in stolen.read_text()
    stolen.unlink()

    done = subprocess.run(
        [at_other_paths(folder), checkout], env=env, capture_output=True, text=True, check=False
    )

    assert not stolen.exists()
    assert CANARY not in done.stdout + done.stderr
    # A registry that requires a token gives nothing without one.
    assert (done.returncode == 0) == ("Cargo.toml" not in ATTACKS[attack]), done.stderr
