# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`logs`: the output of a container that `run` started."""

from __future__ import annotations

import click

from dynamo_container.cli.app import Session
from dynamo_container.cli.layout import examples
from dynamo_container.cli.owner import ALL_USERS, owner
from dynamo_container.cli.types import flag
from dynamo_container.docker import program
from dynamo_container.docker.command import Command
from dynamo_container.docker.process import replace_process


@click.command(epilog=examples("logs --follow vllm"))
@click.argument("word", required=False, metavar="[CONTAINER|FRAMEWORK]")
@flag("-f", "--follow", help="Follow the output.")
@click.option(
    "-n", "--tail", type=click.IntRange(min=0), metavar="N", help="Show the last N lines."
)
@flag("-t", "--timestamps", help="Show the time of each line.")
@ALL_USERS
@click.pass_obj
def command(
    session: Session,
    word: str | None,
    follow: bool,
    tail: int | None,
    timestamps: bool,
    all_users: bool,
) -> int:
    """Show the output of a container that you have started with run.

    The argument can be omitted if there is only one.
    """
    from dynamo_container.containers.started import select_one

    container = select_one(session.registry, word, owner(all_users), running=False)
    switches = (("--follow", follow), ("--timestamps", timestamps))
    argv = (
        program.selected(),
        "logs",
        *(flag for flag, given in switches if given),
        *(() if tail is None else (f"--tail={tail}",)),
        container.id,
    )
    # From here on it is docker's own: both streams, and Ctrl-C.
    replace_process(Command(argv=argv))
