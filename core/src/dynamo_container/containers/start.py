# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Start a container, and return when it is ready. This module starts processes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

from dynamo_container.containers import docker_argv
from dynamo_container.containers.plan import RunPlan
from dynamo_container.containers.wait import LAST_LINES, wait
from dynamo_container.docker import engine, process, signals
from dynamo_container.docker.attached import attached
from dynamo_container.docker.created import Created, created
from dynamo_container.errors import WorkFailedError

# The exit status of `docker run` if it cannot create the container.
_NOT_CREATED: Final = 125
_STANDARD_ERROR: Final = 2


class Progress(Protocol):
    """Shows what the container does while we wait."""

    def show(self, line: str) -> None:
        """Show the last line of the container's output. It can contain any characters."""

    def clear(self) -> None:
        """Remove what was shown: the wait is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """The result of `start_and_wait`.

    Attributes:
        container: the ID of the container, which is ready; empty if it could not be started.
        status: docker's exit status; 0 if the container is ready.
        refusal: what docker printed when it could not start the container, if not yet shown.
    """

    container: str = ""
    status: int = 0
    refusal: tuple[str, ...] = ()


def start_and_wait(plan: RunPlan, seconds: float, progress: Progress) -> Started:
    """Start a container and wait until it is ready.

    If that fails or is interrupted, the container is removed if it deletes itself (`--rm`), or was
    not started yet.

    Args:
        plan: with a readiness.
        seconds: the timeout, from the start of the container.
        progress: shows the container's output.

    Raises:
        WorkFailedError: the container did not become ready.
        EngineError: docker is not installed.
    """
    with signals.raised():
        # Before the container is created, so that a signal can end it.
        if not _pull(plan):
            return Started(status=_NOT_CREATED)
        with created(docker_argv.create_command(plan)) as container:
            if not container.id:
                return Started(status=_NOT_CREATED)
            return _start(container, plan, seconds, progress)


def _pull(plan: RunPlan) -> bool:
    """Pull the image if that is due; return whether it is there, or docker will tell why not."""
    policy = docker_argv.pull_policy(plan)
    if policy == "never" or (policy == "missing" and engine.inspect_image(plan.image)):
        return True
    return process.run(docker_argv.pull_command(plan), output=_STANDARD_ERROR) == 0


def _start(container: Created, plan: RunPlan, seconds: float, progress: Progress) -> Started:
    assert plan.readiness is not None
    with attached(container.id, LAST_LINES, plan.readiness.log) as log:
        if not plan.remove:
            container.keep()
        try:
            wait(container.id, log, plan.readiness, seconds, progress.show)
        except WorkFailedError:
            if log.started:
                # If the engine has ended, that is why, whatever its client says.
                engine.require()
                raise
            return Started(status=log.status, refusal=log.lines)
        finally:
            progress.clear()
    container.keep()
    return Started(container=container.id)
