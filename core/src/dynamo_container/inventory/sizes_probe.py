# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Runs in an image, by Python 3.8 or newer: prints which package owns how many bytes, as JSON."""

from __future__ import annotations

import csv
import glob
import json
import os
import re
import stat
import sys
from collections.abc import Iterator

# How many names of a path count, with the empty one before the first `/`.
DEPTH = 5
# Folders that are links if /usr is merged; dpkg's lists name them by the old names.
MERGED = ("bin", "lib", "lib32", "lib64", "sbin")


def plain(path: str) -> str:
    """Return a path by the names of a merged /usr."""
    first = path.split("/", 2)[1:2]
    merged = first and first[0] in MERGED and os.path.islink(f"/{first[0]}")
    return f"/usr{path}" if merged else path


def of_distribution() -> dict[str, str]:
    """The packages of the distribution, by path."""
    owners: dict[str, str] = {}
    for listed in glob.glob("/var/lib/dpkg/info/*.list"):
        name = os.path.basename(listed)[: -len(".list")].split(":")[0]
        with open(listed, encoding="utf-8", errors="surrogateescape") as file:
            for path in file.read().splitlines():
                owners[plain(path)] = f"apt {name}"
    return owners


def of_python() -> dict[str, str]:
    """The packages of Python, by path; bytecode belongs to its source."""
    owners: dict[str, str] = {}
    patterns = ("/opt/*/venv/lib/python3*/site-packages", "/usr/local/lib/python3*/*-packages")
    for pattern in patterns:
        for record in glob.glob(f"{pattern}/*.dist-info/RECORD"):
            folder = os.path.dirname(record)
            site = os.path.dirname(folder)
            name = re.sub(r"[-_.]+", "-", os.path.basename(folder).split("-")[0]).lower()
            with open(record, encoding="utf-8", errors="surrogateescape", newline="") as file:
                for row in csv.reader(file):
                    if row:
                        owners[os.path.normpath(os.path.join(site, row[0]))] = f"python {name}"
    return owners


def source_of(path: str) -> str:
    """The source of a file of bytecode."""
    folder, name = os.path.split(path)
    if os.path.basename(folder) != "__pycache__" or not name.endswith(".pyc"):
        return path
    return os.path.join(os.path.dirname(folder), name.split(".")[0] + ".py")


def files(top: str) -> Iterator[tuple[str, int]]:
    """The files of this file system, each once, with their sizes."""
    known: set[int] = set()
    device, folders = os.stat(top).st_dev, [top]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                status = entry.stat(follow_symlinks=False)
                if status.st_dev != device:
                    continue
                if stat.S_ISDIR(status.st_mode):
                    folders.append(entry.path)
                elif status.st_ino not in known:
                    known.add(status.st_ino)
                    yield entry.path, status.st_size


def main() -> None:
    """Print the sizes of packages and folders."""
    owners = {**of_distribution(), **of_python()}
    packages: dict[str, int] = {}
    folders: dict[str, int] = {}
    for path, size in files("/"):
        owner = owners.get(path) or owners.get(source_of(path)) or "no package"
        packages[owner] = packages.get(owner, 0) + size
        folder = "/".join(os.path.dirname(path).split("/")[:DEPTH]) or "/"
        folders[folder] = folders.get(folder, 0) + size
    json.dump({"packages": packages, "folders": folders}, sys.stdout)


main()
