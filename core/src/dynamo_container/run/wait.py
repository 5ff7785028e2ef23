# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Waiting until a container that was just started is ready."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Final

from dynamo_container import engine
from dynamo_container.errors import WorkFailedError
from dynamo_container.values import Readiness

_LAST_LINES: Final = 20
_PAUSE_SECONDS: Final = 0.25


def wait(container: str, readiness: Readiness, seconds: float, tell: Callable[[str], None]) -> None:
    """Wait until the container is ready.

    Args:
        container: its ID.
        readiness: how it says so.
        seconds: the longest time to wait.
        tell: called with a line about the state whenever there is a new one.

    Raises:
        WorkFailedError: the container ended, or was not ready in time; the message has its last log
        lines.
    """
    # The wait is for something outside of this process, and docker has no event for "ready": so it
    # is asked again.
    deadline = time.monotonic() + seconds
    log = ""
    while engine.capture("docker", "exec", container, *readiness.command).returncode:
        state = _state(container)
        # A container that removes itself takes its log along: then the last one that was seen has
        # to do.
        fresh = _log(container)
        if fresh and fresh != log:
            log = fresh
            tell(log.splitlines()[-1])
        if state is None or not state.get("Running"):
            status = f" with status {state.get('ExitCode')}" if state else ""
            raise WorkFailedError(f"the container ended{status} before it was ready", _told(log))
        if time.monotonic() > deadline:
            raise WorkFailedError(
                f"the container was not ready after {seconds:g} s (--wait-timeout)", _told(log)
            )
        time.sleep(_PAUSE_SECONDS)


def _state(container: str) -> dict[str, object] | None:
    answer = engine.capture(
        "docker", "container", "inspect", "--format", "{{json .State}}", container
    )
    if answer.returncode:
        return None
    state: dict[str, object] = json.loads(answer.stdout)
    return state


def _log(container: str) -> str:
    answer = engine.capture("docker", "logs", "--tail", str(_LAST_LINES), container)
    return "" if answer.returncode else (answer.stdout + answer.stderr).strip()


def _told(log: str) -> str:
    return f"its last lines:\n{log}" if log else "it logged nothing"
