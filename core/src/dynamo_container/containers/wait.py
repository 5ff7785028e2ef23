# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Waiting until a container that was just started is ready."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from dynamo_container.docker.attached import Attached
from dynamo_container.docker.process import background
from dynamo_container.errors import WorkFailedError
from dynamo_container.model.values import Readiness

LAST_LINES: Final = 20
_PAUSE_SECONDS: Final = 0.25
_GLANCE_SECONDS: Final = 0.05
_ENDING_SECONDS: Final = 1.0
# What a shell and docker say where there is no such program, or none that can be run.
_NO_PROGRAM: Final = (126, 127)


def wait(
    container: str,
    log: Attached,
    readiness: Readiness,
    seconds: float,
    tell: Callable[[str], None],
) -> None:
    """Wait until a container that was just started is ready.

    Args:
        container: its ID.
        log: what it says.
        readiness: how it tells that it is ready.
        seconds: the longest time to wait.
        tell: called with its last line, whenever there is a new one.

    Raises:
        WorkFailedError: the container ended, was not ready in time, or cannot tell; the message has
        its last lines.
    """
    # The wait is for something inside the container, and docker has no event for "ready": so it is
    # asked again.
    deadline = time.monotonic() + seconds
    last = ""
    while (status := _ask(container, log, readiness, deadline)) != 0:
        if status in _NO_PROGRAM:
            # The same is said where the container ends just then.
            log.ended.wait(_ENDING_SECONDS)
        if log.ended.is_set():
            raise WorkFailedError(
                f"the container ended with status {log.status} before it was ready", _told(log)
            )
        if status in _NO_PROGRAM:
            raise WorkFailedError(
                f"whether the container is ready cannot be asked: {readiness.command[0]!r} "
                f"ends with status {status} in it",
                _told(log),
            )
        if time.monotonic() > deadline:
            raise WorkFailedError(
                f"the container was not ready after {seconds:g} s (--wait-timeout)", _told(log)
            )
        if log.lines and log.lines[-1] != last:
            last = log.lines[-1]
            tell(last)
        log.ended.wait(_PAUSE_SECONDS)


def _ask(container: str, log: Attached, readiness: Readiness, deadline: float) -> int | None:
    """The status of one check; None where the container or the time ended before it did."""
    with background("docker", "exec", container, *readiness.command) as check:
        while (status := check.poll()) is None:
            if log.ended.wait(_GLANCE_SECONDS) or time.monotonic() > deadline:
                return None
        return status


def _told(log: Attached) -> str:
    text = "\n".join(log.lines)
    return f"its last lines:\n{text}" if text else "it logged nothing"
