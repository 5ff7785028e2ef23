# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Where a Dev Container's file is in a checkout, and how it is written and compared."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from dynamo_container.containers import devcontainer
from dynamo_container.docker import signals
from dynamo_container.errors import MachineError, UsageError, WorkFailedError
from dynamo_container.host import files

_ELSEWHERE: Final = "write it elsewhere: --dry-run > FILE"


def path_in(folder: Path, framework: str) -> Path:
    """Return the path of a framework's file: beside a file of the checkout's own.

    Raises:
        UsageError: a symbolic link would lead out of the folder: a checkout of others could make us
            write anywhere.
        MachineError: the path cannot be read.
    """
    path = _path(folder, framework)
    other = _read(path)
    if other is not None and not devcontainer.is_ours(other):
        path = _path(folder, f"{framework}-dynamo-container")
    files.require_inside(path, folder, _ELSEWHERE)
    return path


def _path(folder: Path, name: str) -> Path:
    return folder / ".devcontainer" / name / "devcontainer.json"


def write(path: Path, text: str, *, force: bool) -> str:
    """Write the file, unless it was edited since it was written.

    Args:
        path: of the file.
        text: the file's content.
        force: whether to overwrite an edited file.

    Returns:
        What was done, for people.

    Raises:
        UsageError: the file was edited.
        MachineError: the file cannot be written.
    """
    before = _read(path)
    if before is not None and not devcontainer.is_untouched(before) and not force:
        raise UsageError(
            f"{path} was edited since it was written, so it is left alone",
            "overwrite it with --force, or see what would be written with --dry-run",
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with signals.raised():
            files.write(path, text)
    except OSError as error:
        raise _unusable(error) from error
    return f"{path} is up to date" if before == text else f"wrote {path}"


def require_current(path: Path, text: str) -> None:
    """Require that the file is what would be written.

    Raises:
        WorkFailedError: it is not.
        MachineError: the file cannot be read.
    """
    before = _read(path)
    if before != text:
        problem = "was not found" if before is None else "is out of date"
        raise WorkFailedError(f"{path} {problem}", "write it: the same command without --check")


def _read(path: Path) -> str | None:
    """The file's text, whatever it contains; None if there is no file.

    Raises:
        UsageError: there is something else, such as a pipe, which would never end.
        MachineError: the file cannot be read.
    """
    try:
        if path.exists() and not path.is_file():
            raise UsageError(f"{path} is not a regular file", f"remove it first: rm {path}")
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else None
    except OSError as error:
        raise _unusable(error) from error


def _unusable(error: OSError) -> MachineError:
    return MachineError(f"{error.filename}: {error.strerror}", _ELSEWHERE)
