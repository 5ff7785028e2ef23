# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Wait until a container that was just started is ready. This module starts processes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from dynamo_container.containers import probe
from dynamo_container.docker import program
from dynamo_container.docker.attached import Attached
from dynamo_container.docker.process import background, capture
from dynamo_container.errors import EngineError, WorkFailedError
from dynamo_container.model.values import Readiness

LAST_LINES: Final = 20
_CHECK_INTERVAL_SECONDS: Final = 0.25
_POLL_SECONDS: Final = 0.05
_EXIT_SECONDS: Final = 1.0
_REASON_SECONDS: Final = 10.0
# What a shell and docker return if the program does not exist or cannot be executed.
_CANNOT_EXECUTE: Final = (126, 127)


def wait(
    container: str,
    log: Attached,
    readiness: Readiness,
    seconds: float,
    on_line: Callable[[str], None],
) -> None:
    """Wait until a container that was just started is ready.

    Args:
        container: its ID.
        log: its output.
        readiness: how to find out whether it is ready.
        seconds: the timeout.
        on_line: called with the last line of its output whenever that has changed.

    Raises:
        WorkFailedError: the container has ended, is not ready in time, or cannot be checked; the
            message includes its last lines.
    """
    # Readiness is a state inside the container, and docker has no event for it: so we poll.
    deadline = time.monotonic() + seconds
    last_line = ""
    while (status := _check(container, log, readiness, deadline)) != 0:
        if status in _CANNOT_EXECUTE:
            # Docker returns the same status if the container ends at this moment.
            log.ended.wait(_EXIT_SECONDS)
        late = time.monotonic() > deadline
        if problem := _problem(log, readiness, status, seconds, late=late):
            if late and not log.ended.is_set():
                problem += _reason(container, readiness)
            raise WorkFailedError(
                problem, "its last lines:" if log.lines else "it printed nothing", log.lines
            )
        if log.lines and log.lines[-1] != last_line:
            last_line = log.lines[-1]
            on_line(last_line)
        log.ended.wait(_CHECK_INTERVAL_SECONDS)


def _check(container: str, log: Attached, readiness: Readiness, deadline: float) -> int | None:
    """Return the exit status of one check; None if the container or the time ended first."""
    if readiness.log:
        return 0 if log.matched.is_set() else 1
    with background(program.selected(), "exec", container, *probe.command(readiness)) as check:
        while (status := check.poll()) is None:
            if log.ended.wait(_POLL_SECONDS) or time.monotonic() > deadline:
                return None
        return status


def _reason(container: str, readiness: Readiness) -> str:
    """Return what the last check says; empty if it says nothing."""
    if readiness.log:
        return f": no line of its output matches {readiness.log!r}"
    try:
        words = ("exec", container, *probe.command(readiness))
        answer = capture(program.selected(), *words, timeout=_REASON_SECONDS)
    except EngineError:
        return ""
    lines = (answer.stderr + answer.stdout).strip().splitlines()
    return f": {lines[-1]}" if lines and answer.returncode else ""


def _problem(
    log: Attached, readiness: Readiness, status: int | None, seconds: float, *, late: bool
) -> str:
    """Return why it is pointless to go on waiting; empty if it is not."""
    if log.ended.is_set():
        return f"the container ended with status {log.status} before it was ready"
    if status in _CANNOT_EXECUTE:
        return (
            "the container's readiness cannot be checked: "
            f"{probe.command(readiness)[0]!r} exits with status {status} in it"
        )
    if late:
        return f"the container was not ready after {seconds:g} s (--wait-timeout)"
    return ""
