# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""A hook of mkdocs: the page of all commands and options, from click's own description of them.

Each option has its default, the environment variables and the key of the project file that set it.
"""

from __future__ import annotations

import html
import inspect
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

import click
from dynamo_container.cli.app import ENVIRONMENT, PROGRAM, Session, app
from dynamo_container.cli.layout import JOINT, Subcommands, grouped, variable_word
from dynamo_container.cli.plugin_command import PluginCommand
from dynamo_container.cli.project_options import forms
from dynamo_container.model.values import Option
from dynamo_container.options import project
from dynamo_container.options.reach import requires_trust
from dynamo_container.plugins.discovery import known_frameworks
from dynamo_container.plugins.registry import Registry

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

PAGE = "commands.md"
HEAD = f"""# Commands and options

Every command and option, with its default, and the environment variable and key of the
[project file](cli.md#project-file) that set it. The command line wins over variables, and these win
over the project file. [The command line](cli.md) explains what is behind them.
`{PROGRAM} help COMMAND` shows the same at a terminal; commands with many options show all of them
with `--help-all`.

The variable of an option that can be repeated has one value per line. The variable of an option
without a value is `1` or `0`.
"""
# Shown by every command, or of no use on a page.
OMITTED = {"--help", "--help-all"}
# The distribution of the stages that all images share.
IMAGES = "dynamo-container-images"
_DEFAULT = re.compile(r"\s*\(default: ((?:[^()]|\([^()]*\))*)\)")


class Entry(NamedTuple):
    """An option of a command, as the page shows it."""

    flags: tuple[str, ...]
    metavar: str
    purpose: str
    default: str
    variables: tuple[str, ...]
    key: str
    trusted: bool

    @property
    def name(self) -> str:
        """The flag that the anchor is named after."""
        return max(self.flags, key=len)


class Section(NamedTuple):
    """A command with its options in groups."""

    words: str
    usage: str
    text: str
    examples: str
    groups: tuple[tuple[str, tuple[Entry, ...]], ...]
    base: str

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All options."""
        return tuple(entry for _, entries in self.groups for entry in entries)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the page."""
    from mkdocs.structure.files import File

    files.append(File.generated(config, PAGE, content=page()))
    return files


def page() -> str:
    """Return the page as Markdown."""
    found = {section.words: section for section in sections()}
    return "\n".join((HEAD, *(line for one in found.values() for line in _lines(one, found))))


@cache
def sections() -> tuple[Section, ...]:
    """Return the program itself, then each command in the order of help."""
    root = click.Context(app, info_name=PROGRAM, auto_envvar_prefix=ENVIRONMENT)
    return (_section(app, root), *_below(app, root))


def _below(group: click.Group, parent: click.Context) -> Iterator[Section]:
    """Yield the sections of a group's commands, and of those below them."""
    for name in group.list_commands(parent):
        command = _command(parent, name)
        prefix = command.variable_prefix if isinstance(command, PluginCommand) else None
        context = click.Context(command, parent, name, auto_envvar_prefix=prefix)
        if not isinstance(command, click.Group):
            yield _section(command, context)
        below = command.subcommands if isinstance(command, Subcommands) else command
        if isinstance(below, click.Group):
            yield from _below(below, click.Context(below, parent, name))


def _command(group: click.Context, name: str) -> click.Command:
    assert isinstance(group.command, click.Group)
    command = group.command.get_command(group, name)
    assert command, name
    return command


def _section(command: click.Command, context: click.Context) -> Section:
    reader = _Reader(command, context)
    groups = grouped(command.get_params(context), getattr(command, "groups", ()))
    entries = ((title, tuple(reader.entries(params))) for title, params in groups)
    words = context.command_path.removeprefix(PROGRAM).strip()
    base = command.plugin_command if isinstance(command, PluginCommand) else ""
    pieces = command.collect_usage_pieces(context)
    return Section(
        words=words,
        usage=" ".join((context.command_path, *pieces)).replace(JOINT, " "),
        text=inspect.cleandoc(command.help or ""),
        examples=(command.epilog or "").removeprefix("\b\n"),
        groups=(*((title, found) for title, found in entries if found), *reader.of_plugins()),
        base=base if base != words else "",
    )


class _Reader:
    """What the options of a command are, by click's description and the plugins'."""

    def __init__(self, command: click.Command, context: click.Context) -> None:
        self._context = context
        self._command = command if isinstance(command, PluginCommand) else None
        self._keys = self._command.defaults(_tables()) if self._command else {}

    def entries(self, params: Iterable[click.Parameter]) -> Iterator[Entry]:
        """Yield the options among these that help shows."""
        for param in params:
            if isinstance(param, click.Option) and not (param.hidden or {*param.opts} & OMITTED):
                yield self._entry(param)

    def of_plugins(self) -> Iterator[tuple[str, tuple[Entry, ...]]]:
        """Yield the options of the plugins in this repository, by plugin."""
        command = self._command
        if not command:
            return
        ours = {IMAGES, *known_frameworks().values()}
        contributions = [
            one
            for one in _registry().options(command.plugin_command)
            if one.source.distribution.partition(" ")[0] in ours
        ]
        for plugin, options in groupby(contributions, lambda one: one.source.name):
            title = f"Options of the plugin {plugin}"
            yield title, tuple(self._of_plugin(plugin, one.value) for one in options)

    def _entry(self, option: click.Option) -> Entry:
        purpose, default = _without_default(option.help or "")
        key = self._keys.get(option.name or "", "")
        flags = [*option.opts, *option.secondary_opts]
        return Entry(
            flags=tuple(flags),
            metavar="" if option.is_flag else option.make_metavar(self._context),
            purpose=purpose,
            default=default or _shown_default(option, self._context),
            variables=tuple(self._variables(option)),
            key=key,
            trusted=self._requires_trust(option.name or "") if key else False,
        )

    def _of_plugin(self, plugin: str, option: Option) -> Entry:
        assert self._command
        purpose, default = _without_default(option.help)
        name = option.flag.removeprefix("--")
        choices = f" One of: {', '.join(option.choices)}." if option.choices else ""
        table = self._command.plugin_command
        if plugin in known_frameworks():
            table = f"{table}.{plugin}"
        stated = "" if option.default in (None, False) else f"{option.default}"
        return Entry(
            flags=(option.flag,),
            metavar="" if option.type == "flag" else option.metavar,
            purpose=f"{purpose}{choices}",
            default=default or stated or ("off" if option.type == "flag" else "none"),
            variables=(f"{self._command.variable_prefix}_{name.replace('-', '_').upper()}",),
            key=f"{table} {name}",
            trusted=not option.harmless,
        )

    def _variables(self, option: click.Option) -> Iterator[str]:
        prefix = self._context.auto_envvar_prefix
        named = option.envvar or ()
        others = [named] if isinstance(named, str) else list(named)
        own = f"{prefix}_{variable_word(option)}"
        if option.allow_from_autoenv and prefix and not option.is_eager:
            yield own
        yield from (name for name in others if name and name != own)

    def _requires_trust(self, name: str) -> bool:
        return self._command is not None and requires_trust(self._command.plugin_command, name)


@cache
def _tables() -> dict[str, dict[str, str]]:
    """Return a project file that sets each option to the name of its own key."""
    root = click.Context(app, info_name=PROGRAM)
    params = {table: _command(root, table).params for table in project.COMMANDS}
    return {
        table: {name: f"{table} {name.replace('_', '-')}" for name in forms(options)}
        for table, options in params.items()
    }


@cache
def _registry() -> Registry:
    registry = Session(use_project=False).registry
    registry.load_all()
    return registry


def _without_default(text: str) -> tuple[str, str]:
    """Split the default that a help text states from it."""
    match = _DEFAULT.search(text)
    return (_DEFAULT.sub("", text, count=1), match[1]) if match else (text, "")


def _shown_default(option: click.Option, context: click.Context) -> str:
    if option.is_eager:
        return ""
    value = option.get_default(context, call=False)
    if option.is_flag and value in (None, False):
        return "off"
    return str(value) if value and isinstance(value, (str, int, float)) else "none"


def _lines(section: Section, found: Mapping[str, Section]) -> Iterator[str]:
    """Yield the lines of a command: how it is called, what it does, its options."""
    title = f"`{section.words}`" if section.words else "Global options"
    yield f"## {title} {{ #{_anchor(section.words)} }}\n"
    yield f"```text\n{section.usage}\n```\n"
    yield f"{_escaped(section.text)}\n"
    head, *examples = section.examples.split("\n")
    yield f"{_escaped(head)}\n"
    if examples:
        yield "\n".join(("```bash", *(line.strip() for line in examples), "```\n"))
    base = found[section.base] if section.base else None
    shared = set(base.entries) if base else set()
    own = {title: [one for one in every if one not in shared] for title, every in section.groups}
    if base:
        yield _difference(section, base, has_own=any(own.values()))
    for title, entries in own.items():
        if entries:
            yield f"**{title if len(section.groups) > 1 else 'Options'}**\n"
            yield from (_definition(section.words, entry) for entry in entries)


def _difference(section: Section, base: Section, *, has_own: bool) -> str:
    """Return a sentence about the options that a command has like another one."""
    named = {entry.flags for entry in section.entries}
    absent = [f"`{entry.name}`" for entry in base.entries if entry.flags not in named]
    except_for = f", except {', '.join(absent)}" if absent else ""
    link = f"[`{base.words}`](#{_anchor(base.words)})"
    besides = " Its own:" if has_own else ""
    if {*section.entries} & {*base.entries}:
        return (
            f"It takes the options of {link}, with their variables and keys{except_for}.{besides}\n"
        )
    return f"It takes options of {link}, with variables of its own:\n"


def _definition(words: str, entry: Entry) -> str:
    anchor = f"{_anchor(words)}-{entry.name.lstrip('-')}"
    flags = ", ".join(f"<code>{html.escape(flag)}</code>" for flag in entry.flags)
    metavar = f" <code>{html.escape(entry.metavar)}</code>" if entry.metavar else ""
    facts = [f"Default: {_escaped(entry.default)}."] if entry.default else []
    if entry.variables:
        facts.append(f"Variable: {', '.join(f'`{name}`' for name in entry.variables)}.")
    if entry.key:
        table, key = entry.key.split()
        trust = ", which requires [trust](cli.md#trust)" if entry.trusted else ""
        facts.append(f"Project file: `{key}` in `[{table}]`{trust}.")
    return (
        f'<a id="{anchor}" href="#{anchor}">{flags}</a>{metavar}\n'
        f":   {_escaped(entry.purpose)}\n\n    {' '.join(facts)}\n"
    )


def _anchor(words: str) -> str:
    return words.replace(" ", "-") or "global-options"


def _escaped(text: str) -> str:
    """Return text of help for a page: nothing in it is Markdown or HTML."""
    return re.sub(r"([\\`*_\[\]{}])", r"\\\1", html.escape(text.replace("\b\n", ""), quote=False))
