# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The top of the command line: global options, and commands that are imported when called."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import click

from dynamo_container.cli import layout
from dynamo_container.docker.program import PROGRAMS, select as select_program, selected
from dynamo_container.errors import UsageError
from dynamo_container.host.paths import absolute
from dynamo_container.model.names import CORE_DISTRIBUTION
from dynamo_container.model.values import Framework, Notice
from dynamo_container.options.project import ProjectFile, find as find_project_file
from dynamo_container.plugins import hookspecs
from dynamo_container.plugins.catalog import ALLOW_LIST, NO_PLUGIN
from dynamo_container.plugins.registry import Registry
from dynamo_container.printing import print_label, print_line, print_log

PROGRAM: Final = "dynamo-container"
ENVIRONMENT: Final = "DYNAMO_CONTAINER"
# The commands in the groups that help shows, each with the module that has it under the name
# `command`.
COMMAND_GROUPS: Final = {
    "Images": {
        "build": "build",
        "check": "check",
        "lock": "lock",
        "outdated": "outdated",
        "update": "update",
        "reproduce": "reproduce",
        "render": "render",
        "releases": "releases",
        "images": "images",
        "rm": "rm",
        "prune": "prune",
    },
    "Models": {
        "serve": "serve",
        "export": "export",
    },
    "Containers": {
        "run": "run",
        "dev": "dev",
        "ps": "ps",
        "logs": "logs",
        "exec": "exec",
        "stop": "stop",
        "devcontainer": "devcontainer",
    },
    "Find out": {
        "size": "size",
        "sbom": "sbom",
        "notices": "notices",
        "diff": "diff",
        "explain": "explain",
        "doctor": "doctor",
        "help": "help",
        "completion": "completion",
    },
    "Trust": {
        "sign": "sign",
        "verify": "verify",
        "trust": "trust",
    },
    "Plugins": {
        "plugins": "plugins",
        "new-plugin": "new_plugin",
    },
}
COMMANDS: Final = {
    name: module for group in COMMAND_GROUPS.values() for name, module in group.items()
}


class Session:
    """What the commands of one call share.

    Args:
        quiet: print only results, warnings and errors.
        near: a folder to look for a Dynamo checkout in before the current one.
        excluded: names of plugins that are excluded.
        trusting: whether the project file may set every option.
        use_project: whether a project file is used at all.
        debug: log each call of a hook.
    """

    def __init__(
        self,
        *,
        quiet: bool = False,
        near: str = "",
        excluded: tuple[str, ...] = (),
        trusting: bool = False,
        use_project: bool = True,
        debug: bool = False,
    ) -> None:
        self.quiet = quiet
        self.trusting = trusting
        self._use_project = use_project
        self._project: ProjectFile | None = None
        self._near = near
        self._excluded = excluded
        self._debug = debug
        self._registry: Registry | None = None
        self._shown: set[str] = set()

    @property
    def project(self) -> ProjectFile:
        """The project file, found when it is first needed."""
        if self._project is None:
            self._project = find_project_file() if self._use_project else ProjectFile()
        return self._project

    @property
    def registry(self) -> Registry:
        """The installed plugins, discovered when they are first needed."""
        if self._registry is None:
            # Imported here: `--version` does not need it.
            from dynamo_container.trust.policy import required_plugins

            self._registry = Registry.discover(
                only=_allowed(), without=self._excluded, required=required_plugins()
            )
            if self._debug:
                self._registry.manager.log_calls()
        return self._registry

    def exclude(self, names: tuple[str, ...]) -> None:
        """Exclude these plugins too, from now on."""
        if names:
            self._excluded, self._registry = (*self._excluded, *names), None

    @property
    def words(self) -> tuple[str, ...]:
        """The global options of another call in the same way."""
        excluded = (word for name in self._excluded for word in (NO_PLUGIN, name))
        near = ("--near", self._near) if self._near else ()
        switches = (("--quiet", self.quiet), ("--trust", self.trusting))
        given = (flag for flag, on in switches if on)
        project = () if self._use_project else ("--no-project-file",)
        return ("--engine", selected(), *near, *excluded, *given, *project)

    def load(self, *frameworks: str) -> Registry:
        """Load the overlays and these frameworks, and show warnings about plugins once."""
        try:
            self.registry.load(*frameworks)
        finally:
            for line in self.registry.warnings():
                if line not in self._shown:
                    self.warn(f"{line} (see: {PROGRAM} plugins check)")
            excluded = self.registry.excluded_overlays()
            if excluded and excluded not in self._shown:
                self.note(f"excluded by {ALLOW_LIST}: {excluded}")
            self._shown |= {*self.registry.warnings(), excluded}
        return self.registry

    def describe(self, framework: str) -> Framework:
        """Load a framework, and return its plugin's description of it."""
        registry = self.load(framework)
        described: list[Framework] = [
            contribution.value
            for contribution in registry.call_for(framework, hookspecs.dynamo_container_framework)
            if contribution.source.name == framework
        ]
        return described[0]

    def near(self) -> tuple[Path, ...]:
        """Return the folders around which a Dynamo checkout is looked for, in order."""
        return tuple(absolute(folder) for folder in (self._near, ".") if folder)

    def warn(self, text: str) -> None:
        """Print a line about something that the user probably does not want."""
        print_label("warning: ", "yellow", err=True)
        print_line(text, err=True)

    def note(self, text: str) -> None:
        """Print a line for information; not with --quiet."""
        if not self.quiet:
            print_line(f"note: {text}", err=True)

    def show(self, warnings: Iterable[str], notices: Iterable[str] = ()) -> None:
        """Print the warnings and notices of a plan."""
        for text in warnings:
            self.warn(text)
        for text in notices:
            self.note(text)

    def show_notices(self, notices: Iterable[Notice]) -> None:
        """Print what was assumed while facts were collected."""
        for notice in notices:
            (self.warn if notice.warning else self.note)(notice.text)


