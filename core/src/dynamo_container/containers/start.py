# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Start a container, and return when it is ready. This module starts processes."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Protocol

from dynamo_container.containers import docker_argv
from dynamo_container.containers.plan import RunPlan
from dynamo_container.containers.wait import LAST_LINES, wait
from dynamo_container.docker import process
from dynamo_container.docker.attached import attached
from dynamo_container.errors import WorkFailedError

# The signals that end this process: of a closed terminal, of Ctrl-C, of `kill`.
_ENDING: Final = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)


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

    If that fails or is interrupted, a container that deletes itself (`--rm`) is stopped.

    Args:
        plan: with a readiness.
        seconds: the timeout, from the start of the container.
        progress: shows the container's output.

    Raises:
        WorkFailedError: the container did not become ready.
        EngineError: docker is not installed.
    """
    with _signals_raise():
        # This can pull the image; a signal ends the pull too.
        status, container = process.run_to_completion(docker_argv.create_command(plan))
        if status:
            return Started(status=status)
        try:
            return _start(container, plan, seconds, progress)
        except BaseException:
            # Also if the user interrupts: no one would use the container.
            if plan.remove:
                _stop(container)
            raise


def _start(container: str, plan: RunPlan, seconds: float, progress: Progress) -> Started:
    assert plan.readiness is not None
    with attached(container, LAST_LINES) as log:
        try:
            wait(container, log, plan.readiness, seconds, progress.show)
        except WorkFailedError:
            if log.started:
                raise
            return Started(status=log.status, refusal=log.lines)
        finally:
            progress.clear()
    return Started(container=container)


@contextmanager
def _signals_raise() -> Iterator[None]:
    """Make every signal that ends the process raise, as Ctrl-C does, so that we can clean up."""

    def end(number: int, _frame: object) -> None:
        raise KeyboardInterrupt if number == signal.SIGINT else SystemExit(128 + number)

    previous = {number: signal.signal(number, end) for number in _ENDING}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _stop(container: str) -> None:
    """Stop and delete a container. Nothing interrupts it: the docker command ignores the signals
    too.
    """
    for number in _ENDING:
        signal.signal(number, signal.SIG_IGN)
    process.capture("docker", "stop", container)
    # A container that was never started does not delete itself.
    process.capture("docker", "rm", "--force", container)
