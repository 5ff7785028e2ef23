# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The layout of help: options in groups, and the common ones by themselves."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, TypeAlias, TypeVar

import click

from dynamo_container.errors import UsageError
from dynamo_container.model.text import closest, quoted
from dynamo_container.printing import print_text

F = TypeVar("F", bound=Callable[..., Any])  # Any: click's decorators take every function
Decorator: TypeAlias = Callable[[Any], Any]
# Options by the title of their group.
Groups: TypeAlias = tuple[tuple[str, tuple[Decorator, ...]], ...]

# Lines are as long as the terminal is wide, up to this.
WIDTH: Final = 100
ALL_OPTIONS: Final = "--help-all"
# A space at which usage lines do not break.
JOINT: Final = "\N{NO-BREAK SPACE}"
_SHOW_ALL: Final = "dynamo_container.show_all"


def add_options(function: F, groups: Groups) -> F:
    """Add the options of all groups to a command, in this order."""
    for _, decorators in reversed(groups):
        for decorate in reversed(decorators):
            function = decorate(function)
    return function


def examples(*commands: str) -> str:
    """Return the end of a help page: examples, one per line.

    Args:
        commands: without the program's name.
    """
    lines = (f"  dynamo-container {command}" for command in commands)
    return "\n".join(("\b", "Examples:" if len(commands) > 1 else "Example:", *lines))


class Option(click.Option):
    """An option whose variable is named after its flag, whatever its parameter is called."""

    def resolve_envvar_value(self, ctx: click.Context) -> str | None:
        """Return the content of the variable, as click does; None if it is not set or empty."""
        value = click.Parameter.resolve_envvar_value(self, ctx)
        if value is None and self.allow_from_autoenv and ctx.auto_envvar_prefix:
            return os.environ.get(f"{ctx.auto_envvar_prefix}_{variable_word(self)}") or None
        return value


def variable_word(option: click.Parameter) -> str:
    """Return what the name of an option's variable ends with: `--all` is `ALL`."""
    words = [flag.lstrip("-").replace("-", "_") for flag in option.opts]
    name = option.name or ""
    return (name if name in words else max(words, key=len)).upper()


class Subcommands(click.Command):
    """A command that also has subcommands, whose names are not values of its first argument.

    Attributes:
        subcommands: by name, as a group.
    """

    subcommands: click.Group

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,  # click's own
    ) -> click.Context:
        """Return the context of the subcommand that the first word names, else of this command."""
        if args and (command := self.subcommands.commands.get(args[0])):
            if parent and parent.auto_envvar_prefix:
                # click would put the space of the command's name into the names of variables.
                words = f"{parent.auto_envvar_prefix}_{info_name}_{args[0]}".upper()
                extra.setdefault("auto_envvar_prefix", words)
            return command.make_context(f"{info_name} {args[0]}", args[1:], parent, **extra)
        return super().make_context(info_name, args, parent, **extra)


class Group(click.Group):
    """A group of commands whose help shows the first sentence of each, whole.

    Attributes:
        command_groups: the names of its commands by the title of their group.
    """

    command_groups: Mapping[str, Iterable[str]] = {}

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """Return the option `--help`, which prints as everything else is printed."""
        option = super().get_help_option(ctx)
        if option:
            option.callback = _show_help
        return option

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, whose help is printed as everything else is printed."""
        command = self.find_command(ctx, cmd_name)
        # click keeps this option with the command.
        if command and (option := command.get_help_option(ctx)):
            option.callback = _show_help
        return command

    def find_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command of the group; None if there is no such command."""
        return super().get_command(ctx, cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that the words name, as click does.

        Raises:
            UsageError: there is no such command.
        """
        if not ctx.resilient_parsing and self.get_command(ctx, args[0]) is None:
            raise no_such_command(args[0], self.list_commands(ctx), ctx.command_path)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands in groups."""
        for title, names in (self.command_groups or {"Commands": self.list_commands(ctx)}).items():
            commands = {name: self.get_command(ctx, name) for name in names}
            rows = [(name, _summary(one)) for name, one in commands.items() if one]
            with formatter.section(title):
                formatter.write_dl(rows)


def no_such_command(name: str, known: Iterable[str], path: str) -> UsageError:
    """Return the error for a command that does not exist.

    Args:
        name: what the user wrote.
        known: the commands that exist.
        path: the command that they belong to.
    """
    alike = closest(name, known)
    return UsageError(
        f"no such command: {quoted(name)}",
        f"{f'did you mean {alike!r}? ' if alike else ''}see: {path} --help",
    )


def _summary(command: click.Command) -> str:
    """Return the first paragraph of a command's help as one line, without its period."""
    paragraph = (command.help or "").partition("\n\n")[0]
    return " ".join(paragraph.split()).rstrip(".")


def help_all_option() -> click.Option:
    """Return the option that shows a command's help with all options."""
    return click.Option(
        [ALL_OPTIONS],
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_show_all,
        help="Show all options.",
    )


def _show_help(ctx: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    """Print the help of a command, in which texts of plugins are: click would print them raw."""
    if wanted and not ctx.resilient_parsing:
        print_text(f"{ctx.get_help()}\n".replace(JOINT, " "))
        ctx.exit()


def _show_all(ctx: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        ctx.meta[_SHOW_ALL] = True
        _show_help(ctx, _parameter, wanted)


def shows_all(ctx: click.Context) -> bool:
    """Whether help shows all options, and not only the common ones."""
    return _SHOW_ALL in ctx.meta


def grouped(
    params: Iterable[click.Parameter], groups: Groups
) -> Iterator[tuple[str, list[click.Parameter]]]:
    """Sort parameters into groups; those that are in none come last, as `Other`."""
    rest = list(params)
    for title, decorators in groups:
        names = _names(decorators)
        yield title, [param for param in rest if param.name in names]
        rest = [param for param in rest if param.name not in names]
    yield "Other", rest


def common(
    sections: Iterable[tuple[str, list[click.Parameter]]], names: frozenset[str]
) -> tuple[str, list[click.Parameter]]:
    """Return one section with the options of these names, and all that are in no group."""
    *groups, (_, rest) = sections
    shown = [param for _, members in groups for param in members if param.name in names]
    return "Options", [*shown, *rest]


def _names(decorators: Iterable[Decorator]) -> set[str]:
    """Return the names of the parameters that decorators add."""

    def function() -> None: ...

    for decorate in decorators:
        function = decorate(function)
    return {param.name for param in getattr(function, "__click_params__", ())}


def write(
    formatter: click.HelpFormatter,
    ctx: click.Context,
    title: str,
    params: Iterable[click.Parameter],
) -> None:
    """Write a group of options; nothing if none of them is shown in help."""
    options = (param for param in params if isinstance(param, click.Option))
    rows = [row for option in options if (row := option.get_help_record(ctx))]
    if rows:
        with formatter.section(title):
            formatter.write_dl(rows)
