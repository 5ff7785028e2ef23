# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Paths that a user has given: made absolute, checked."""

from __future__ import annotations

import os
from pathlib import Path

from dynamo_container.errors import UsageError


def absolute(path: str) -> Path:
    """Make a user's path absolute and expand `~`; symbolic links are not resolved.

    Raises:
        UsageError: the user after `~` or the current folder does not exist.
    """
    try:
        return Path(os.path.abspath(Path(path).expanduser()))  # noqa: PTH100  # no links resolved
    except FileNotFoundError as error:
        raise UsageError(
            "the current folder does not exist any more", "go to another one: cd DIR"
        ) from error
    except (RuntimeError, OSError) as error:
        raise UsageError(
            f"{path!r} cannot be made an absolute path: {error}", "write the path from / on"
        ) from error


# Pathlib's functions raise PermissionError if the user may not read a folder on the way.
def exists(path: Path) -> bool:
    """Whether the user can see something at this path."""
    return os.path.exists(path)  # noqa: PTH110


def is_file(path: Path) -> bool:
    """Whether the user can see a file at this path."""
    return os.path.isfile(path)  # noqa: PTH113


def is_folder(path: Path) -> bool:
    """Whether the user can see a folder at this path."""
    return os.path.isdir(path)  # noqa: PTH112


def existing_file(path: str, option: str) -> str:
    """Return the absolute path of a file.

    Args:
        path: as the user wrote it.
        option: that gave it, for the message.

    Raises:
        UsageError: the file does not exist.
    """
    full = absolute(path)
    if not is_file(full):
        raise UsageError(f"{option}: file not found: {full}", "name an existing file")
    return str(full)


def existing_folder(path: str, option: str) -> str:
    """Return the absolute path of a folder; see `existing_file`."""
    full = absolute(path)
    if not is_folder(full):
        raise UsageError(f"{option}: folder not found: {full}", "name an existing folder")
    return str(full)


def writable_file(path: str, option: str) -> Path:
    """Return the absolute path of a file that is going to be written; see `existing_file`.

    Raises:
        UsageError: the file cannot be written.
    """
    full = absolute(path)
    if exists(full) and not is_folder(full) and not is_file(full):
        raise UsageError(f"{option}: {full} is not a regular file", "name another file")
    if is_folder(full) or not os.access(full if exists(full) else full.parent, os.W_OK):
        raise UsageError(
            f"{option}: {full} cannot be written", "name a file in a folder that you can write to"
        )
    return full
