# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`new-plugin`: a project of somebody's own plugin.

The template is a project itself, under `templates/plugin`, of a plugin that is called
`example-plugin`: making one is copying it with another name.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click

from dynamo_container.cli.app import PROGRAM
from dynamo_container.errors import MachineError, UsageError
from dynamo_container.plugins.discovery import known_frameworks, normalize

TEMPLATE: Final = Path(__file__).parents[1] / "templates" / "plugin"
EXAMPLE: Final = "example-plugin"
# Names of files that a tool would act upon in the template itself.
_DOT: Final = "dot-"
# What tools that were run in the template leave in it.
_LEFT_BEHIND: Final = re.compile(r"(?:^|/)(?:\.|__pycache__)")
_LICENSE: Final = "# SPDX-License-Identifier: Apache-2.0\n"
_NAME: Final = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_LONGEST: Final = 40


@click.command(
    epilog="Example: dynamo-container new-plugin acme && "
    "pip install './dynamo-container-acme[test]'"
)
@click.argument("name")
@click.option(
    "--output",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="The folder in which the project's own is made (default: the current one).",
)
def command(name: str, output: Path) -> int:
    """Make the project of a plugin for the framework NAME, ready to install, to test and to build:
    a folder dynamo-container-NAME.
    """
    name = _checked(name)
    folder = output / f"dynamo-container-{name}"
    try:
        _make(name, folder)
    except OSError as error:
        raise MachineError(
            f"{error.filename or folder} cannot be made: {error.strerror}",
            "choose another folder: --output DIR",
        ) from error
    click.echo(folder)
    click.echo(_next_steps(name, folder), err=True)
    return 0


def _checked(name: str) -> str:
    """The name as plugins are called: `My_Engine` is `my-engine`."""
    normal = normalize(name)
    if not _NAME.fullmatch(normal) or len(normal) > _LONGEST:
        raise UsageError(
            f"{name!r} cannot be the name of a plugin",
            f"letters, digits and '-', a letter first, {_LONGEST} at most; for example: acme",
        )
    if normal in (*known_frameworks(), EXAMPLE):
        raise UsageError(
            f"{normal!r} is the name of a plugin that there is already", "choose another name"
        )
    return normal


def _make(name: str, folder: Path) -> None:
    """The project, whole or not at all."""
    if folder.exists() or folder.is_symlink():
        raise UsageError(
            f"{folder} is there already, and nothing is written over",
            "choose another name, or another folder: --output DIR",
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as part:
        made = Path(part) / folder.name
        for place, text in _files(name):
            (made / place).parent.mkdir(parents=True, exist_ok=True)
            (made / place).write_text(text, encoding="utf-8")
        made.rename(folder)


def _files(name: str) -> Iterator[tuple[str, str]]:
    """The files of the project: the path in it, and the text."""
    for path in sorted(TEMPLATE.rglob("*")):
        place = path.relative_to(TEMPLATE).as_posix()
        if path.is_file() and not _LEFT_BEHIND.search(place):
            # Under which license the project is, is its author's to say.
            text = path.read_text(encoding="utf-8").replace(f"{_LICENSE}#\n", "", 1)
            yield (
                _renamed(place.replace(_DOT, "."), name),
                _renamed(text.replace(_LICENSE, "", 1), name),
            )


def _renamed(text: str, name: str) -> str:
    """With the name in place of the example's, also as Python writes it."""
    return text.replace(EXAMPLE, name).replace(EXAMPLE.replace("-", "_"), name.replace("-", "_"))


def _next_steps(name: str, folder: Path) -> str:
    import shlex

    place = str(folder) if folder.is_absolute() else f"./{folder.as_posix()}"
    return (
        "Next:\n"
        f"  pip install --editable {shlex.quote(place + '[test]')}\n"
        f"  pytest {shlex.quote(place)}\n"
        f"  {PROGRAM} build {name}\n"
        f"  {PROGRAM} run {name} --detach --wait --port 8000:8000"
    )
