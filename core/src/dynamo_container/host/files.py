# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Files that are written completely or not at all: beside their place, then renamed."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from dynamo_container.docker import signals
from dynamo_container.errors import MachineError, UsageError
from dynamo_container.host.users import sudo_caller

# The names of everything that is not complete yet start with this.
TEMPORARY: Final = ".dynamo-container-"


def require_inside(path: Path, folder: Path, next_step: str) -> None:
    """Make sure that what is written to a path stays below a folder: in a checkout of others, a
    symbolic link could lead anywhere.

    Args:
        path: of a file below the folder, by its name.
        folder: what the caller named, or the current one.
        next_step: what else the caller can do.

    Raises:
        UsageError: a symbolic link leads out of the folder.
        MachineError: the path cannot be read.
    """
    try:
        inside = path.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError) as error:
        raise MachineError(f"{path} cannot be read: {error}", next_step) from error
    if not inside:
        raise UsageError(f"{path} leads out of {folder} by a symbolic link", next_step)


def write(path: Path, text: str) -> None:
    """Write a file. Whatever happens, there is the new file or what was there before.

    A symbolic link stays, and so does the mode of a file that exists.

    Raises:
        OSError: the file cannot be written.
    """
    target = Path(os.path.realpath(path))
    number, name = tempfile.mkstemp(prefix=f"{TEMPORARY}{target.name[:100]}-", dir=target.parent)
    temporary = Path(name)
    try:
        os.close(number)
        temporary.write_text(text, encoding="utf-8")
        temporary.chmod(_mode(target))
        temporary.replace(target)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


def write_for_caller(path: Path, text: str) -> None:
    """Write a file in the caller's own folders, which are created; with sudo it belongs to the user
    who called it.

    Raises:
        OSError: the file cannot be written.
    """
    missing = [one for one in (path.parent, *path.parent.parents) if not one.exists()]
    path.parent.mkdir(parents=True, exist_ok=True)
    write(path, text)
    if caller := sudo_caller():
        for one in (*missing, path):
            os.chown(one, *caller)


def _mode(path: Path) -> int:
    """Return the mode of a file; that of a new one if it does not exist."""
    with suppress(OSError):
        return path.stat().st_mode & 0o7777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def is_incomplete(folder: Path) -> bool:
    """Whether `filling` was interrupted in this folder, so that what it wrote is of no use."""
    return any(folder.glob(f"{TEMPORARY}*"))


@contextmanager
def filling(folder: Path) -> Iterator[Path]:
    """Write files and folders into a folder, where they replace those of the same names.

    Yields:
        An empty folder to write to. What is in it is moved when the block ends without an error.

    Raises:
        OSError: something cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    before = list(folder.glob(f"{TEMPORARY}*"))
    with tempfile.TemporaryDirectory(prefix=TEMPORARY, dir=folder) as temporary:
        new, old = Path(temporary, "new"), Path(temporary, "old")
        new.mkdir()
        old.mkdir()
        yield new
        with signals.held():  # a folder with half of them would not be recognized as ours
            for path in sorted(new.iterdir()):
                with suppress(FileNotFoundError):
                    (folder / path.name).rename(old / path.name)
                path.rename(folder / path.name)
    for path in before:
        shutil.rmtree(path, ignore_errors=True)
