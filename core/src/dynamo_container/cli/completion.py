# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`completion`: completion of commands, options and values in shells."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from dynamo_container.cli.app import PROGRAM, Session, app
from dynamo_container.cli.layout import examples
from dynamo_container.cli.types import flag
from dynamo_container.completion import shells
from dynamo_container.errors import MachineError
from dynamo_container.printing import print_line, print_text


@click.command(epilog=examples("completion bash --install", "completion zsh"))
@click.argument("shell", type=click.Choice(list(shells.SCRIPTS)))
@flag("--install", help="Write the script to where the shell looks for it.")
@click.pass_obj
def command(session: Session, shell: str, install: bool) -> int:
    """Print the script that completes commands, options and values in a shell.

    It completes frameworks, targets, stages, versions, images, containers, plugins and their
    options. To try it in bash without installing it: source <(dynamo-container completion bash)
    """
    if not install:
        print_text(shells.SCRIPTS[shell])
        return 0
    # Imported here: printing the script does not need it.
    from dynamo_container.host import files
    from dynamo_container.host.users import caller_home

    path = shells.file(shell, Path(caller_home()).expanduser())
    try:
        files.write_for_caller(path, shells.SCRIPTS[shell])
    except OSError as error:
        raise MachineError(
            f"{path} cannot be written: {error.strerror}",
            f"write it elsewhere: {PROGRAM} completion {shell} > FILE",
        ) from error
    print_line(path)
    session.note(shells.next_step(shell, path))
    return 0


def describe() -> dict[str, Any]:
    """Return what the command line accepts, and keep it for the next completion."""
    from dynamo_container.completion import grammar, store

    session = Session()
    document = grammar.describe(app, click.Context(app, info_name=PROGRAM), session.registry)
    store.save(document, grammar.files(sys.modules, session.registry))
    return document
