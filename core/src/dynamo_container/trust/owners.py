# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Who could have written a file."""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from dynamo_container.host.users import caller_uids

_ROOT: Final = 0
_MAX_LINKS: Final = 40
# The kernel's form: a version, then entries of tag, permissions and ID; see acl(5).
_ACL: Final = "system.posix_acl_access"
_USER: Final = 0x02
_NAMED: Final = (_USER, 0x08)
_WRITE: Final = 0x02


def read(path: Path) -> tuple[bytes, str]:
    """Read a file, and find out whether somebody else could have written it.

    Args:
        path: of the file; a symbolic link is followed.

    Returns:
        The content, and why the file is not the caller's own, as a clause; empty if it is.

    Raises:
        OSError: the file cannot be read, or is not a regular file.
    """
    # Checked and read through one descriptor: the file cannot be exchanged in between.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    with open(descriptor, "rb") as file:  # noqa: PTH123  # a descriptor
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(0, "not a regular file", str(path))
        problem = _of_others(status, descriptor) or _in_folders_of_others(path, status)
        return file.read(), problem


def is_closed(folder: Path) -> bool:
    """Whether only the caller and root can create files in a folder."""
    try:
        return not _of_others(folder.stat(), folder)
    except OSError:
        return False


def _of_others(status: os.stat_result, place: int | Path) -> str:
    if _is_foreign(status):
        return f"belongs to the user with UID {status.st_uid}"
    return _writers(status, place)


def _is_foreign(status: os.stat_result) -> bool:
    return status.st_uid not in (_ROOT, *caller_uids())


def _in_folders_of_others(path: Path, status: os.stat_result) -> str:
    """Whether others can exchange a file, or a link to it."""
    return next(filter(None, (_exchanged(step, status) for step in _steps(path))), "")


def _steps(path: Path) -> Iterator[Path]:
    """Yield a path, and where it leads if it is a symbolic link."""
    for _ in range(_MAX_LINKS):
        yield path
        if not path.is_symlink():
            return
        path = path.parent / path.readlink()


def _exchanged(path: Path, file: os.stat_result) -> str:
    """Whether others can exchange a file or a link in its folder: its owner, and those who can
    write to it. In one with a sticky bit, like /tmp, they can add links to files of the caller.
    """
    folder = path.parent
    status = folder.stat()
    others = _of_others(status, folder)
    if others and others == _writers(status, folder) and status.st_mode & stat.S_ISVTX:
        if _is_foreign(path.lstat()) or file.st_nlink > 1:
            return "is a link in a folder that others can write to"
        return ""
    return f"is in a folder that {others}" if others else ""


def _writers(status: os.stat_result, place: int | Path) -> str:
    if status.st_mode & stat.S_IWOTH:
        return "every user can write to"
    if not status.st_mode & stat.S_IWGRP:
        return ""
    if not _is_private_group(status.st_gid):
        return f"the group with GID {status.st_gid} can write to"
    # These bits are also the limit of an access control list.
    return "an access control list lets others write to" if _is_listed(place) else ""


def _is_listed(place: int | Path) -> bool:
    """Whether an access control list names users or groups that can write (Linux only)."""
    try:
        entries = os.getxattr(place, _ACL)[4:]
    except (OSError, AttributeError):
        return False
    rows = struct.iter_unpack("<HHI", entries)
    return any(
        tag in _NAMED and permissions & _WRITE and not (tag == _USER and uid in caller_uids())
        for tag, permissions, uid in rows
    )


def _is_private_group(gid: int) -> bool:
    """Whether a group is the caller's alone, as distributions with umask 002 create it for each
    user: it has the user's name, and no other member.
    """
    import grp
    import pwd

    try:
        names = {pwd.getpwuid(uid).pw_name for uid in caller_uids()}
        group = grp.getgrgid(gid)
    except KeyError:
        return False
    return group.gr_name in names and names >= set(group.gr_mem)
