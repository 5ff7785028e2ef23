# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`stop`: end containers that `run` started."""

from __future__ import annotations

import click

from dynamo_container.cli.app import Session
from dynamo_container.errors import UsageError


@click.command(epilog="Examples: dynamo-container stop vllm · dynamo-container stop --all")
@click.argument("words", nargs=-1, metavar="[CONTAINER|FRAMEWORK]...")
@click.option("--all", "everything", is_flag=True, help="All that `run` started.")
@click.option(
    "--time",
    "seconds",
    type=click.IntRange(min=0),
    default=10,
    metavar="SECONDS",
    help="How long they may take before they are killed (default 10).",
)
@click.pass_obj
def command(session: Session, words: tuple[str, ...], everything: bool, seconds: int) -> int:
    """End containers that `run` started, by name, by framework or all; never others."""
    if everything == bool(words):
        raise UsageError(
            "stop takes names, frameworks, or --all", "for example: dynamo-container stop --all"
        )
    from dynamo_container.cli.containers import chosen
    from dynamo_container.docker import containers

    found = chosen(session, words) if words else containers.list_containers()
    running = [one for one in found if one.alive]
    if not running:
        session.note("none of them runs")
    for one in containers.stop(running, seconds):
        click.echo(one.name)
    return 0
