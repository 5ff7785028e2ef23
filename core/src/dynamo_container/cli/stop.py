# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`stop`: stop containers that `run` started."""

from __future__ import annotations

import click

from dynamo_container.cli.app import PROGRAM, Session, at_terminal
from dynamo_container.cli.layout import Option, examples
from dynamo_container.cli.owner import ALL_USERS, owner
from dynamo_container.cli.types import flag
from dynamo_container.errors import UsageError
from dynamo_container.options.syntax import LONGEST_SECONDS
from dynamo_container.printing import confirm, print_line


@click.command(epilog=examples("stop my-server", "stop vllm"))
@click.argument("words", nargs=-1, metavar="[CONTAINER|FRAMEWORK]...")
@flag("--all", "everything", help="Stop all containers that you have started with run.")
@ALL_USERS
@flag("--yes", help="With --all-users: do not ask before containers of others are stopped.")
@click.option(
    "--time",
    "seconds",
    cls=Option,
    type=click.IntRange(min=0, max=LONGEST_SECONDS),
    default=10,
    metavar="SECONDS",
    help="Seconds to wait before a container is killed (default: 10).",
)
@click.pass_obj
def command(
    session: Session,
    words: tuple[str, ...],
    everything: bool,
    all_users: bool,
    yes: bool,
    seconds: int,
) -> int:
    """Stop containers that you have started with run.

    Name containers or a framework. Containers that run did not start are never stopped.
    """
    if everything == bool(words):
        raise UsageError(
            "stop requires either containers or --all", f"for example: {PROGRAM} stop --all"
        )
    # Imported here: the SDK is slow to import, and `--help` does not need it.
    from dynamo_container.containers.started import owners_of_others, select
    from dynamo_container.docker import containers

    running = [one for one in select(session.registry, words, owner(all_users)) if one.alive]
    if not running:
        session.note("none of these containers is running")
    others = owners_of_others(running, owner(all_users=False))
    question = f"stop {len(others)} containers of others ({', '.join(sorted(set(others)))})"
    if others and not (yes or (at_terminal() and confirm(f"{question}?"))):
        raise UsageError(f"not confirmed: {question}", "to stop them without a question: --yes")
    for container in containers.stop(running, seconds):
        print_line(container.name)
    return 0
