# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`help`: the help of a command."""

from __future__ import annotations

import click

from dynamo_container.cli import layout
from dynamo_container.cli.layout import examples


@click.command(epilog=examples("help build", "help plugins list"))
@click.argument("command_names", nargs=-1, metavar="[COMMAND]...")
@click.pass_context
def command(ctx: click.Context, command_names: tuple[str, ...]) -> int:
    """Show the help of a command, or the list of commands."""
    root = ctx.find_root()
    arguments = [*command_names, "--help"]
    found: click.Command = root.command
    for word in command_names:
        found = _subcommand(root, found, word)
    root.command.main(arguments, prog_name=root.info_name, standalone_mode=False)
    return 0


def _subcommand(ctx: click.Context, group: click.Command, word: str) -> click.Command:
    """Return a command of a group.

    Raises:
        UsageError: there is no such command.
    """
    found = group.get_command(ctx, word) if isinstance(group, click.Group) else None
    if found is None:
        names = group.list_commands(ctx) if isinstance(group, click.Group) else []
        raise layout.no_such_command(word, names, str(ctx.info_name))
    return found
