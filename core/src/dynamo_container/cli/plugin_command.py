# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Commands that take the selected plugins' own options besides their own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import click
from click.core import ParameterSource

from dynamo_container.cli.app import Session
from dynamo_container.errors import ConflictError, UsageError
from dynamo_container.provenance import Said
from dynamo_container.registry import Registry, normalize
from dynamo_container.values import Option

_ORIGINS: Final = {
    ParameterSource.COMMANDLINE: "command line",
    ParameterSource.ENVIRONMENT: "environment",
    ParameterSource.DEFAULT_MAP: "project file",
}
_PLUGIN_OPTIONS: Final = "dynamo_container.plugin_options"


class PluginCommand(click.Command):
    """A command in two passes: which plugins matter, then the whole line with their options.

    The first pass looks only for words that are names of installed frameworks. A word that merely
    looks like one costs an import; an option of a plugin that the second pass then does not select
    is an error.
    """

    plugin_command: str = ""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        args = self.prepare(ctx, list(args))
        session = ctx.find_object(Session) or Session()
        everything = not ctx.resilient_parsing and any(
            word in ctx.help_option_names for word in args
        )
        said = _options(session, self.plugin_command, None if everything else args, ctx)
        options = _click_options(said, self.params)
        ctx.meta[_PLUGIN_OPTIONS] = {
            option.name: one for option, one in zip(options, said, strict=True)
        }
        own = self.params
        self.params = [*own, *options]
        _refuse_unknown_defaults(ctx, self, session.registry)
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            _refuse_foreign_option(session.registry, self.plugin_command, error.option_name)
            raise
        finally:
            self.params = own

    def prepare(self, _ctx: click.Context, args: list[str]) -> list[str]:
        """What a command does with its words before they are parsed."""
        return args

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        super().format_options(ctx, formatter)
        session = ctx.find_object(Session) or Session()
        by_plugin: dict[str, list[tuple[str, str]]] = {}
        for said in _options(session, self.plugin_command, None, ctx):
            option = said.value
            flag = option.flag if option.is_flag else f"{option.flag} {option.metavar}"
            by_plugin.setdefault(said.source.name, []).append((flag, option.help))
        for plugin, rows in by_plugin.items():
            with formatter.section(f"Options of {plugin}"):
                formatter.write_dl(rows)


def _options(
    session: Session, command: str, args: list[str] | None, ctx: click.Context
) -> tuple[Said[Option], ...]:
    """The options of the plugins whose names are among the words; of all where `args` is None."""
    registry = session.registry
    if args is None:
        registry.load_all()
        return registry.say("options", Option, None, command=command)
    if ctx.resilient_parsing:
        return ()
    words = {normalize(part) for word in args for part in word.split("=", 1)}
    named = [name for name in registry.frameworks if name in words]
    if not named and len(registry.frameworks) > 0:
        named = [_default(registry)] if _default(registry) else []
    session.load(*named)
    return registry.say("options", Option, None, command=command)


def _default(registry: Registry) -> str:
    try:
        return registry.default_framework()
    except UsageError:
        return ""


def _click_options(
    said: Iterable[Said[Option]], own: Iterable[click.Parameter]
) -> list[click.Option]:
    taken = {
        name: "dynamo-container itself"
        for param in own
        for name in (*param.opts, *param.secondary_opts, param.name)
    }
    options = []
    for one in said:
        for name in (one.value.flag, one.value.destination):
            if name in taken:
                raise ConflictError(
                    f"the option {one.value.flag} of {one.source.where} is taken by {taken[name]}",
                    "uninstall one of the plugins",
                )
        taken |= dict.fromkeys((one.value.flag, one.value.destination), one.source.where)
        options.append(
            click.Option(
                [one.value.flag],
                is_flag=one.value.is_flag,
                type=click.Choice(one.value.choices) if one.value.choices else None,
                metavar=None if one.value.is_flag else one.value.metavar,
                help=one.value.help,
                hidden=True,  # --help shows it under the plugin's name
            )
        )
    return options


def _refuse_foreign_option(registry: Registry, command: str, flag: str) -> None:
    registry.load_all()
    for said in registry.say("options", Option, None, command=command):
        if said.value.flag == flag:
            raise UsageError(
                f"{flag} is an option of the plugin {said.source.name!r}, which is not selected",
                f"leave it out, or add: {said.source.name}",
            )


def _refuse_unknown_defaults(
    ctx: click.Context, command: PluginCommand, registry: Registry
) -> None:
    """The project file may give only options that exist: nothing is ignored."""
    unknown = set(ctx.default_map or {}) - {param.name for param in command.params}
    if not unknown:
        return
    registry.load_all()
    unknown -= {
        said.value.destination
        for said in registry.say("options", Option, None, command=command.plugin_command)
    }
    for name in sorted(unknown):
        raise UsageError(
            f"the project file gives {command.plugin_command!r} the option "
            f"{name.replace('_', '-')!r}, which it does not have",
            f"see: {ctx.command_path} --help",
        )


def plugin_options(ctx: click.Context, selected: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """The plugins' own options that were given, by destination.

    Raises:
        UsageError: one belongs to a framework that is not selected.
    """
    session = ctx.find_object(Session) or Session()
    frameworks = set(session.registry.frameworks)
    given = []
    said: dict[str, Said[Option]] = ctx.meta.get(_PLUGIN_OPTIONS, {})
    for name, one in said.items():
        value = ctx.params.get(name)
        if value in (None, False):
            continue
        if one.source.name in frameworks and one.source.name not in selected:
            raise UsageError(
                f"{one.value.flag} is an option of the plugin {one.source.name!r}, "
                "which is not selected",
                "leave it out",
            )
        given.append((name, "true" if value is True else str(value)))
    return tuple(sorted(given))


def origins(ctx: click.Context) -> tuple[tuple[str, str], ...]:
    """Which option was given where: `(("--base-image", "environment"), ...)`."""
    found: list[tuple[str, str]] = []
    for param in ctx.command.params:
        origin = _ORIGINS.get(ctx.get_parameter_source(param.name or "") or ParameterSource.DEFAULT)
        if origin:
            found.extend((flag, origin) for flag in param.opts)
    return tuple(sorted(found))
