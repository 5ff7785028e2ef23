# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The project file: `dynamo-container.toml`, or `[tool.dynamo-container]` in a `pyproject.toml`, in
the current folder or the nearest one above it.

Its tables are commands, their keys the options: `[build]`, then `base-image = "debian:12"`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from dynamo_container.errors import UsageError
from dynamo_container.host.paths import is_file
from dynamo_container.host.users import caller_home
from dynamo_container.trust import owners
from dynamo_container.trust.owners import is_closed

FILE: Final = "dynamo-container.toml"
TABLE: Final = "dynamo-container"
COMMANDS: Final = ("build", "run", "serve")
# What a key may have: true or false; a string or number; either; or one or several strings.
Form: TypeAlias = Literal["flag", "text", "switch", "list"]

Value: TypeAlias = "str | bool | int | float | list[Value] | dict[str, Value]"


class ProjectFile(NamedTuple):
    """A project file.

    Attributes:
        path: of the file; None if there is none.
        tables: the options of each command, by the option's name with underscores.
        problem: why it is not the caller's own, as a clause; empty if it is.
    """

    path: Path | None = None
    tables: tuple[tuple[str, tuple[tuple[str, Value], ...]], ...] = ()
    problem: str = ""

    def defaults(self) -> dict[str, dict[str, Value]]:
        """Return the options as click takes defaults, by command."""
        return {command: dict(options) for command, options in self.tables}

    @property
    def digest(self) -> str:
        """SHA-256 of what it sets. The rest of a `pyproject.toml` does not matter."""
        import hashlib
        import json

        text = json.dumps(self.defaults(), sort_keys=True, default=str)
        return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()


def find(start: Path | None = None) -> ProjectFile:
    """Find and read the nearest project file: in the current folder, and above it up to the
    repository's root or the home folder, as long as only the caller can write to the folders.

    Args:
        start: the folder to start at; None for the current one.

    Raises:
        UsageError: the file cannot be read, or has a table that is not a command.
    """
    try:
        folder = (start or Path.cwd()).resolve()
    except FileNotFoundError:
        return ProjectFile()  # the current folder was deleted
    for parent in _folders(folder):
        for name in (FILE, "pyproject.toml"):
            if project := read(parent / name):
                return project
    return ProjectFile()


def _folders(start: Path) -> Iterator[Path]:
    """The folders in which a project file is looked for."""
    homes = {os.path.realpath(os.path.expanduser(home)) for home in ("~", caller_home())}  # noqa: PTH111
    folder = start
    yield folder
    while not (str(folder) in homes or os.path.lexists(folder / ".git")):
        if folder == folder.parent or not is_closed(folder.parent):
            return
        folder = folder.parent
        yield folder


def read(path: Path) -> ProjectFile | None:
    """Read a project file.

    Args:
        path: of a `dynamo-container.toml` or a `pyproject.toml`.

    Returns:
        The file; None if there is none, or it is a `pyproject.toml` without our table.

    Raises:
        UsageError: see `find`.
    """
    if not is_file(path):
        return None
    ours = path.name != "pyproject.toml"
    try:
        content, problem = owners.read(path)
    except OSError as error:
        if not ours:
            return None
        raise UsageError(f"{path} cannot be read: {error.strerror}", "fix the file") from error
    if not ours and TABLE.encode() not in content:
        return None
    table = _table(path, content, ours=ours)
    if table is None:
        return None
    tables = tuple(_command(path, *one) for one in table.items())
    return ProjectFile(path=path, tables=tables, problem=problem)


def _table(path: Path, content: bytes, *, ours: bool) -> dict[str, Value] | None:
    """Our table of a file; None if it has none."""
    # Imported here: only a command in a project pays for it.
    from dynamo_container.model.toml import parse_toml

    try:
        document = parse_toml(content)
    except ValueError as error:
        raise UsageError(f"{path} is not valid TOML: {error}", "fix the file") from error
    if ours:
        return document
    tools = document.get("tool")
    table = tools.get(TABLE) if isinstance(tools, dict) else None
    if table is not None and not isinstance(table, dict):
        raise UsageError(f"{path}: tool.{TABLE} is not a table", "fix the file")
    return table


def _command(path: Path, command: str, options: Value) -> tuple[str, tuple[tuple[str, Value], ...]]:
    if command not in COMMANDS or not isinstance(options, dict):
        raise UsageError(
            f"{path}: {command!r} is not a table of options", f"it can have: {', '.join(COMMANDS)}"
        )
    return command, tuple((name.replace("-", "_"), value) for name, value in options.items())


def convert(command: str, options: dict[str, Value], forms: dict[str, Form]) -> dict[str, Any]:
    """Check the options of a command's table, and convert them to what its options take.

    Args:
        command: the command's name, for messages.
        options: by the option's name with underscores.
        forms: what each option takes.

    Returns:
        texts for numbers, and lists for options that can be repeated.

    Raises:
        UsageError: a value does not have the form that its option takes.
    """
    if not options:
        return {}
    # Imported here: only a command in a project pays for it.
    import msgspec

    converted: dict[str, Any] = {}
    for name, value in options.items():
        form = forms.get(name)
        if form is None:
            continue
        try:
            checked = msgspec.convert(value, _TYPES[form])
        except msgspec.ValidationError as error:
            raise UsageError(
                f"the project file's value for {name.replace('_', '-')!r} of {command!r} is not "
                f"{_DESCRIPTIONS[form]}",
                f"fix the file: {value!r}",
            ) from error
        converted[name] = _normal(checked, form)
    return converted


_TYPES: Final[dict[Form, Any]] = {
    "flag": bool,
    "text": str | int | float,
    "switch": bool | str,
    "list": list[str] | str | int | float,
}
_DESCRIPTIONS: Final[dict[Form, str]] = {
    "flag": "true or false",
    "text": "a string",
    "switch": "a string, or true or false",
    "list": "a string, or a list of strings",
}


def _normal(value: Any, form: Form) -> Any:
    """A number is the text that it was (`cuda-version = 12.9`)."""
    if form == "list":
        return value if isinstance(value, list) else [str(value)]
    if form == "switch" and isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return value if isinstance(value, bool) else str(value)


def schema(forms: dict[str, dict[str, tuple[Form, str]]]) -> dict[str, Any]:
    """Return the JSON Schema of the project file.

    Args:
        forms: for each command, what each option takes and its help, by the option's name.
    """
    shapes: dict[Form, dict[str, Any]] = {
        "flag": {"type": "boolean"},
        "text": {"type": ["string", "number"]},
        "switch": {"type": ["boolean", "string"]},
        "list": {
            "anyOf": [
                {"type": ["string", "number"]},
                {"type": "array", "items": {"type": "string"}},
            ]
        },
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The project file of dynamo-container",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            command: {
                "type": "object",
                "description": f"Options of dynamo-container {command}; those of plugins besides.",
                "properties": {
                    name.replace("_", "-"): {**shapes[form], "description": text}
                    for name, (form, text) in options.items()
                },
            }
            for command, options in forms.items()
        },
    }
