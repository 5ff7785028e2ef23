# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The mechanism of `process`: a child process that ends with this one, whatever ends it."""

from __future__ import annotations

import ctypes
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from dynamo_container.docker import signals
from dynamo_container.docker.errors import no_client

# The time that a plugin of a killed docker command gets to end by itself: it usually takes 0.1 s.
_PLUGIN_SECONDS: Final = 10.0
_SET_PARENT_DEATH_SIGNAL: Final = 1


@contextmanager
def child(argv: Sequence[bytes], **options: Any) -> Iterator[subprocess.Popen[Any]]:  # Any: Popen's
    """Start a process that is killed when the block ends, if it has not ended by then.

    A docker command is killed, not terminated: at a terminal it ignores SIGTERM while a plugin
    runs, and in front of a container it passes every other signal on. A plugin such as buildx
    notices its end, cancels its work and ends too. We wait for that, so that nothing runs on. If
    this process is killed, the kernel kills the child.

    Args:
        argv: program and arguments.
        options: of `subprocess.Popen`.

    Raises:
        EngineError: the program cannot be started.
    """
    ends, leash = os.pipe()  # the child and its plugins have the leash open until they end
    process = None
    with signals.raised():
        try:
            with signals.held():
                process = _start(argv, leash, options)
            yield process
        finally:
            with signals.held():
                os.close(leash)
                if process is not None:
                    _end(process, ends)
                os.close(ends)


def _start(argv: Sequence[bytes], leash: int, options: dict[str, Any]) -> subprocess.Popen[Any]:
    try:
        return subprocess.Popen(
            argv,
            pass_fds=(leash,),
            preexec_fn=_dies_with(os.getpid()),  # noqa: PLW1509  # it takes no lock
            **options,
        )
    except OSError as error:
        raise no_client(error) from error


def _end(process: subprocess.Popen[Any], ends: int) -> None:
    """Kill a process that has not ended, and wait until its children have ended too."""
    below = []
    if process.poll() is None:
        below = _descendants(process.pid)
        process.kill()
    # A signal can also have reached it directly, as from a terminal that was closed.
    if process.wait() < 0 and not select.select([ends], [], [], _PLUGIN_SECONDS)[0]:
        for number in below:
            _kill(number)
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()


def _descendants(process: int) -> list[int]:
    """Return the processes that a process has started, directly or not (Linux only)."""
    found: list[int] = []
    for file in Path(f"/proc/{process}/task").glob("*/children"):
        try:
            numbers = [int(number) for number in file.read_text().split()]
        except OSError:
            continue  # the thread has just ended
        for number in numbers:
            found += [number, *_descendants(number)]
    return found


def _kill(process: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)


def _dies_with(parent: int) -> Callable[[], None] | None:
    """Return what makes the kernel kill the new process when its parent ends (Linux only)."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl

    def run_in_child() -> None:
        prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
        if os.getppid() != parent:  # it ended before this call
            os._exit(1)

    return run_in_child
