# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`run --detach --wait`: start a container, and return when it is ready."""

from __future__ import annotations

import shutil
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import click

from dynamo_container.cli.app import Session
from dynamo_container.containers import docker_argv
from dynamo_container.containers.plan import RunPlan
from dynamo_container.containers.wait import LAST_LINES, wait
from dynamo_container.docker import process
from dynamo_container.docker.attached import attached
from dynamo_container.errors import WorkFailedError

# What ends this process: a terminal that closes, Ctrl-C, `kill`.
_ENDING: Final = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)
# Where nobody watches a line change, one now and then is enough.
_LINE_SECONDS: Final = 10.0


def start_and_wait(session: Session, plan: RunPlan, seconds: float) -> int:
    """Start the container and wait until it is ready; the result is the exit status.

    Raises:
        WorkFailedError: it did not become ready; it is stopped then, where it deletes itself.
    """
    assert plan.readiness is not None
    progress = _Progress(session)
    with _ending_raises():
        # It may pull the image: who ends this meanwhile ends that, too.
        status, container = process.run_to_completion(docker_argv.create_command(plan))
        if status:
            return status
        try:
            with attached(container, LAST_LINES) as log:
                try:
                    wait(container, log, plan.readiness, seconds, progress.tell)
                except WorkFailedError:
                    if log.started:
                        raise
                    click.echo("\n".join(log.lines), err=True)
                    return log.status
                finally:
                    progress.clear()
        except BaseException:
            # Also where the user interrupts: nobody is left who could use the container.
            if plan.remove:
                _stop(container)
            raise
    click.echo(container)
    return 0


@contextmanager
def _ending_raises() -> Iterator[None]:
    """Every signal that ends the process raises, as Ctrl-C does, so that nothing is left behind."""

    def end(number: int, _frame: object) -> None:
        raise KeyboardInterrupt if number == signal.SIGINT else SystemExit(128 + number)

    before = {number: signal.signal(number, end) for number in _ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _stop(container: str) -> None:
    """Stop it, whatever comes: the docker command ignores the signals, too."""
    for number in _ENDING:
        signal.signal(number, signal.SIG_IGN)
    process.capture("docker", "stop", container)
    # One that never started does not delete itself.
    process.capture("docker", "rm", "--force", container)


class _Progress:
    """The container's last line: at a terminal in place, else a line now and then."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._in_place = sys.stderr.isatty() and not session.quiet
        self._told_at = -_LINE_SECONDS

    def clear(self) -> None:
        """Leave no line behind."""
        if self._in_place:
            click.echo("\r\x1b[K", err=True, nl=False)

    def tell(self, line: str) -> None:
        """Show the line."""
        text = "".join(sign if sign.isprintable() else " " for sign in line)
        if self._in_place:
            width = shutil.get_terminal_size().columns
            click.echo(f"\r\x1b[K{f'waiting: {text}'[: width - 1]}", err=True, nl=False)
        elif time.monotonic() - self._told_at >= _LINE_SECONDS:
            self._told_at = time.monotonic()
            self._session.note(f"waiting: {text}")
