# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`logs`: what a container that `run` started has said."""

from __future__ import annotations

import click

from dynamo_container.cli.app import Session
from dynamo_container.docker import process
from dynamo_container.docker.command import Command


@click.command(epilog="Example: dynamo-container logs --follow vllm")
@click.argument("word", required=False, metavar="[CONTAINER|FRAMEWORK]")
@click.option("-f", "--follow", is_flag=True, help="Go on while it says more.")
@click.option("-n", "--tail", type=click.IntRange(min=0), metavar="N", help="The last N lines.")
@click.option("-t", "--timestamps", is_flag=True, help="With the time of each line.")
@click.pass_obj
def command(
    session: Session, word: str | None, follow: bool, tail: int | None, timestamps: bool
) -> int:
    """Show what a container has said; without a name, of the only one that `run` started."""
    from dynamo_container.cli.containers import select_one

    container = select_one(session, word, running=False)
    switches = (("--follow", follow), ("--timestamps", timestamps))
    argv = (
        "docker",
        "logs",
        *(flag for flag, given in switches if given),
        *(() if tail is None else (f"--tail={tail}",)),
        container.id,
    )
    # Docker's own from here on: both streams, and Ctrl-C.
    process.replace_process(Command(argv=argv))
    raise AssertionError("unreachable: the process is docker's now")
