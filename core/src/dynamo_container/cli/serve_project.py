# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`serve status`, `serve logs` and `serve stop`: the projects that `serve` started."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

import click

from dynamo_container.cli.app import PROGRAM, Session
from dynamo_container.cli.layout import Group, examples
from dynamo_container.cli.owner import ALL_USERS, owner
from dynamo_container.cli.types import flag
from dynamo_container.errors import UsageError
from dynamo_container.printing import print_line, print_table

if TYPE_CHECKING:
    from dynamo_container.docker.listed import Container

_PROJECT: Final = click.argument("project", required=False)
_HEADING: Final = ("PROJECT", "CONTAINER", "FRAMEWORK", "STATUS", "PORTS")


@click.group(cls=Group, name="serve")
def projects() -> None:
    """What `serve` started."""


@projects.command(epilog=examples("serve status"))
@_PROJECT
@ALL_USERS
def status(project: str | None, all_users: bool) -> int:
    """List what serve has started, with the state of each container."""
    rows = [
        (one.served, one.name, one.framework, one.status, ", ".join(one.ports))
        for one in sorted(_containers(all_users), key=lambda one: (one.served, one.name))
        if project in (None, one.served)
    ]
    if project and not rows:
        raise _not_found(project, _names(_containers(all_users)))
    print_table([_HEADING, *rows])
    return 0


@projects.command(epilog=examples("serve logs --follow"))
@_PROJECT
@flag("-f", "--follow", help="Follow the output.")
@ALL_USERS
@click.pass_obj
def logs(session: Session, project: str | None, follow: bool, all_users: bool) -> int:
    """Show the output of all services of a project."""
    from dynamo_container.docker import process, program
    from dynamo_container.services.compose_command import logs_command

    name = _select(project, all_users)
    words = ("--follow",) if follow else ()
    process.replace_process(logs_command(program.selected(), name, *words))


@projects.command(epilog=examples("serve stop my-model"))
@_PROJECT
@ALL_USERS
def stop(project: str | None, all_users: bool) -> int:
    """Stop a project, and remove its containers, network and volumes; caches stay."""
    from dynamo_container.docker import program
    from dynamo_container.services.project import remove

    name = _select(project, all_users)
    if status := remove(program.selected(), name):
        return status
    print_line(name)
    return 0


def _containers(all_users: bool) -> tuple[Container, ...]:
    # Imported here: the SDK is slow to import, and `--help` does not need it.
    from dynamo_container.docker.containers import list_containers

    return tuple(one for one in list_containers(owner(all_users)) if one.served)


def _names(containers: Iterable[Container]) -> tuple[str, ...]:
    return tuple(sorted({one.served for one in containers}))


def _select(project: str | None, all_users: bool) -> str:
    """Return the named project; without a name, the only one that exists.

    Raises:
        UsageError: there is none, or more than one.
    """
    names = _names(_containers(all_users))
    if project:
        if project in names:
            return project
        raise _not_found(project, names)
    if len(names) != 1:
        number = f"there are {len(names)} projects: {', '.join(names)}" if names else "none exists"
        raise UsageError(f"no project is named, and {number}", f"see: {PROGRAM} serve status")
    return names[0]


def _not_found(project: str, names: Iterable[str]) -> UsageError:
    known = ", ".join(names) or "none"
    return UsageError(
        f"{project!r} is not a project that you started with serve",
        f"there are: {known}; those of other users: {PROGRAM} serve status --all-users",
    )
