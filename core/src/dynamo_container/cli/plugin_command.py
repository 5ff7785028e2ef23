# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Commands that take the selected plugins' own options besides their own."""

from __future__ import annotations

from collections.abc import Iterable, MutableMapping
from typing import Any, Final

import click
from click.core import ParameterSource

from dynamo_container.cli.app import Session
from dynamo_container.errors import ConflictError, UsageError
from dynamo_container.model.provenance import Contribution
from dynamo_container.model.values import Option
from dynamo_container.plugins.catalog import NO_PLUGIN
from dynamo_container.plugins.discovery import normalize
from dynamo_container.plugins.registry import Registry

_ORIGINS: Final = {
    ParameterSource.COMMANDLINE: "command line",
    ParameterSource.ENVIRONMENT: "environment",
    ParameterSource.DEFAULT_MAP: "project file",
}
_PLUGIN_OPTIONS: Final = "dynamo_container.plugin_options"
# Where commands have the names of frameworks.
_FRAMEWORK_PARAMETERS: Final = ("frameworks", "framework", "framework_argument")


class _Lines(click.types.StringParamType):
    """A text. From the environment, an option that can be repeated takes one a line: values may
    have spaces.
    """

    envvar_list_splitter = "\n"


LINES: Final = _Lines()


class PluginCommand(click.Command):
    """A command in two passes: which plugins matter, then the whole line with their options.

    The first pass reads the frameworks that are named, and passes over what it does not know; the
    second pass reads everything.
    """

    plugin_command: str = ""
    # Options that may be empty.
    may_be_empty: tuple[str, ...] = ()

    def __init__(self, *args: Any, **attributes: Any) -> None:  # click's own
        super().__init__(*args, **attributes)
        self.params.append(
            click.Option(
                [NO_PLUGIN],
                multiple=True,
                type=LINES,
                metavar="NAME",
                help="Leave out a plugin, by its name or its distribution's; repeatable.",
            )
        )

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        args = self.prepare(ctx, list(args))
        ctx.default_map = _as_lists(ctx.default_map, self.params)
        session = ctx.find_object(Session) or Session()
        everything = not ctx.resilient_parsing and any(
            word in ctx.help_option_names for word in args
        )
        named = self._named(ctx, session, args)
        said = _options(session, self.plugin_command, None if everything else named)
        options = _click_options(said, self.params, strict=not everything)
        ctx.meta[_PLUGIN_OPTIONS] = {option.name: one for one, option in options}
        own = self.params
        self.params = [*own, *(option for _, option in options)]
        try:
            _check_defaults(ctx, self, session.registry)
            rest = super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            session.registry.raise_option_errors(named)
            _refuse_foreign_option(session.registry, self.plugin_command, error.option_name)
            raise
        else:
            self._refuse_empty(ctx)
            return rest
        finally:
            self.params = own

    def _named(self, ctx: click.Context, session: Session, args: list[str]) -> tuple[str, ...]:
        """The installed frameworks that the line, the environment and the project file name; else
        the default one.
        """
        if ctx.resilient_parsing:
            return ()
        first = click.Command(self.name, params=self.params)
        settings = {
            "ignore_unknown_options": True,
            "allow_extra_args": True,
            "default_map": ctx.default_map,
        }
        with first.make_context(
            ctx.info_name, list(args), ctx.parent, resilient_parsing=True, **settings
        ) as found:
            session.leave_out(found.params.get("no_plugin") or ())
            words = _words(found.params.get(name) for name in _FRAMEWORK_PARAMETERS)
        named = tuple(name for name in session.registry.frameworks if name in words)
        return named or _default(session.registry)

    def _refuse_empty(self, ctx: click.Context) -> None:
        """An empty value is nearly always a variable that was not set: nothing is ignored."""
        for param in self.params:
            value = ctx.params.get(param.name or "")
            values = value if isinstance(value, tuple) else (value,)
            if "" in values and param.name not in self.may_be_empty and _origin(ctx, param):
                name = max(param.opts, key=len)
                raise UsageError(f"{name} is empty", "give it a value, or leave it out")

    def prepare(self, _ctx: click.Context, args: list[str]) -> list[str]:
        """What a command does with its words before they are parsed."""
        return args

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        super().format_options(ctx, formatter)
        session = ctx.find_object(Session) or Session()
        by_plugin: dict[str, list[tuple[str, str]]] = {}
        for said in _options(session, self.plugin_command, None):
            option = said.value
            flag = option.flag if option.type == "flag" else f"{option.flag} {option.metavar}"
            by_plugin.setdefault(said.source.name, []).append((flag, option.help))
        for plugin, rows in by_plugin.items():
            with formatter.section(f"Options of {plugin}"):
                formatter.write_dl(rows)


def _options(
    session: Session, command: str, named: tuple[str, ...] | None
) -> tuple[Contribution[Option], ...]:
    """The options of the overlays and of these frameworks; of all plugins where `named` is None.

    What cannot be loaded, or fails, has none: if it is needed, the error comes when it is used.
    """
    registry = session.registry
    if named is None:
        registry.load_all()
    else:
        registry.try_load(*named)
    return registry.options(command, named)


