# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Who could have written a file."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

from dynamo_container.host.users import caller_uids

_ROOT: Final = 0


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
        return file.read(), _of_others(status) or _in_folders_of_others(path)


def is_closed(folder: Path) -> bool:
    """Whether only the caller and root can create files in a folder."""
    try:
        return not _of_others(folder.stat())
    except OSError:
        return False


def _of_others(status: os.stat_result) -> str:
    if status.st_uid not in (_ROOT, *caller_uids()):
        return f"belongs to the user with UID {status.st_uid}"
    return _writers(status)


def _in_folders_of_others(path: Path) -> str:
    """Whether others can exchange a file, or a link to it."""
    folders = (path.parent, Path(os.path.realpath(path)).parent)
    return next(filter(None, map(_in_folder_of_others, folders)), "")


def _in_folder_of_others(folder: Path) -> str:
    """Whether others can exchange a folder's files: its owner, and those who can write to it, but
    not if it has a sticky bit, like /tmp.
    """
    status = folder.stat()
    others = _of_others(status)
    if others == _writers(status) and status.st_mode & stat.S_ISVTX:
        return ""
    return f"is in a folder that {others}" if others else ""


def _writers(status: os.stat_result) -> str:
    if status.st_mode & stat.S_IWOTH:
        return "every user can write to"
    if status.st_mode & stat.S_IWGRP and not _is_private_group(status.st_gid):
        return f"the group with GID {status.st_gid} can write to"
    return ""


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
