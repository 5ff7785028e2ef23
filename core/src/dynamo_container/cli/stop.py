# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`stop`: stop containers that `run` started."""

from __future__ import annotations

import click

from dynamo_container.cli.app import PROGRAM, Session
from dynamo_container.cli.layout import examples
from dynamo_container.errors import UsageError
from dynamo_container.options.syntax import LONGEST_SECONDS
from dynamo_container.printing import print_line


@click.command(epilog=examples("stop vllm", "stop --all"))
@click.argument("words", nargs=-1, metavar="[CONTAINER|FRAMEWORK]...")
@click.option("--all", "everything", is_flag=True, help="Stop all that run has started.")
@click.option(
    "--time",
    "seconds",
    type=click.IntRange(min=0, max=LONGEST_SECONDS),
    default=10,
    metavar="SECONDS",
    help="Kill containers that have not stopped after this time (default: 10).",
)
@click.pass_obj
def command(session: Session, words: tuple[str, ...], everything: bool, seconds: int) -> int:
    """Stop containers that run has started.

    Name them, or their framework. Other containers are never stopped.
    """
    if everything == bool(words):
        raise UsageError(
            "stop requires either containers or --all", f"for example: {PROGRAM} stop --all"
        )
    # Imported here: the SDK is slow to import, and `--help` does not need it.
    from dynamo_container.cli.containers import select
    from dynamo_container.docker import containers

    selected = select(session, words) if words else containers.list_containers()
    running = [one for one in selected if one.alive]
    if not running:
        session.note("none of these containers is running")
    for container in containers.stop(running, seconds):
        print_line(container.name)
    return 0
