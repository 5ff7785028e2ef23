# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`ps`: the containers that `run` started."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from dynamo_container.cli.app import Session

if TYPE_CHECKING:
    from dynamo_container.docker.containers import Container


@click.command(epilog="Example: dynamo-container ps --all")
@click.argument("words", nargs=-1, metavar="[CONTAINER|FRAMEWORK]...")
@click.option("-a", "--all", "everything", is_flag=True, help="Those that have ended, too.")
@click.option("-q", "--quiet", is_flag=True, help="Their IDs only.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_obj
def command(
    session: Session, words: tuple[str, ...], everything: bool, quiet: bool, as_json: bool
) -> int:
    """List the containers that `run` started."""
    # Imported here: `--help` needs no engine.
    from dynamo_container.cli.containers import chosen
    from dynamo_container.docker.containers import list_containers

    found = [
        one
        for one in (chosen(session, words) if words else list_containers())
        if everything or one.alive
    ]
    if as_json:
        click.echo(json.dumps([asdict(one) for one in found], indent=2))
    elif quiet:
        click.echo("".join(f"{one.id[:12]}\n" for one in found), nl=False)
    else:
        click.echo(_table(found), nl=False)
    return 0


def _table(containers: list[Container]) -> str:
    head = ("NAME", "FRAMEWORK", "IMAGE", "STATUS", "PORTS", "ID")
    rows = [
        head,
        *(
            (
                one.name,
                one.framework or "-",
                one.image,
                one.status,
                ", ".join(one.ports) or "-",
                one.id[:12],
            )
            for one in containers
        ),
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
    return "".join(f"{line}\n" for line in lines)
