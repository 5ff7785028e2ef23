# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Commands that take the selected plugins' own options in addition to their own."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeVar

import click
from click.core import ParameterSource

from dynamo_container.cli import layout, project_options
from dynamo_container.cli.app import COMMANDS, ENVIRONMENT, PROGRAM, Session
from dynamo_container.cli.project_options import TRUST, forms
from dynamo_container.cli.types import PATH, TEXT
from dynamo_container.errors import ConflictError, UsageError
from dynamo_container.model.provenance import Contribution
from dynamo_container.model.values import Option
from dynamo_container.options import project
from dynamo_container.options.plugin_options import option_values
from dynamo_container.options.records import Options
from dynamo_container.options.rules import not_of_command
from dynamo_container.plugins.catalog import NO_PLUGIN
from dynamo_container.plugins.discovery import normalize
from dynamo_container.plugins.registry import Registry

R = TypeVar("R", bound=Options)

_ORIGINS: Final = {
    ParameterSource.COMMANDLINE: "command line",
    ParameterSource.ENVIRONMENT: "environment",
    ParameterSource.DEFAULT_MAP: "project file",
}
_PLUGIN_OPTIONS: Final = "dynamo_container.plugin_options"
_NAMED: Final = "dynamo_container.named"
_WORDS: Final = "dynamo_container.framework_words"
_PLUGIN_PARAMS: Final = "dynamo_container.plugin_params"


