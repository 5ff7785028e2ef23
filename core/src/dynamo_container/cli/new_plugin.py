# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`new-plugin`: create the project of a new plugin."""

from __future__ import annotations

import shutil
from pathlib import Path

import click

from dynamo_container.cli.app import PROGRAM
from dynamo_container.cli.layout import examples
from dynamo_container.docker import signals
from dynamo_container.docker.command import shell_word
from dynamo_container.errors import MachineError, OutputError
from dynamo_container.printing import print_line, print_text
from dynamo_container.templates.project import create, validated_name


@click.command(epilog=examples("new-plugin acme && pip install './dynamo-container-acme[test]'"))
@click.argument("name")
@click.option(
    "--output",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="Folder in which to create the project's folder (default: the current one).",
)
def command(name: str, output: Path) -> int:
    """Create the project of a new plugin.

    The plugin is for the framework NAME. Its project, in the folder dynamo-container-NAME, can be
    installed, tested and built as it is.
    """
    name = validated_name(name)
    folder = output / f"dynamo-container-{name}"
    try:
        with signals.raised():
            create(name, folder)
    except OSError as error:
        raise MachineError(
            f"{error.filename or folder} cannot be created: {error.strerror}",
            "name another folder: --output DIR",
        ) from error
    try:
        print_line(folder)
    except OutputError:
        shutil.rmtree(folder)  # so that the command can be repeated
        raise
    print_text(f"{_next_steps(name, folder)}\n", err=True)
    return 0


def _next_steps(name: str, folder: Path) -> str:
    path = str(folder) if folder.is_absolute() else f"./{folder.as_posix()}"
    return (
        "Next:\n"
        f"  pip install --editable {shell_word(path + '[test]')}\n"
        f"  pytest {shell_word(path)}\n"
        f"  {PROGRAM} build {name}\n"
        f"  {PROGRAM} run {name} --detach --wait --port 8000:8000"
    )
