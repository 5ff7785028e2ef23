# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`dev status`, `dev stop` and `dev rm`: the containers that `dev` created."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import click

from dynamo_container.cli.app import PROGRAM, Session
from dynamo_container.cli.layout import Group, examples
from dynamo_container.cli.owner import owner
from dynamo_container.cli.types import flag
from dynamo_container.errors import UsageError
from dynamo_container.host.paths import absolute
from dynamo_container.options.collect import find_checkout
from dynamo_container.plugins.discovery import normalize
from dynamo_container.printing import print_line, print_table

if TYPE_CHECKING:
    from dynamo_container.docker.listed import Container

_HEADING: Final = ("CONTAINER", "FRAMEWORK", "SOURCE", "STATUS")
_FRAMEWORK: Final = click.argument("framework", required=False)
_SOURCE: Final = click.option(
    "--source",
    metavar="DIR",
    help="Only the containers of this folder (default: the checkout that "
    "contains the current folder).",
)
_ALL: Final = flag("--all", "everything", help="The containers of all folders.")


def _selecting(function: Callable[[tuple[Container, ...]], int]) -> Callable[..., int]:
    """Add the argument and options that select containers, and call the function with these."""

    @_FRAMEWORK
    @_SOURCE
    @_ALL
    @click.pass_obj
    @functools.wraps(function)
    def call(session: Session, framework: str | None, source: str | None, everything: bool) -> int:
        return function(_select(session, framework, source, everything=everything))

    return call


@click.group(cls=Group, name="dev")
def containers() -> None:
    """The containers that `dev` created."""


@containers.command(epilog=examples("dev status"))
@_FRAMEWORK
@click.pass_obj
def status(_session: Session, framework: str | None) -> int:
    """List your development containers, with the folder of each."""
    rows = [
        (one.name, one.framework or "-", one.developed, one.status) for one in _developed(framework)
    ]
    print_table([_HEADING, *rows])
    return 0


@containers.command(epilog=examples("dev stop"))
@_selecting
def stop(selected: tuple[Container, ...]) -> int:
    """Stop the containers of a folder; dev starts them again."""
    from dynamo_container.docker.containers import stop as stop_all

    for one in stop_all([one for one in selected if one.alive], seconds=10):
        print_line(one.name)
    return 0


@containers.command(epilog=examples("dev rm none"))
@_selecting
def rm(selected: tuple[Container, ...]) -> int:
    """Delete the containers of a folder, with what was installed in them; caches stay."""
    from dynamo_container.docker import program
    from dynamo_container.docker.command import Command
    from dynamo_container.docker.inspected import require_success

    for one in selected:
        require_success(Command(argv=(program.selected(), "rm", "--force", one.id)))
        print_line(one.name)
    return 0


def _developed(framework: str | None) -> tuple[Container, ...]:
    # Imported here: the SDK is slow to import, and `--help` does not need it.
    from dynamo_container.docker.containers import list_containers

    wanted = normalize(framework) if framework else ""
    found = (one for one in list_containers(owner(all_users=False)) if one.developed)
    return tuple(one for one in found if wanted in ("", one.framework))


def _select(
    session: Session, framework: str | None, source: str | None, *, everything: bool
) -> tuple[Container, ...]:
    """Return the containers of a folder, or of all.

    Raises:
        UsageError: there is none, or no folder is named.
    """
    if everything and source:
        raise UsageError("--all cannot be used with --source", "omit one of them")
    folder = "" if everything else _folder(session, source)
    found = tuple(one for one in _developed(framework) if folder in ("", one.developed))
    if not found:
        of = f" of {folder}" if folder else ""
        raise UsageError(f"no container{of} was found", f"see: {PROGRAM} dev status")
    return found


def _folder(session: Session, source: str | None) -> str:
    if source:
        return str(absolute(source).resolve())
    if checkout := find_checkout(session.near()):
        return str(checkout.resolve())
    raise UsageError(
        "no Dynamo checkout was found around the current folder",
        "name the folder: --source DIR; or select all containers: --all",
    )
