# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`run --detach --wait`: print what `containers.start` does."""

from __future__ import annotations

import shutil
import sys
import time
from typing import Final

from dynamo_container.cli.app import PROGRAM, Session
from dynamo_container.containers import start
from dynamo_container.containers.plan import RunPlan
from dynamo_container.errors import OutputError, WorkFailedError
from dynamo_container.model.text import printable
from dynamo_container.printing import print_line, print_lines, print_progress

# How often a line is printed if it cannot replace the previous one.
_LINE_SECONDS: Final = 10.0


def start_and_wait(session: Session, plan: RunPlan, seconds: float) -> int:
    """Start the container, wait until it is ready and print its ID; return the exit status.

    Raises:
        WorkFailedError: it did not become ready.
    """
    started = start.start_and_wait(plan, seconds, _Progress(session))
    if started.refusal:
        print_lines(started.refusal, err=True)
    if started.container:
        _print_id(started.container)
    return started.status


def _print_id(container: str) -> None:
    """Print a container's ID, on standard error if standard output is gone."""
    try:
        print_line(container)
    except (OutputError, SystemExit) as error:
        raise WorkFailedError(
            f"container {container[:12]} is ready, but its ID could not be printed",
            f"stop it: {PROGRAM} stop {container[:12]}",
        ) from error


class _Progress:
    """Shows the container's last line: in place at a terminal, else one now and then."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._in_place = sys.stderr.isatty() and not session.quiet
        self._last_shown = -_LINE_SECONDS

    def clear(self) -> None:
        if self._in_place:
            print_progress("")

    def show(self, line: str) -> None:
        if self._in_place:
            width = shutil.get_terminal_size().columns
            print_progress(f"waiting: {printable(line)}"[: width - 1])
        elif time.monotonic() - self._last_shown >= _LINE_SECONDS:
            self._last_shown = time.monotonic()
            self._session.note(f"waiting: {line}")
