# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The lock of a project: its path, and whether it may be used."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from dynamo_container.errors import UsageError
from dynamo_container.host.paths import absolute, is_file, writable_file
from dynamo_container.options.syntax import NONE

if TYPE_CHECKING:
    from dynamo_container.model.lock import Lock
    from dynamo_container.options.project import ProjectFile
    from dynamo_container.options.records import BuildOptions

FILE: Final = "dynamo-container.lock"
ELSEWHERE: Final = "name another file: --lock FILE"
# Where an option was set: the start of a description.
PROJECT_FILE: Final = "project file"


def place(options: BuildOptions, project: ProjectFile) -> Path:
    """Return the path of the lock: the one named, else beside the project file, else in the current
    folder.
    """
    if options.lock and options.lock != NONE:
        return absolute(options.lock)
    return (project.path.parent if project.path else absolute(".")) / FILE


def place_to_write(options: BuildOptions, project: ProjectFile) -> Path:
    """Return the path of the lock that is going to be written: resolving packages takes minutes.

    Raises:
        UsageError: it cannot be written; or it was not named, and a symbolic link leads out of its
            folder.
        MachineError: its place cannot be read.
    """
    # Imported here: builds only read a lock.
    from dynamo_container.host import files

    path = writable_file(str(place(options, project)), "--lock")
    if not options.lock:
        files.require_inside(path, path.parent, ELSEWHERE)
    return path


def find(options: BuildOptions, project: ProjectFile, *, trusting: bool) -> Lock | None:
    """Return the lock that a build may use; None if there is none.

    Raises:
        UsageError: it is required and missing, is not valid, or the caller does not trust it.
    """
    path = place(options, project)
    if options.lock == NONE:
        return None
    if not is_file(path):
        if options.lock or options.locked or options.frozen:
            raise UsageError(
                f"there is no lock {path}", "create it: dynamo-container lock, with these options"
            )
        return None
    return read(path, trusting=trusting, named=is_named(options))


def is_named(options: BuildOptions) -> bool:
    """Whether the caller asks for the lock, on the command line or by a variable."""
    origins = map(options.origin, ("--lock", "--locked", "--frozen"))
    return any(origin and not origin.startswith(PROJECT_FILE) for origin in origins)


def read(path: Path, *, trusting: bool = True, named: bool = True) -> Lock:
    """Read a lock.

    Args:
        path: of the file.
        trusting: whether any lock may be used.
        named: whether the caller asks for this lock.

    Raises:
        UsageError: as `find` does.
    """
    # Imported here: most builds have no lock.
    from dynamo_container.locks import document
    from dynamo_container.trust import owners

    try:
        content, problem = owners.read(path)
    except OSError as error:
        raise UsageError(
            f"the lock {path} cannot be read: {error.strerror}", "build without it: --lock none"
        ) from error
    if not trusting:
        _require_trust(path, content, problem, named=named)
    return document.parse(str(path), content)


def _require_trust(path: Path, content: bytes, problem: str, *, named: bool) -> None:
    """Refuse a lock that somebody else could have written, or that came with a folder.

    It can name any package of the index, so it is like a project file that reaches outside.
    """
    from dynamo_container.trust import store

    if (named and not problem) or store.is_trusted(path.resolve(), _digest(content)):
        return
    ways = "for one call: --trust; to build without it: --lock none"
    hint = f"read it, then: dynamo-container trust {path}; {ways}"
    if problem:
        raise UsageError(f"the lock {path} is not used: it {problem}", hint)
    changed = ", and has changed since you trusted it" if store.is_known(path.resolve()) else ""
    raise UsageError(
        f"the lock {path} is not trusted{changed}, but decides what images are made of", hint
    )


def trust(path: Path) -> None:
    """Trust a lock as it is now.

    Raises:
        OSError: it cannot be read.
        WorkFailedError: the state folder cannot be written.
    """
    from dynamo_container.trust import store

    store.trust(path.resolve(), _digest(path.read_bytes()))


def _digest(content: bytes) -> str:
    import hashlib

    return hashlib.sha256(content).hexdigest()
