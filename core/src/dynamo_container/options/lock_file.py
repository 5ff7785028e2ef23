# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The lock of a project: its path, and whether it may be used."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from dynamo_container.errors import UsageError
from dynamo_container.host.paths import absolute, is_file
from dynamo_container.options.syntax import NONE

if TYPE_CHECKING:
    from dynamo_container.model.lock import Lock
    from dynamo_container.options.project import ProjectFile
    from dynamo_container.options.records import BuildOptions

FILE: Final = "dynamo-container.lock"


def place(options: BuildOptions, project: ProjectFile) -> Path:
    """Return the path of the lock: the one named, else beside the project file, else in the current
    folder.
    """
    if options.lock and options.lock != NONE:
        return absolute(options.lock)
    return (project.path.parent if project.path else absolute(".")) / FILE


def find(options: BuildOptions, project: ProjectFile, *, trusting: bool) -> Lock | None:
    """Return the lock that a build may use; None if there is none.

    Raises:
        UsageError: it is required and missing, is not valid, or somebody else could have written
            it.
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
    return read(path, trusting=trusting)


def read(path: Path, *, trusting: bool = True) -> Lock:
    """Read a lock; raises as `find` does."""
    # Imported here: most builds have no lock.
    from dynamo_container.locks import document
    from dynamo_container.trust import owners

    try:
        content, problem = owners.read(path)
    except OSError as error:
        raise UsageError(
            f"the lock {path} cannot be read: {error.strerror}", "build without it: --lock none"
        ) from error
    if problem and not trusting:
        raise UsageError(
            f"the lock {path} is not used: it {problem}",
            "read it, then, for one call: --trust; to build without it: --lock none",
        )
    return document.parse(str(path), content)
