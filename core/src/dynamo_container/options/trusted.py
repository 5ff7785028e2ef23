# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Whether the options of a project file may be used."""

from __future__ import annotations

from collections.abc import Iterable

from dynamo_container.errors import UsageError
from dynamo_container.options.project import ProjectFile
from dynamo_container.options.reach import requires_trust
from dynamo_container.trust import store


def require_trust(project: ProjectFile, command: str, options: Iterable[str]) -> None:
    """Refuse a project file that is not the caller's own, or whose options reach outside, unless
    the caller has trusted it as it is.

    Args:
        project: the file.
        command: whose options are used.
        options: those that require trust, by name.

    Raises:
        UsageError: the caller has not trusted it.
    """
    keys = sorted(f"{command}.{name.replace('_', '-')}" for name in options)
    if project.path is None or not (project.problem or keys):
        return
    if store.is_trusted(project.path, project.digest):
        return
    hint = (
        f"read it, then: dynamo-container trust {project.path}; for one call: --trust; "
        "to ignore it: --no-project-file"
    )
    if project.problem:
        raise UsageError(f"the project file {project.path} is not used: it {project.problem}", hint)
    changed = ", and has changed since you trusted it" if store.is_known(project.path) else ""
    raise UsageError(
        f"the project file {project.path} is not trusted{changed}, but sets options that reach "
        f"outside: {', '.join(keys)}",
        hint,
    )


def reaching(project: ProjectFile) -> tuple[str, ...]:
    """Return all keys of a project file that require trust, such as `run.volume`. The options of a
    framework's table are counted if they are not the core's.
    """
    return tuple(
        key
        for command, options in project.tables
        for name, value in options
        for key in _keys(command, name, value)
    )


def _keys(command: str, name: str, value: object) -> Iterable[str]:
    if isinstance(value, dict):
        for option in value:
            if requires_trust(command, option.replace("-", "_")):
                yield f"{command}.{name}.{option}"
    elif requires_trust(command, name):
        yield f"{command}.{name.replace('_', '-')}"
