# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The project file: `dynamo-container.toml`, or `[tool.dynamo-container]` in a `pyproject.toml`,
found upwards.

Its tables are commands, its keys their options: `[build]`, then `base-image = "debian:trixie-
slim"`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, TypeAlias

from dynamo_container.errors import UsageError

FILE: Final = "dynamo-container.toml"
TABLE: Final = "dynamo-container"
COMMANDS: Final = ("build", "run")
# The project whose folder is a Dynamo checkout.
CHECKOUT: Final = "ai-dynamo"

Value: TypeAlias = "str | bool | int | float | list[Value] | dict[str, Value]"


def defaults(start: Path | None = None) -> dict[str, dict[str, Value]]:
    """The options that the nearest project file gives, by command and parameter; empty where there
    is none.

    Args:
        start: the folder to start at; the current one where None.

    Raises:
        UsageError: the file cannot be read, or has a table that is no command.
    """
    try:
        folder = (start or Path.cwd()).resolve()
    except FileNotFoundError:
        return {}  # the current folder was deleted
    for parent in (folder, *folder.parents):
        for path in (parent / FILE, parent / "pyproject.toml"):
            table = _table(path) if os.path.isfile(path) else None  # noqa: PTH113  # never raises
            if table is not None:
                return {
                    command: _options(path, command, options) for command, options in table.items()
                }
    return {}


def _table(path: Path) -> dict[str, Value] | None:
    """The file's table for us; None where it has none."""
    document = _parse(path)
    if document is None or path.name == FILE:
        return document
    tools = document.get("tool")
    table = tools.get(TABLE) if isinstance(tools, dict) else None
    if table is not None and not isinstance(table, dict):
        raise UsageError(f"{path}: tool.{TABLE} is no table", "mend the file")
    return table


def _parse(path: Path) -> dict[str, Value] | None:
    """The document; None for a `pyproject.toml` that cannot be read or is about neither of us."""
    # Imported here: only where there is a project file does a command pay for it.
    from dynamo_container.model.toml import read_toml

    ours = path.name == FILE
    try:
        if not ours and not any(one.encode() in path.read_bytes() for one in (TABLE, CHECKOUT)):
            return None
        return read_toml(path)
    except OSError as error:
        if not ours:
            return None
        raise UsageError(f"{path} cannot be read: {error.strerror}", "mend the file") from error
    except ValueError as error:
        raise UsageError(f"{path} is no valid TOML: {error}", "mend the file") from error


def _options(path: Path, command: str, options: Value) -> dict[str, Value]:
    if command not in COMMANDS or not isinstance(options, dict):
        raise UsageError(
            f"{path}: {command!r} is no table of options", f"it may have: {', '.join(COMMANDS)}"
        )
    return {name.replace("-", "_"): value for name, value in options.items()}
