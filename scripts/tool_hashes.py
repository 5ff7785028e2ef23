#!/usr/bin/env python3
# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Write the hashes of the tools that builds install, from the package index that pip uses.

    python scripts/tool_hashes.py [--check] [NAME==VERSION...]

Each tool keeps the version that tools.txt has, unless another is given. With `--check` nothing is
written; the exit status is 1 if the file differs from what would be written.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
FILE = ROOT / "container/src/dynamo_container_images/scripts/tools.txt"
# The platforms of the images, in the order of the hashes. Each tool has a wheel for the oldest
# C library of its own, so pip gets all tags that an image of today accepts.
ARCHITECTURES = ("x86_64", "aarch64")
TAGS = ("manylinux2014", "manylinux_2_17", "manylinux_2_28", "manylinux_2_31")


def main(arguments: Sequence[str] | None = None) -> int:
    """Write or compare the file; return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true")
    parser.add_argument("requirements", nargs="*", metavar="NAME==VERSION")
    options = parser.parse_args(arguments)
    lines = FILE.read_text(encoding="utf-8").splitlines()
    comments = [line for line in lines if line.startswith("#")]
    present = [line.split()[0] for line in lines if not line.startswith("#")]
    text = "\n".join([*comments, *map(line_of, replaced(present, options.requirements))]) + "\n"
    if options.check:
        return int(text != FILE.read_text(encoding="utf-8"))
    FILE.write_text(text, encoding="utf-8")
    return 0


def replaced(present: Iterable[str], given: Iterable[str]) -> list[str]:
    """Return the requirements, those that are given instead of those of the same name."""
    tools = {requirement.partition("==")[0]: requirement for requirement in (*present, *given)}
    return sorted(tools.values())


def line_of(requirement: str) -> str:
    """Return a tool's line of the file: the requirement, and the hash of each wheel."""
    hashes = (digest(requirement, architecture) for architecture in ARCHITECTURES)
    return " ".join([requirement, *(f"--hash=sha256:{one}" for one in hashes)])


def digest(requirement: str, architecture: str) -> str:
    """Return the SHA-256 of the wheel that an image of an architecture installs."""
    platforms = [f"--platform={tag}_{architecture}" for tag in TAGS]
    with tempfile.TemporaryDirectory() as folder:
        command = ["pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", *platforms]
        subprocess.run(
            [sys.executable, "-m", *command, f"--dest={folder}", requirement], check=True
        )
        (wheel,) = Path(folder).iterdir()
        return hashlib.sha256(wheel.read_bytes()).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
