# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""An image that replaces the official `rust`: the machine's own toolchain, at the same paths."""

from __future__ import annotations

import shutil
import subprocess
import tarfile
from pathlib import Path

HOME = "usr/local/rustup"


def toolchain() -> Path | None:
    """The machine's Rust toolchain, if rustup installed it."""
    if not shutil.which("rustc"):
        return None
    answer = subprocess.run(
        ["rustc", "--print", "sysroot"], capture_output=True, text=True, check=False
    )
    path = Path(answer.stdout.strip())
    return path if answer.returncode == 0 and path.parent.name == "toolchains" else None


def load(sysroot: Path, tag: str) -> None:
    """Give the engine the image."""
    command = ["docker", "import", "--change", "ENV RUSTUP_HOME=/usr/local/rustup", "-", tag]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        assert process.stdin
        with tarfile.open(fileobj=process.stdin, mode="w|") as archive:
            _write(archive, sysroot)
        process.stdin.close()
        assert process.wait() == 0, process.stderr and process.stderr.read()


def _write(archive: tarfile.TarFile, sysroot: Path) -> None:
    def own(info: tarfile.TarInfo) -> tarfile.TarInfo | None:
        if "/share/doc" in info.name or "/share/man" in info.name:
            return None
        info.uid = info.gid = 0
        info.uname = info.gname = "root"
        info.mode |= 0o666 if info.isfile() else 0
        info.mode |= 0o777 if info.isdir() else 0  # as the official image has it
        return info

    rustup = sysroot.parents[1]
    binaries = Path(shutil.which("rustup") or "rustup").resolve().parent
    archive.add(sysroot, f"{HOME}/toolchains/{sysroot.name}", filter=own)
    archive.add(rustup / "settings.toml", f"{HOME}/settings.toml", filter=own)
    for name in ("cargo", "rustc", "rustup", "rustfmt", "cargo-fmt", "cargo-clippy", "rustdoc"):
        if (binaries / name).exists():
            archive.add((binaries / name).resolve(), f"usr/local/cargo/bin/{name}", filter=own)
