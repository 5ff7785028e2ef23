# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The top of the command line: global options, and commands that are imported when called."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import click

from dynamo_container.cli import project
from dynamo_container.cli.paths import absolute
from dynamo_container.docker import engine
from dynamo_container.errors import UsageError
from dynamo_container.plugins.catalog import ALLOW_LIST, NO_PLUGIN
from dynamo_container.plugins.registry import Registry

PROGRAM: Final = "dynamo-container"
ENVIRONMENT: Final = "DYNAMO_CONTAINER"
# Command, and the module that has it under the name `command`.
COMMANDS: Final = {
    "build": "build",
    "run": "run",
    "explain": "explain",
    "render": "render",
    "check": "check",
    "devcontainer": "devcontainer",
    "ps": "ps",
    "logs": "logs",
    "exec": "exec",
    "stop": "stop",
    "doctor": "doctor",
    "plugins": "plugins",
    "new-plugin": "new_plugin",
    "releases": "releases",
}


class Session:
    """What the commands of one call share.

    Args:
        quiet: say only what was asked for, and what went wrong.
        near: where to look for a Dynamo checkout, before the current folder.
        without: plugins that are left out.
    """

    def __init__(
        self, *, quiet: bool = False, near: str = "", without: tuple[str, ...] = ()
    ) -> None:
        self.quiet = quiet
        self.near = near
        self.without = without
        self._registry: Registry | None = None
        self._told: set[str] = set()

    @property
    def registry(self) -> Registry:
        """The plugins of this environment, found when somebody first asks."""
        if self._registry is None:
            self._registry = Registry.discover(only=_allowed(), without=self.without)
        return self._registry

    def leave_out(self, names: tuple[str, ...]) -> None:
        """Leave out these plugins, too, from now on."""
        if names:
            self.without, self._registry = (*self.without, *names), None

    def load(self, *frameworks: str) -> Registry:
        """Load the overlays and these frameworks; say once what is odd about plugins."""
        try:
            self.registry.load(*frameworks)
        finally:
            for line in self.registry.warnings():
                if line not in self._told:
                    self.warn(f"{line} (see: {PROGRAM} plugins check)")
            out = self.registry.excluded_overlays()
            if out and out not in self._told:
                self.note(f"left out by {ALLOW_LIST}: {out}")
            self._told |= {*self.registry.warnings(), out}
        return self.registry

    def checkout(self) -> Path | None:
        """The Dynamo checkout that this call is about; None where there is none."""
        starts = (absolute(one) for one in (self.near, ".") if one)
        return next(filter(None, map(project.find_checkout, starts)), None)

    def warn(self, text: str) -> None:
        """A line about something that is probably not meant."""
        click.secho("warning: ", fg="yellow", bold=True, err=True, nl=False)
        click.echo(text, err=True)

    def tell(self, warnings: Iterable[str], notices: Iterable[str] = ()) -> None:
        """What a plan has to say to its user."""
        for text in warnings:
            self.warn(text)
        for text in notices:
            self.note(text)

    def note(self, text: str) -> None:
        """A line that is good to know; not with --quiet."""
        if not self.quiet:
            click.echo(f"note: {text}", err=True)


def _allowed() -> tuple[str, ...] | None:
    """The plugins that may be used; None where all may."""
    words = os.environ.get(ALLOW_LIST)
    if words is None:
        return None
    names = tuple(words.replace(",", " ").split())
    if not names:
        raise UsageError(f"{ALLOW_LIST} is empty", "name plugins in it, or unset it")
    return names


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"dynamo_container.cli.{COMMANDS[cmd_name]}")
        command: click.Command = module.command
        return command


def _version(ctx: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        import importlib_metadata

        click.echo(f"{PROGRAM} {importlib_metadata.version(PROGRAM)}")
        ctx.exit()


@click.command(
    cls=LazyGroup,
    context_settings={"auto_envvar_prefix": ENVIRONMENT, "help_option_names": ["-h", "--help"]},
    epilog="Shell completion: "
    'eval "$(_DYNAMO_CONTAINER_COMPLETE=bash_source dynamo-container)" '
    "(or zsh_source, fish_source)",
)
@click.option(
    "-q", "--quiet", is_flag=True, help="Say only what was asked for, and what went wrong."
)
@click.option("-v", "--verbose", is_flag=True, help="Say which docker commands run.")
@click.option(
    "--near",
    default="",
    metavar="DIR",
    allow_from_autoenv=False,
    help="Look for a Dynamo checkout around DIR first, then around the current folder.",
)
@click.option(
    NO_PLUGIN,
    multiple=True,
    metavar="NAME",
    help="Leave out a plugin, by its name or its distribution's; repeatable.",
)
@click.option("--no-color", is_flag=True, help="No colors (NO_COLOR does the same).")
@click.option(
    "--debug",
    is_flag=True,
    allow_from_autoenv=False,
    help="A traceback where something is wrong with dynamo-container itself.",
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    allow_from_autoenv=False,
    callback=_version,
    help="The version.",
)
@click.pass_context
def app(
    ctx: click.Context,
    quiet: bool,
    verbose: bool,
    near: str,
    no_plugin: tuple[str, ...],
    no_color: bool,
    debug: bool,
) -> None:
    """Build and run GPU inference containers for NVIDIA Dynamo, from plugins."""
    ctx.obj = Session(quiet=quiet, near=near, without=no_plugin)
    engine.tell = (lambda line: click.echo(f"+ {line}", err=True)) if verbose else None
    if no_color or "NO_COLOR" in os.environ:
        ctx.color = False
    ctx.default_map = project.defaults()
