# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Write the files of an export, and find out whether they are current."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from dynamo_container.docker import signals
from dynamo_container.errors import MachineError, UsageError, WorkFailedError
from dynamo_container.host import files

_HEADER: Final = "# Written by `dynamo-container export"
_HASH: Final = "Hash: "
_ELSEWHERE: Final = "name another folder"


def with_header(text: str, form: str) -> str:
    """Return a file's text below a line that shows whether a person edited it.

    Args:
        text: of a file whose comments start with `#`. A first line that a program reads (`#!`)
            stays the first.
        form: the format, such as `compose`.
    """
    first, rest = _split(text)
    return f"{first}{_HEADER} {form}`. {_HASH}{_hash(first + rest)}\n{rest}"


def write(folder: Path, texts: Mapping[str, str], *, force: bool) -> Iterator[str]:
    """Write files, unless one was edited since it was written.

    Args:
        folder: below which they are.
        texts: of the files, each with a header, by path.
        force: whether to overwrite files that were edited, or that are not ours.

    Yields:
        What was done, for people.

    Raises:
        UsageError: a file was edited, is not ours, or is not below the folder.
        MachineError: a file cannot be written.
    """
    paths = {name: _path(folder, name) for name in texts}
    before = {name: _read(path) for name, path in paths.items()}
    for name, path in paths.items():
        text = before[name]
        if text is not None and not is_untouched(text) and not force:
            raise UsageError(
                f"{path} was edited since it was written, or is not ours, so it is left alone",
                "overwrite it with --force, or name another folder",
            )
    for name, path in paths.items():
        _write(path, texts[name])
        yield f"{path} is up to date" if before[name] == texts[name] else f"wrote {path}"


def require_current(folder: Path, texts: Mapping[str, str]) -> None:
    """Require that the files are what would be written.

    Raises:
        WorkFailedError: one is not.
        MachineError: one cannot be read.
    """
    for name, text in texts.items():
        path = _path(folder, name)
        before = _read(path)
        if before != text:
            problem = "was not found" if before is None else "is out of date"
            raise WorkFailedError(f"{path} {problem}", "write it: the same command without --check")


def is_untouched(text: str) -> bool:
    """Whether a file is as it was written, by this version or another one."""
    first, rest = _split(text)
    header, _, body = rest.partition("\n")
    return header.startswith(_HEADER) and header.endswith(f"{_HASH}{_hash(first + body)}")


def _split(text: str) -> tuple[str, str]:
    """Split off a first line that a program reads."""
    if not text.startswith("#!"):
        return "", text
    first, newline, rest = text.partition("\n")
    return first + newline, rest


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _path(folder: Path, name: str) -> Path:
    path = folder / name
    files.require_inside(path, folder, _ELSEWHERE)
    return path


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with signals.raised():
            files.write(path, text)
    except OSError as error:
        raise MachineError(f"{error.filename}: {error.strerror}", _ELSEWHERE) from error


def _read(path: Path) -> str | None:
    """Return a file's text, or None if the file does not exist."""
    try:
        if path.exists() and not path.is_file():
            raise UsageError(f"{path} is not a regular file", f"remove it first: rm {path}")
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else None
    except OSError as error:
        raise MachineError(f"{error.filename}: {error.strerror}", _ELSEWHERE) from error
