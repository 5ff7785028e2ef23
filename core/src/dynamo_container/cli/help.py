# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`help`: the help of a command."""

from __future__ import annotations

import click

from dynamo_container.cli.layout import examples
from dynamo_container.errors import UsageError


def _complete(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    root = ctx.find_root()
    group = root.command
    names = group.list_commands(root) if isinstance(group, click.Group) else []
    return [name for name in names if name.startswith(incomplete)]


@click.command(epilog=examples("help build", "help plugins list"))
@click.argument("words", nargs=-1, metavar="[COMMAND]...", shell_complete=_complete)
@click.pass_context
def command(ctx: click.Context, words: tuple[str, ...]) -> int:
    """Show the help of a command, or the list of commands."""
    root = ctx.find_root()
    arguments = [*words, "--help"]
    found: click.Command = root.command
    for word in words:
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
        raise UsageError(f"{word!r} is not a command", f"see: {ctx.info_name} --help")
    return found