def _default(registry: Registry) -> tuple[str, ...]:
    try:
        return (registry.default_framework(),)
    except UsageError:
        return ()


def _words(values: Iterable[object]) -> set[str]:
    found: set[str] = set()
    for value in values:
        words = value if isinstance(value, (tuple, list)) else (value,)
        found |= {normalize(word) for word in words if isinstance(word, str)}
    return found


def _click_options(
    said: Iterable[Contribution[Option]], own: Iterable[click.Parameter], *, strict: bool
) -> list[tuple[Contribution[Option], click.Option]]:
    """The plugins' options as click's. One that is taken is an error, or left out if not `strict`:
    plugins that nobody selects may contradict each other.
    """
    taken = {
        name: "dynamo-container itself"
        for param in own
        for name in (*param.opts, *param.secondary_opts, param.name)
    }
    options = []
    for one in said:
        names = (one.value.flag, one.value.destination)
        rivals = [taken[name] for name in names if name in taken]
        if rivals and strict:
            raise ConflictError(
                f"the option {one.value.flag} of {one.source.with_location} is taken by {rivals[0]}",
                f"leave the plugin out: {NO_PLUGIN} {one.source.name}; or uninstall it",
            )
        if not rivals:
            taken |= dict.fromkeys(names, one.source.with_location)
            options.append((one, _click_option(one.value)))
    return options


def _click_option(option: Option) -> click.Option:
    return click.Option(
        [option.flag],
        is_flag=option.type == "flag",
        type=click.Choice(option.choices) if option.choices else None,
        metavar=None if option.type == "flag" else option.metavar,
        help=option.help,
        hidden=True,  # --help shows it under the plugin's name
    )


def _refuse_foreign_option(registry: Registry, command: str, flag: str) -> None:
    registry.load_all()
    for said in registry.options(command, None):
        if said.value.flag == flag:
            raise UsageError(
                f"{flag} is an option of the plugin {said.source.name!r}, which is not selected",
                f"leave it out, or add: {said.source.name}",
            )


def _as_lists(
    defaults: MutableMapping[str, Any] | None, params: Iterable[click.Parameter]
) -> dict[str, Any]:
    """The project file's options: one that can be repeated is a list, where it is given once, too.

    A number is the text that it was: `cuda-version = 12.9`.
    """
    several = {param.name for param in params if isinstance(param, click.Option) and param.multiple}
    return {
        name: [str(value)]
        if name in several and isinstance(value, (str, int, float)) and not isinstance(value, bool)
        else value
        for name, value in (defaults or {}).items()
    }


def _check_defaults(ctx: click.Context, command: PluginCommand, registry: Registry) -> None:
    """The project file may give only options that exist, and values that they can have."""
    given = dict(ctx.default_map or {})
    known = {param.name: param for param in command.params if isinstance(param, click.Option)}
    unknown = set(given) - set(known)
    if unknown:
        registry.load_all()
        unknown -= {
            said.value.destination for said in registry.options(command.plugin_command, None)
        }
    for name in sorted(unknown):
        raise UsageError(
            f"the project file gives {command.plugin_command!r} the option "
            f"{name.replace('_', '-')!r}, which it does not have",
            f"see: {ctx.command_path} --help",
        )
    for name, value in given.items():
        if name in known and not _fits(known[name], value):
            raise UsageError(
                f"the project file gives {command.plugin_command!r} a value for "
                f"{name.replace('_', '-')!r} that is not {_form(known[name])}",
                "mend the file",
            )


def _fits(option: click.Option, value: object) -> bool:
    if option.is_flag:
        return isinstance(value, bool)
    if option.flag_value and isinstance(value, bool):  # TRUE or FALSE, and may be left out
        return True
    if option.multiple and isinstance(value, list):
        return all(isinstance(one, str) for one in value)
    return isinstance(value, (str, int, float)) and not isinstance(value, bool)


def _form(option: click.Option) -> str:
    if option.is_flag:
        return "true or false"
    return "a text, or a list of texts" if option.multiple else "a text"


def plugin_options(ctx: click.Context, selected: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """The plugins' own options that were given, by destination.

    Raises:
        UsageError: one belongs to a framework that is not selected.
    """
    session = ctx.find_object(Session) or Session()
    frameworks = set(session.registry.frameworks)
    given = []
    said: dict[str, Contribution[Option]] = ctx.meta.get(_PLUGIN_OPTIONS, {})
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
        if origin := _origin(ctx, param):
            found.extend((flag, origin) for flag in param.opts)
    return tuple(sorted(found))


def _origin(ctx: click.Context, param: click.Parameter) -> str:
    """Where an option was given; empty where it was not."""
    source = ctx.get_parameter_source(param.name or "")
    return _ORIGINS.get(source, "") if source else ""
