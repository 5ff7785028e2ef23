# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""A served model's plan as commands of Docker Compose. Pure."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Final

from dynamo_container.docker.command import Command
from dynamo_container.services import compose
from dynamo_container.services.plan import ServePlan

# A menu at the terminal would read the keys that are meant for this process.
_ENV: Final = (("COMPOSE_MENU", "false"),)


def up_command(
    plan: ServePlan, *, detach: bool = False, wait: int | None = None, plain: bool = False
) -> Command:
    """Return the command that starts the services.

    Args:
        plan: of the services.
        detach: whether they go on in the background.
        wait: how many seconds to wait until all are ready; None not to wait.
        plain: whether the output is not a terminal: compose 2.26 writes control sequences all the
            same.
    """
    words = ["--detach"] if detach else []
    words += [] if wait is None else ["--wait", f"--wait-timeout={wait}"]
    ansi = ("--ansi=never",) if plain else ()
    argv = (*_compose(plan.program, plan.project), *ansi, "--file=-", "up", *words)
    return Command(argv=argv, env=_ENV, stdin=compose.project(plan))


def down_command(program: str, project: str) -> Command:
    """Return the command that removes a project: containers, network, and volumes but caches."""
    argv = (*_compose(program, project), "down", "--volumes", "--remove-orphans")
    return Command(argv=argv, env=_ENV)


def logs_command(program: str, project: str, *words: str) -> Command:
    """Return the command that prints the logs of a project."""
    return Command(argv=(*_compose(program, project), "logs", *words), env=_ENV)


def preparations(plan: ServePlan, missing: tuple[str, ...]) -> Iterator[Command]:
    """Yield the commands that come before: they create folders, and volumes that outlive it.

    Args:
        plan: of the services.
        missing: those of the plan's folders that do not exist.
    """
    if missing:
        yield Command(argv=("mkdir", "-p", "--", *missing))
    for volume in plan.caches:
        yield Command(argv=(plan.program, "volume", "create", volume))


def _compose(program: str, project: str) -> tuple[str, ...]:
    # Without a file of variables: the one of the current folder can belong to somebody else.
    return (program, "compose", f"--env-file={os.devnull}", f"--project-name={project}")
