# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Paths that a user gives."""

from __future__ import annotations

import os
from pathlib import Path

from dynamo_container.errors import UsageError


def absolute(path: str) -> Path:
    """A user's path made absolute, `~` included; links in it are the user's business.

    Raises:
        UsageError: there is no such user, or no current folder.
    """
    try:
        return Path(os.path.abspath(Path(path).expanduser()))  # noqa: PTH100  # no links followed
    except (RuntimeError, OSError) as error:
        raise UsageError(
            f"{path!r} cannot be made an absolute path: {error}", "write it from / on"
        ) from error


# Pathlib's own raise where a folder on the way is closed to the user.
def exists(path: Path) -> bool:
    """Whether something is there that the user can see."""
    return os.path.exists(path)  # noqa: PTH110


def is_file(path: Path) -> bool:
    """Whether a file is there that the user can see."""
    return os.path.isfile(path)  # noqa: PTH113


def is_folder(path: Path) -> bool:
    """Whether a folder is there that the user can see."""
    return os.path.isdir(path)  # noqa: PTH112


def existing_file(path: str, option: str) -> str:
    full = absolute(path)
    if not is_file(full):
        raise UsageError(f"{option}: the file {full} was not found", "name an existing file")
    return str(full)


def existing_folder(path: str, option: str) -> str:
    full = absolute(path)
    if not is_folder(full):
        raise UsageError(f"{option}: the folder {full} was not found", "name an existing folder")
    return str(full)


def writable_file(path: str, option: str) -> Path:
    """The absolute path of a file that is going to be written.

    Raises:
        UsageError: it cannot be.
    """
    full = absolute(path)
    if is_folder(full) or not os.access(full if exists(full) else full.parent, os.W_OK):
        raise UsageError(f"{option}: {full} cannot be written", "name a file in a folder of yours")
    return full