def _allowed() -> tuple[str, ...] | None:
    """The plugins that may be used; None for all."""
    value = os.environ.get(ALLOW_LIST)
    if value is None:
        return None
    names = tuple(value.replace(",", " ").split())
    if not names:
        raise UsageError(f"{ALLOW_LIST} is empty", "list plugins in it, or unset it")
    return names


def at_terminal() -> bool:
    """Whether standard input and standard output are both a terminal."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))


class LazyGroup(layout.Group):
    """A group whose commands are imported when they are called."""

    command_groups = COMMAND_GROUPS

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def find_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"dynamo_container.cli.{COMMANDS[cmd_name]}")
        command: click.Command = module.command
        return command


def _version(ctx: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        import importlib_metadata

        print_line(f"{PROGRAM} {importlib_metadata.version(CORE_DISTRIBUTION)}")
        ctx.exit()


@click.command(
    cls=LazyGroup,
    context_settings={
        "auto_envvar_prefix": ENVIRONMENT,
        "help_option_names": ["-h", "--help"],
        "max_content_width": layout.WIDTH,
    },
    epilog="Completion in your shell: dynamo-container completion bash --install",
)
@click.option(
    "--engine",
    type=click.Choice(PROGRAMS),
    help="Command that runs containers (default: docker, or podman if only that is installed).",
)
@click.option("-q", "--quiet", is_flag=True, help="Print only results, warnings and errors.")
@click.option("-v", "--verbose", is_flag=True, help="Print each docker command before it runs.")
@click.option(
    "--near",
    default="",
    metavar="DIR",
    allow_from_autoenv=False,
    help="Search for a Dynamo checkout in DIR and its parents first, then from the current folder.",
)
@click.option(
    NO_PLUGIN,
    multiple=True,
    metavar="NAME",
    help="Ignore a plugin, by its name or its distribution's; repeatable.",
)
@click.option(
    "--trust",
    is_flag=True,
    help="Let the project file set mounts, secrets and registries, for this call only.",
)
@click.option(
    "--no-project-file",
    is_flag=True,
    help="Ignore the project file (dynamo-container.toml or pyproject.toml).",
)
@click.option(
    "--no-color", is_flag=True, help="Print no colors. The variable NO_COLOR does the same."
)
@click.option(
    "--debug",
    is_flag=True,
    allow_from_autoenv=False,
    help="Print what --verbose prints, each hook call, and tracebacks of internal errors.",
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    allow_from_autoenv=False,
    callback=_version,
    help="Print the version.",
)
@click.pass_context
def app(
    ctx: click.Context,
    engine: str | None,
    quiet: bool,
    verbose: bool,
    near: str,
    no_plugin: tuple[str, ...],
    trust: bool,
    no_project_file: bool,
    no_color: bool,
    debug: bool,
) -> None:
    """Build and run GPU inference containers for NVIDIA Dynamo."""
    select_program(engine or "")
    if verbose or debug:
        ctx.call_on_close(print_log(debug=debug))
    if no_color or "NO_COLOR" in os.environ:
        ctx.color = False
    ctx.obj = Session(
        quiet=quiet,
        near=near,
        excluded=no_plugin,
        trusting=trust,
        use_project=not no_project_file,
        debug=debug,
    )
