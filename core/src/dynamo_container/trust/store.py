# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The project files that the caller trusts, each with the hash of what it sets: in the user's own
state folder, one small file for each.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from dynamo_container.errors import WorkFailedError
from dynamo_container.host.users import caller_home, caller_uids, sudo_caller

_FOLDER: Final = Path("dynamo-container") / "trust"


def is_trusted(path: Path, digest: str) -> bool:
    """Whether the caller has trusted a file with this content."""
    return _read(_record(path)) == (digest, str(path))


def is_known(path: Path) -> bool:
    """Whether the caller has trusted a file, possibly with another content."""
    return _read(_record(path)) is not None


def trust(path: Path, digest: str) -> None:
    """Trust a file as it is now.

    Args:
        path: absolute, without symbolic links.
        digest: the hash of what it sets.

    Raises:
        WorkFailedError: the state folder cannot be written.
    """
    record = _record(path)
    try:
        _create_folder(record.parent)
        temporary = record.with_suffix(f".{os.getpid()}")
        temporary.write_text(f"{digest}\n{path}\n", encoding="utf-8", errors="surrogateescape")
        temporary.chmod(0o600)
        _give_to_caller(temporary)
        temporary.replace(record)
    except OSError as error:
        raise _not_written(record.parent, error) from error


def _not_written(folder: Path, error: OSError) -> WorkFailedError:
    return WorkFailedError(
        f"{folder} cannot be written: {error.strerror}", "name a folder of yours: XDG_STATE_HOME"
    )


def revoke(path: Path) -> bool:
    """Trust a file no longer; return whether it was trusted.

    Raises:
        WorkFailedError: the state folder cannot be written.
    """
    record = _record(path)
    trusted = _read(record) is not None
    try:
        record.unlink(missing_ok=True)
    except OSError as error:
        raise _not_written(record.parent, error) from error
    return trusted


def trusted() -> tuple[Path, ...]:
    """Return the files that the caller trusts, sorted."""
    return tuple(sorted(Path(found[1]) for found in _records()))


def _records() -> Iterator[tuple[str, str]]:
    folder = _state_home() / _FOLDER
    for record in folder.iterdir() if folder.is_dir() else ():
        if found := _read(record):
            yield found


def _record(path: Path) -> Path:
    import hashlib

    name = hashlib.sha256(os.fsencode(path)).hexdigest()
    return _state_home() / _FOLDER / name


def _read(record: Path) -> tuple[str, str] | None:
    """The digest and the path of a record; None if there is none, or it is not the caller's own."""
    try:
        if record.stat().st_uid not in caller_uids():
            return None
        lines = record.read_text(encoding="utf-8", errors="surrogateescape").split("\n", 1)
    except (OSError, ValueError):
        return None
    return (lines[0], lines[1].removesuffix("\n")) if len(lines) > 1 else None


def _state_home() -> Path:
    """The folder of the user's state; behind sudo, that of the user who called it."""
    named = os.environ.get("XDG_STATE_HOME", "")
    return (
        Path(named) if named.startswith("/") else Path(caller_home()).expanduser() / ".local/state"
    )


def _create_folder(folder: Path) -> None:
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    for one in reversed(missing):
        one.mkdir(mode=0o700, exist_ok=True)
        _give_to_caller(one)


def _give_to_caller(path: Path) -> None:
    """Behind sudo, what is created in the user's home belongs to the user."""
    if caller := sudo_caller():
        os.chown(path, *caller)