class PluginCommand(click.Command):
    """A command that is parsed in two passes: first to find the frameworks that are named, ignoring
    unknown options; then completely, with the options of those frameworks' plugins.

    Attributes:
        plugin_command: the command whose options, variables and project table these are.
        own_variables: the command whose variables these are, if they are its own.
        takes_key: whether an argument that is not a framework can be something else.
        groups: its options, as `--help-all` shows them.
        common: the names of those that `--help` shows.
        refused: the names of those that cannot be given here.
        unlisted: the names of others that help leaves out, because they have no effect here.
    """

    plugin_command: str = ""
    own_variables: str = ""
    takes_key: bool = False
    groups: layout.Groups = ()
    common: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()
    unlisted: frozenset[str] = frozenset()

    def __init__(self, *args: Any, **attributes: Any) -> None:  # click's own
        super().__init__(*args, **attributes)
        for param in self.params:
            if isinstance(param, click.Option):
                param.hidden = param.name in self.unlisted | self.refused
        self._help_all = layout.help_all_option()
        self.params.append(
            click.Option(
                [NO_PLUGIN],
                multiple=True,
                type=TEXT,
                metavar="NAME",
                help="Ignore a plugin, by its name or its distribution's; repeatable.",
            )
        )
        self.params.append(
            click.Option([TRUST], is_flag=True, help="Trust the project file for this call.")
        )

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,  # click's own
    ) -> click.Context:
        """Read variables and the project file under the command's own names."""
        session = parent.find_object(Session) if parent else None
        tables = session.project.defaults() if session else {}
        extra.setdefault("auto_envvar_prefix", self.variable_prefix)
        extra.setdefault("default_map", self.defaults(tables))
        return super().make_context(info_name, args, parent, **extra)

    @property
    def variable_prefix(self) -> str:
        """What the names of the variables begin with that set options."""
        return f"{ENVIRONMENT}_{(self.own_variables or self.plugin_command).upper()}"

    def defaults(self, tables: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        """Return the options that the project file sets for this command."""
        return dict(tables.get(self.plugin_command, {}))

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        args = self.prepare(ctx, list(args))
        session = ctx.find_object(Session) or Session()
        given = dict(ctx.default_map or {})
        ctx.default_map = project.convert(self.plugin_command, given, forms(self.params))
        named = ctx.meta[_NAMED] = self._named(ctx, session, args)
        options = _plugin_options(session.registry, self.plugin_command, named)
        click_options = _click_options(options, self.params, strict=not _wants_help(ctx, args))
        ctx.meta[_PLUGIN_OPTIONS] = {option.name: one for one, option in click_options}
        ctx.meta[_PLUGIN_PARAMS] = [option for _, option in click_options]
        own = self.params
        self.params = [*own, *(option for _, option in click_options)]
        try:
            ctx.default_map = self._project_options(given, session.registry, named)
            rest = super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            session.registry.raise_option_errors(named)
            # The option may belong to a framework that is not installed: that comes first.
            for name in _arguments(() if self.takes_key else ctx.meta[_WORDS]):
                session.registry.framework(name)
            raise _unknown_option(ctx, error, session.registry) from error
        else:
            project_options.use(ctx, session, self.plugin_command, ctx.meta[_PLUGIN_OPTIONS])
            _warn_of_unknown_variables(ctx, session)
            return rest
        finally:
            self.params = own

    def prepare(self, _ctx: click.Context, args: list[str]) -> list[str]:
        """Change the words before they are parsed."""
        return args

    def _named(self, ctx: click.Context, session: Session, args: list[str]) -> tuple[str, ...]:
        """The installed frameworks that the words, the environment and the project file name; else
        the default one, if help is not what is asked for.
        """
        first = click.Command(self.name, params=[one for one in self.params if not one.is_eager])
        settings: dict[str, Any] = {
            "ignore_unknown_options": True,
            "allow_extra_args": True,
            "default_map": ctx.default_map,
            "auto_envvar_prefix": ctx.auto_envvar_prefix,
            "help_option_names": [],
        }
        with first.make_context(
            ctx.info_name, list(args), ctx.parent, resilient_parsing=True, **settings
        ) as found:
            session.exclude(found.params.get("no_plugin") or ())
            ctx.meta[_WORDS] = framework_names(found)
            names = {normalize(name) for name in ctx.meta[_WORDS]}
        named = tuple(name for name in session.registry.frameworks if name in names)
        return named if named or _wants_help(ctx, args) else _default(session.registry)

    def _project_options(
        self, given: dict[str, Any], registry: Registry, named: tuple[str, ...]
    ) -> dict[str, Any]:
        """The project file's options: those of the command, and those of `[COMMAND.FRAMEWORK]` for
        each framework that is named.
        """
        flat: dict[str, Any] = {}
        for name, value in given.items():
            if not isinstance(value, dict):
                flat[name] = value
            elif normalize(name) in named:
                flat |= {key.replace("-", "_"): option for key, option in value.items()}
            elif normalize(name) not in registry.known_frameworks:
                raise _unknown_in_project(self.plugin_command, name)
        for name in sorted(flat.keys() - forms(self.params).keys()):
            raise _unknown_in_project(self.plugin_command, name)
        return project.convert(self.plugin_command, flat, forms(self.params))

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        return [*super().get_params(ctx), self._help_all]

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the common options, or all of them in groups; and those of plugins."""
        sections = list(layout.grouped(self.get_params(ctx), self.groups))
        shows_all = layout.shows_all(ctx)
        for title, members in sections if shows_all else [layout.common(sections, self.common)]:
            layout.write(formatter, ctx, title, members)
        self._format_plugin_options(ctx, formatter)
        if not shows_all:
            formatter.write_paragraph()
            formatter.write_text(f"All options: {ctx.command_path} {layout.ALL_OPTIONS}")

    def _format_plugin_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        session = ctx.find_object(Session) or Session()
        options: dict[str, Contribution[Option]] = ctx.meta.get(_PLUGIN_OPTIONS, {})
        by_plugin: dict[str, list[tuple[str, str]]] = {}
        for contribution in options.values():
            option = contribution.value
            flag = option.flag if option.type == "flag" else f"{option.flag} {option.metavar}"
            row = (flag, f"{option.help}{_constraints(option)}")
            by_plugin.setdefault(contribution.source.name, []).append(row)
        frameworks = session.registry.frameworks
        for plugin, rows in by_plugin.items():
            if plugin in frameworks or layout.shows_all(ctx):
                with formatter.section(f"Options of the plugin {plugin!r}"):
                    formatter.write_dl(rows)
        if frameworks and not ctx.meta.get(_NAMED):
            formatter.write_paragraph()
            formatter.write_text(
                "A framework can have options of its own. To see them, name it: "
                f"{ctx.command_path} {frameworks[0]} --help (installed: {', '.join(frameworks)})."
            )


def _constraints(option: Option) -> str:
    """Return what help says about an option's choices and default, in brackets."""
    known = {"one of": ", ".join(option.choices), "default": option.default}
    parts = [f"{name}: {value}" for name, value in known.items() if value not in (None, "")]
    return f" [{'; '.join(parts)}]" if parts else ""


def _warn_of_unknown_variables(ctx: click.Context, session: Session) -> None:
    """Print a warning for each variable with our prefix that has no effect."""
    names = [name for name in os.environ if name.startswith(f"{ENVIRONMENT}_")]
    if not names or ctx.resilient_parsing:
        return
    # Imported here: most calls have no such variable.
    from dynamo_container.options.environment import unknown_variables

    prefix = ctx.auto_envvar_prefix or ""
    known = [f"{prefix}_{layout.variable_word(param)}" for param in ctx.command.params]
    known += [f"{ENVIRONMENT}_{name.upper()}" for name in (ctx.find_root().params or ())]
    for warning in unknown_variables(
        names,
        known,
        commands=COMMANDS,
        frameworks=session.registry.known_frameworks,
        command=prefix.removeprefix(f"{ENVIRONMENT}_").lower(),
    ):
        session.warn(warning)


def framework_names(ctx: click.Context) -> tuple[str, ...]:
    """Return the frameworks that a command's argument and its `--framework` name."""
    values = (ctx.params.get(name) for name in ("frameworks", "framework_argument", "framework"))
    return tuple(
        name
        for value in values
        for name in (value if isinstance(value, tuple) else (value,))
        if isinstance(name, str)
    )


def _arguments(words: Iterable[str]) -> Iterable[str]:
    """Return the words before the first option that is not known: what follows may be its value."""
    return itertools.takewhile(lambda word: not word.startswith("-"), words)


def _plugin_options(
    registry: Registry, command: str, named: tuple[str, ...]
) -> tuple[Contribution[Option], ...]:
    """The options of the overlays and of these frameworks.

    A plugin that cannot be loaded, or that fails, has none: the error comes when it is used.
    """
    registry.try_load(*named)
    return registry.options(command, named)


def _default(registry: Registry) -> tuple[str, ...]:
    try:
        return (registry.default_framework(),)
    except (UsageError, ConflictError):
        return ()


def _wants_help(ctx: click.Context, args: list[str]) -> bool:
    names = {*ctx.help_option_names, layout.ALL_OPTIONS}
    return ctx.resilient_parsing or not names.isdisjoint(args)


def _click_options(
    options: Iterable[Contribution[Option]], own: Iterable[click.Parameter], *, strict: bool
) -> list[tuple[Contribution[Option], click.Option]]:
    """The plugins' options as click's; if not `strict`, without those that exist already.

    Raises:
        ConflictError: two plugins, or a plugin and the core, define the same option.
    """
    owners: dict[str | None, str] = {
        name: "dynamo-container itself"
        for param in own
        for name in (*param.opts, *param.secondary_opts, param.name)
    }
    found = []
    for contribution in options:
        option, source = contribution.value, contribution.source
        names = (option.flag, option.destination)
        rivals = [owners[name] for name in names if name in owners]
        if rivals and strict:
            raise ConflictError(
                f"the option {option.flag} of {source.with_location} is already defined by "
                f"{rivals[0]}",
                f"exclude the plugin: {NO_PLUGIN} {source.name}; or uninstall it",
            )
        if rivals:
            continue
        owners |= dict.fromkeys(names, source.with_location)
        found.append((contribution, _click_option(option)))
    return found


def _click_option(option: Option) -> click.Option:
    types: dict[str, Any] = {"text": TEXT, "path": PATH, "int": click.INT, "flag": None}
    return click.Option(
        [option.flag],
        is_flag=option.type == "flag",
        type=click.Choice(option.choices) if option.choices else types[option.type],
        multiple=option.repeatable,
        default=option.default,
        metavar=None if option.type == "flag" else option.metavar,
        help=option.help,
        hidden=True,  # help shows it in the section of its plugin
    )


def _unknown_option(
    ctx: click.Context, error: click.NoSuchOption, registry: Registry
) -> UsageError:
    alike = f", did you mean {error.possibilities[0]}?" if error.possibilities else ""
    return UsageError(
        f"no such option: {error.option_name}{alike}",
        f"see: {ctx.command_path} --help; if it is an option of a plugin, name its framework "
        f"({', '.join(registry.frameworks) or 'none is installed'})",
    )


def _unknown_in_project(command: str, name: str) -> UsageError:
    option = name.replace("_", "-")
    return UsageError(
        f"the project file sets {option!r} in [{command}], which is not one of its options",
        f"see: {PROGRAM} {command} --help; options of one framework belong to "
        f"[{command}.FRAMEWORK]",
    )


def record(ctx: click.Context, kind: type[R], **changes: Any) -> R:
    """Return the typed record of a parsed command.

    Args:
        ctx: the command's context.
        kind: the record's class; its fields are named after the parameters.
        changes: fields that do not come from a parameter of the same name.

    Raises:
        UsageError: an option is given that the command refuses.
    """
    fields = kind.__dataclass_fields__.keys() - _refused(ctx)
    given = {name: value for name, value in ctx.params.items() if name in fields}
    options = [entry.value for entry in ctx.meta.get(_PLUGIN_OPTIONS, {}).values()]
    own: dict[str, Any] = {
        "framework": framework_names(ctx),
        "origins": _origins(ctx),
        "plugin_options": option_values(options, ctx.params),
    }
    return kind(**(given | own | changes))


def _refused(ctx: click.Context) -> frozenset[str]:
    """Return the names of the options that the command does not take from a project file or the
    environment either, because they are meant for other commands there.
    """
    command = ctx.command
    refused = command.refused if isinstance(command, PluginCommand) else frozenset()
    for name in refused:
        if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            flag = f"--{name.replace('_', '-')}"
            raise not_of_command(flag, ctx.info_name or "")
    return refused


def _origins(ctx: click.Context) -> tuple[tuple[str, str], ...]:
    """Where each option was set: `(("--base-image", "environment"), ...)`."""
    session = ctx.find_object(Session)
    found: list[tuple[str, str]] = []
    for param in (*ctx.command.params, *ctx.meta.get(_PLUGIN_PARAMS, ())):
        source = ctx.get_parameter_source(param.name or "")
        if origin := _ORIGINS.get(source, "") if source else "":
            if source is ParameterSource.DEFAULT_MAP and session:
                origin = f"{origin} {session.project.path}"
            found.extend((flag, origin) for flag in param.opts)
    return tuple(sorted(found))
