# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`ps`: the containers that `run` started."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Final

import click

from dynamo_container.cli.app import Session
from dynamo_container.cli.layout import examples
from dynamo_container.cli.owner import ALL_USERS, owner
from dynamo_container.cli.types import flag
from dynamo_container.printing import print_json, print_lines, print_table

if TYPE_CHECKING:
    from dynamo_container.docker.listed import Container

_HEADING: Final = ("NAME", "FRAMEWORK", "IMAGE", "STATUS", "PORTS", "ID")


@click.command(epilog=examples("ps --all"))
@click.argument("words", nargs=-1, metavar="[CONTAINER|FRAMEWORK]...")
@flag("-a", "--all", "everything", help="Include containers that have exited.")
@ALL_USERS
@flag("-q", "--quiet", help="Print only IDs.")
@flag("--json", "as_json", help="Print JSON.")
@click.pass_obj
def command(
    session: Session,
    words: tuple[str, ...],
    everything: bool,
    all_users: bool,
    quiet: bool,
    as_json: bool,
) -> int:
    """List the containers that you have started with run."""
    # Imported here: the SDK is slow to import, and `--help` does not need it.
    from dynamo_container.containers.started import select

    selected = select(session.registry, words, owner(all_users))
    containers = [one for one in selected if everything or one.alive]
    if as_json:
        print_json([asdict(one) for one in containers])
    elif quiet:
        print_lines(one.id[:12] for one in containers)
    else:
        heading = (*_HEADING, "USER") if all_users else _HEADING
        rows = [_row(one)[: len(heading)] for one in containers]
        print_table([heading, *rows])
    return 0


def _row(container: Container) -> tuple[str, ...]:
    return (
        container.name,
        container.framework or "-",
        container.image,
        container.status,
        ", ".join(container.ports) or "-",
        container.id[:12],
        container.owner or "-",
    )
