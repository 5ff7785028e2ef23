# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Run a command in a container, and start it again when the checkout changes. This module starts
processes.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dynamo_container.development import commands, container
from dynamo_container.development.changes import Reaction, reaction, required
from dynamo_container.development.plan import DevPlan
from dynamo_container.docker import process, signals
from dynamo_container.errors import MachineError, WorkFailedError

if TYPE_CHECKING:
    from watchfiles import Change

# How long a command may take to end, and how often it is looked whether it has ended by itself.
_SECONDS: Final = 10.0
_POLL_MS: Final = 500
_GROUP_FILE: Final = "/tmp/dynamo-container-watch-{}"  # noqa: S108  # of the container


class Job:
    """A command in a container, which can be ended with all its processes.

    Args:
        plan: of the container, which runs.
        words: of the command; empty for none.
    """

    def __init__(self, plan: DevPlan, words: tuple[str, ...]) -> None:
        self._plan = plan
        self._words = words
        self._file = _GROUP_FILE.format(time.time_ns())
        self._stack = ExitStack()
        self._client: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the command; its output is this process's."""
        if not self._words:
            return
        command = commands.in_group(self._plan, self._words, self._file)
        self._client = self._stack.enter_context(process.running(command, own_session=True))

    def ended(self) -> int | None:
        """Return the status of a command that has just ended by itself, once; else None."""
        status = self._client.poll() if self._client else None
        if status is not None:
            self._close()
        return status

    def stop(self) -> None:
        """End the command: killed if it does not end in time."""
        for signal in ("TERM", "KILL"):
            if self._client is None or self._client.poll() is not None:
                break
            process.capture(*commands.end_group(self._plan, self._file, signal).argv)
            try:
                self._client.wait(_SECONDS)
            except subprocess.TimeoutExpired:
                continue
        self._close()

    def _close(self) -> None:
        self._stack.close()
        self._client = None


def watch(plan: DevPlan, words: tuple[str, ...], note: Callable[[str], None]) -> None:
    """Run a command; start it again after each change of the checkout, until Ctrl-C.

    Args:
        plan: of a container that runs.
        words: of the command; empty to build only.
        note: prints a line.

    Raises:
        MachineError: watchfiles is not installed.
        KeyboardInterrupt: the end.
    """
    batches = _batches(Path(plan.settings.source))
    job = Job(plan, words)
    built = started = time.time()
    with signals.raised():
        try:
            job.start()
            for changed in batches:
                if (status := job.ended()) is not None:
                    note(f"the command ended with status {status}; it starts again after a change")
                needed = required(changed, built=built, started=started)
                if needed is Reaction.NONE:
                    continue
                if needed is Reaction.BUILD:
                    built = time.time()
                    if not _build(plan, changed, note):
                        continue
                _restart(job, changed, note)
                started = time.time()
        finally:
            job.stop()


def _build(plan: DevPlan, changed: list[tuple[str, float]], note: Callable[[str], None]) -> bool:
    """Build in place; return whether that succeeded. The command goes on if not."""
    note(f"{_names(changed)} changed: building in place")
    begun = time.monotonic()
    try:
        container.build(plan, terminal=False)
    except WorkFailedError as error:
        note(f"{error.what}; the next change is built again")
        return False
    note(f"built in place ({time.monotonic() - begun:.1f} s)")
    return True


def _restart(job: Job, changed: list[tuple[str, float]], note: Callable[[str], None]) -> None:
    begun = time.monotonic()
    job.stop()
    job.start()
    note(f"{_names(changed)} changed: started again ({time.monotonic() - begun:.1f} s)")


def _names(changed: list[tuple[str, float]]) -> str:
    first, *rest = sorted(path for path, _ in changed)
    return f"{first} and {len(rest)} more" if rest else first


def _batches(folder: Path) -> Iterator[list[tuple[str, float]]]:
    """Return the changes of files that matter, in batches: an empty one from time to time."""
    try:
        import watchfiles
    except ImportError as error:
        raise MachineError(
            "--watch requires watchfiles, which is not installed",
            "pip install 'dynamo-container[watch]'",
        ) from error

    def matters(_change: Change, path: str) -> bool:
        return reaction(str(Path(path).relative_to(folder))) is not Reaction.NONE

    # Started here, so that no change is lost before the first batch is asked for.
    watched = watchfiles.watch(
        folder, watch_filter=matters, rust_timeout=_POLL_MS, yield_on_timeout=True
    )
    return ([_timed(folder, Path(path)) for _, path in batch] for batch in watched)


def _timed(folder: Path, path: Path) -> tuple[str, float]:
    try:
        changed = path.lstat().st_mtime
    except OSError:
        changed = time.time()  # it was deleted
    return str(path.relative_to(folder)), changed
