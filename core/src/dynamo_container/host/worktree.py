# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What the files of a working tree contain, as a digest. Git lists them with what it remembers of
each; the content is read here and not by git, which would pass it through the filters of the
repository.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dynamo_container.host.repository import Repository

_LINK: Final = 0o120000
_SUBMODULE: Final = 0o160000
_SHARED: Final = "sharedindex."
_HASH: Final = "(?:[0-9a-f]{40}|[0-9a-f]{64})"
_CHUNK_BYTES: Final = 1 << 20
# `ls-files -s -t --debug -z`: `H 100644 HASH 0<TAB>PATH<NUL>`, then lines about its status.
_ENTRY: Final = re.compile(r"[A-Zh] (\d+) ([0-9a-f]+) \d\t(.*)", re.DOTALL)
_STATUS: Final = re.compile(
    r"  ctime: (\d+):(\d+)\n  mtime: (\d+):(\d+)\n  dev: \d+\tino: \d+\n"
    r"  uid: \d+\tgid: \d+\n  size: (\d+)\tflags: [0-9a-f]+\n"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """The files of a working tree.

    Attributes:
        digest: SHA-256 of the names, the modes and the content of all files that git tracks, and of
            the names of new ones.
        submodules: their folders; what is in them is not part of the digest.
        listed: whether git listed any file; a pipe in place of one that git reads prevents it.
    """

    digest: str
    submodules: tuple[str, ...]
    listed: bool


def read(repository: Repository) -> Contents:
    """Read the files of a working tree; those that the index remembers as they are count as they
    are there, without being read.
    """
    words = ("--stage", "--others", "--exclude-standard", "-t", "--debug", "-z")
    listed = repository.query("ls-files", *words).split("\0")
    index = _index_time(repository)
    digest, submodules = hashlib.sha256(), []
    for entry, status in _pairs(listed):
        match = _ENTRY.fullmatch(entry)
        if match is None:
            digest.update(f"{entry}\0".encode(errors="surrogateescape"))
            continue
        mode, remembered, name = int(match[1], 8), match[2], match[3]
        if mode == _SUBMODULE:
            submodules.append(name)
        found = _state(
            Path(f"{repository.path}/{name}"), mode, remembered, _STATUS.match(status), index
        )
        digest.update(f"{found} {name}\0".encode(errors="surrogateescape"))
    return Contents(digest=digest.hexdigest(), submodules=tuple(submodules), listed=listed != [""])


def is_split(repository: Repository) -> bool:
    """Whether a part of the index is in another file, whose time git changes when it reads it."""
    folder = repository.git_folder
    shared = [name[len(_SHARED) :] for name in os.listdir(folder) if name.startswith(_SHARED)]  # noqa: PTH208
    if not shared:
        return False
    index = (folder / "index").read_bytes()
    return any(bytes.fromhex(name) in index for name in shared if re.fullmatch(_HASH, name))


def _pairs(listed: list[str]) -> Iterator[tuple[str, str]]:
    """Each entry, and the lines about its status, which follow it."""
    for text, following in itertools.pairwise(listed):
        before = _STATUS.match(text)
        yield text[before.end() if before else 0 :], following


def _index_time(repository: Repository) -> int:
    """When the index was written; 0 if that is not known, so that every file is read."""
    try:
        return (repository.git_folder / "index").stat().st_mtime_ns
    except OSError:
        return 0


def _state(path: Path, mode: int, remembered: str, status: re.Match[str] | None, index: int) -> str:
    """A file's mode and the hash of its content: the remembered one if nothing changed since."""
    if mode == _SUBMODULE:
        return f"{mode:o} {remembered}"
    if ".." in path.parts:
        return "outside"
    try:
        now = path.lstat()
        if status and _is_unchanged(now, mode, status, index):
            return f"{mode:o} {remembered}"
        return f"{_mode(now):o} {_hash(path, now, len(remembered))}"
    except OSError:
        return "absent"


def _mode(status: os.stat_result) -> int:
    """The mode as git has it."""
    if stat.S_ISREG(status.st_mode):
        return 0o100755 if status.st_mode & stat.S_IXUSR else 0o100644
    return stat.S_IFMT(status.st_mode)


def _is_unchanged(now: os.stat_result, mode: int, status: re.Match[str], index: int) -> bool:
    """Whether a file has the times and the size that the index remembers. One that changed when the
    index was written, or later, may have changed within the resolution of its times.
    """
    changed, modified, size = _nanoseconds(status, 1), _nanoseconds(status, 3), int(status[5])
    return (
        _mode(now) == mode
        and (now.st_ctime_ns, now.st_mtime_ns, now.st_size & 0xFFFFFFFF)
        == (changed, modified, size)
        and now.st_mtime_ns < index
    )


def _nanoseconds(status: re.Match[str], group: int) -> int:
    return int(status[group]) * 10**9 + int(status[group + 1])


def _hash(path: Path, status: os.stat_result, length: int) -> str:
    """The hash of a file's content as it is, as git names content: with SHA-1 or SHA-256."""
    content = hashlib.new("sha1" if length == 40 else "sha256", usedforsecurity=False)  # noqa: PLR2004
    content.update(f"blob {status.st_size}\0".encode())
    if stat.S_ISLNK(status.st_mode):
        content.update(os.fsencode(path.readlink()))
    elif stat.S_ISREG(status.st_mode):
        # A pipe that takes the file's place is not waited for, and a link is not followed.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with open(descriptor, "rb") as file:  # noqa: PTH123  # a descriptor
            while chunk := file.read(_CHUNK_BYTES):
                content.update(chunk)
    return content.hexdigest()
