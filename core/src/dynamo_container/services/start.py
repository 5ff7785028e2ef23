# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Start the services of a model. This module starts processes."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from dynamo_container.containers import mounts
from dynamo_container.docker import process
from dynamo_container.errors import WorkFailedError
from dynamo_container.host.paths import is_folder
from dynamo_container.services import compose_command, project
from dynamo_container.services.plan import ServePlan

_STANDARD_ERROR: Final = 2


def missing_folders(plan: ServePlan) -> tuple[str, ...]:
    """Return those of the plan's folders that do not exist."""
    return tuple(folder for folder in plan.folders if not is_folder(Path(folder)))


def in_foreground(
    plan: ServePlan, held: tuple[int, ...], seconds: float, announce: Callable[[], None]
) -> int:
    """Start the services, show their logs until all have ended, and remove them.

    Args:
        plan: of the services.
        held: reserves the project's name.
        seconds: the timeout for the start.
        announce: called when the model is served.

    Returns:
        Docker's exit status.

    Raises:
        WorkFailedError: the services did not become ready.
    """
    if status := _prepare(plan):
        return status
    command = compose_command.up_command(plan, plain=not sys.stdout.isatty())
    with (
        project.guarded(plan, held),
        project.events(plan.project) as events,
        # In a session of its own: Ctrl-C is for this process, which removes what was started.
        process.running(command, own_session=True) as up,
    ):
        if not project.wait_until_ready(plan, events, seconds, lambda: up.poll() is not None):
            raise _not_started(up.wait())
        announce()
        return up.wait()


def in_background(
    plan: ServePlan,
    held: tuple[int, ...],
    seconds: float | None,
    announce: Callable[[], None],
    note: Callable[[str], None],
) -> int:
    """Start the services, and leave them running if they are ready; see `in_foreground`.

    Args:
        plan: of the services.
        held: reserves the project's name.
        seconds: the timeout for the start; None not to wait.
        announce: called when they have been started.
        note: called with what is waited for.
    """
    if status := _prepare(plan):
        return status
    command = compose_command.up_command(plan, detach=True)
    with project.guarded(plan, held) as keep, project.events(plan.project) as events:
        if status := process.run(command, output=_STANDARD_ERROR):
            raise _not_started(status)
        if seconds is not None:
            project.wait_until_ready(plan, events, seconds, lambda: False, note)
        announce()
        keep()
    return 0


def _not_started(status: int) -> WorkFailedError:
    return WorkFailedError(
        f"the services could not be started (docker compose exited with status {status})",
        "see the output above",
    )


def _prepare(plan: ServePlan) -> int:
    """Create folders, and volumes that outlive the project; return docker's exit status."""
    for service in plan.services:
        for container in service.containers:
            mounts.require_paths(container)
            mounts.create_folders(container)
    for command in compose_command.preparations(plan, ()):
        if status := process.run(command, output=_STANDARD_ERROR):
            return status
    return 0
