# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`dev`: a container to develop a checkout in, created or started as needed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

import click

from dynamo_container.cli import types
from dynamo_container.cli.app import ENVIRONMENT, Session, at_terminal
from dynamo_container.cli.dev_containers import containers
from dynamo_container.cli.layout import Groups, Subcommands, add_options, examples
from dynamo_container.cli.planning import plan_dev
from dynamo_container.cli.plugin_command import record
from dynamo_container.cli.run import mkdir_commands
from dynamo_container.cli.run_options import RunCommand, command_of, run_options
from dynamo_container.cli.types import flag, option, repeatable
from dynamo_container.docker.process import replace_process
from dynamo_container.errors import EngineError
from dynamo_container.options.dev_records import DevOptions
from dynamo_container.printing import print_command, print_line

if TYPE_CHECKING:
    from dynamo_container.development.plan import DevPlan
    from dynamo_container.docker.command import Command

# Options of `run` that `dev` decides.
_NOT_IN_DEV: Final = (
    "detach", "entrypoint", "hardened", "init", "mount_workspace", "name", "read_only", "restart",
    "rm", "target", "user", "wait", "wait_for", "wait_timeout", "workdir",
)  # fmt: skip
# They are the same as those of the build of the image.
_OF_BUILDS: Final = ("index_url", "extra_index_url", "trusted_host", "ca_bundle")
_OPTIONS: Final = (
    option(
        "--source",
        "DIR",
        "Dynamo checkout to develop, or another folder (default: the checkout that contains the "
        "current folder).",
        types.PATH,
    ),
    flag("--recreate", help="Replace the container; its caches stay."),
    flag("--no-build", help="Do not build Dynamo in place in a new container."),
    flag(
        "--watch",
        help="Start the command again when Python files change; build in place when Rust files do.",
    ),
)


def _variables(name: str) -> list[str]:
    return [f"{ENVIRONMENT}_DEV_{name}", f"{ENVIRONMENT}_BUILD_{name}"]


_DOWNLOADS: Final = (
    option(
        "--index-url",
        "URL",
        "Python package index (default: the one of build).",
        types.INDEX_URL,
        envvar=_variables("INDEX_URL"),
    ),
    repeatable(
        "--extra-index-url",
        "URL",
        "Another Python package index to search as well; repeatable (default: those of build).",
        types.INDEX_URLS,
        envvar=_variables("EXTRA_INDEX_URL"),
    ),
    repeatable(
        "--trusted-host",
        "HOST",
        "Index that may be used without TLS or a valid certificate; repeatable.",
        types.HOST,
        envvar=_variables("TRUSTED_HOST"),
    ),
    option(
        "--ca-bundle",
        "FILE",
        "CA certificates to trust in the container (default: those of build).",
        types.PATH,
        envvar=[*_variables("CA_BUNDLE"), "SSL_CERT_FILE"],
    ),
)
_GROUPS: Final[Groups] = (("Development", _OPTIONS), ("Downloads", _DOWNLOADS))


class _Dev(Subcommands, RunCommand):
    """`dev`, or one of its subcommands, which no framework is called."""

    subcommands = containers
    own_variables = "dev"
    groups: Groups = (*_GROUPS, *RunCommand.groups)
    common = frozenset(
        ("source", "recreate", "no_build", "watch", "image", "env", "volume", "port", "gpus")
    ) | {"dry_run"}

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.params = [param for param in self.params if param.name not in _NOT_IN_DEV]

    def defaults(self, tables: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        run, build = super().defaults(tables), tables.get("build", {})
        return {
            **{name: value for name, value in run.items() if name not in _NOT_IN_DEV},
            **{name: value for name, value in build.items() if name in _OF_BUILDS},
        }


def _with_options(function: Any) -> Any:
    return add_options(function, _GROUPS)


@click.command(
    cls=_Dev,
    epilog=examples(
        "dev none",
        "dev none -- cargo test -p dynamo-runtime",
        "dev none --watch -- python -m dynamo.frontend",
        "dev status",
    ),
)
@run_options
@_with_options
@click.pass_context
def command(ctx: click.Context, /, **_options: object) -> int:
    """Open a shell in a container in which a Dynamo checkout is built and installed in place.

    The container of the framework's local-dev image is created, or started, as needed; it stays,
    with its caches. The words after -- are a command to run instead of the shell. To list, stop and
    delete these containers: dev status, dev stop and dev rm, each with [FRAMEWORK].
    """
    session: Session = ctx.obj
    options = record(ctx, DevOptions, command=command_of(ctx))
    # Imported here: help does not need them.
    from dynamo_container.development import container

    plan = plan_dev(session, options)
    terminal = at_terminal()
    if options.dry_run:
        session.show(plan.container.warnings)
        print_command(*_commands(plan, options, terminal=terminal))
        return 0
    found = container.find(plan)
    if options.recreate or not found.state:
        session.show(plan.container.warnings)
    container.ensure(
        plan,
        found,
        recreate=options.recreate,
        builds=not options.no_build,
        terminal=terminal,
        note=session.note,
        warn=session.warn,
    )
    return _enter(session, plan, options, terminal=terminal)


def _commands(plan: DevPlan, options: DevOptions, *, terminal: bool) -> Iterator[Command]:
    """Yield the commands that a call would run now."""
    from dynamo_container.development import commands, container

    try:
        found = container.find(plan)
    except EngineError:
        found = container.NOT_FOUND  # planning has warned that no engine answers
    starting = container.starting(plan, found, recreate=options.recreate)
    creates = commands.create(plan) in starting
    yield from mkdir_commands(plan.container) if creates else ()
    yield from starting
    if creates and plan.settings.checkout and not options.no_build:
        yield commands.build(plan, terminal=terminal)
    yield from _entering(plan, options, terminal=terminal)


def _entering(plan: DevPlan, options: DevOptions, *, terminal: bool) -> Iterator[Command]:
    """Yield the command that runs the user's words or a shell, if there is one to run."""
    from dynamo_container.development import commands

    interactive, tty = options.interactive or terminal, options.tty or terminal
    if options.command or interactive or tty:
        yield commands.execute(plan, options.command, interactive=interactive, tty=tty)


def _enter(session: Session, plan: DevPlan, options: DevOptions, *, terminal: bool) -> int:
    if options.watch:
        from dynamo_container.development.watch import watch

        watch(plan, options.command, session.note)
    for entering in _entering(plan, options, terminal=terminal):
        replace_process(entering)
    # In a script, without a command: the container runs.
    print_line(plan.container.name)
    return 0
