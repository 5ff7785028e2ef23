# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The mechanism of `process`: a child process that ends with this one, whatever ends it."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final

from dynamo_container.docker import leash as leashes, signals
from dynamo_container.docker.command import PYTHON
from dynamo_container.docker.errors import no_client
from dynamo_container.docker.leash import Leash
from dynamo_container.docker.program import PODMAN

# Waits for this process to end: a line comes if it ends in order. A plugin that has just started
# does not notice the end of docker.
_GUARD: Final = """\
trap '' HUP INT TERM
cd /
read -r _ || exec "$@"
"""
_SET_PARENT_DEATH_SIGNAL: Final = 1


@contextmanager
def child(
    argv: Sequence[bytes],
    *,
    guarded: bool = False,
    **options: Any,  # Popen's
) -> Iterator[subprocess.Popen[Any]]:
    """Start a process that is killed when the block ends, if it has not ended by then.

    A docker command is killed, not terminated: at a terminal it ignores SIGTERM while a plugin
    runs, and in front of a container it passes every other signal on. A plugin such as buildx
    gets SIGTERM, so that it cancels its work. We wait for that, so that nothing runs on. If
    this process is killed, the kernel kills the child.

    Args:
        argv: program and arguments.
        guarded: whether its plugins end too if this process is killed.
        options: of `subprocess.Popen`.

    Raises:
        EngineError: the program cannot be started.
    """
    leash = Leash()
    process = guard = None
    with signals.raised():
        try:
            with signals.held():
                process = _start(argv, leash, options)
                guard = _start_guard(leash) if guarded else None
            yield process
        finally:
            with signals.held():
                leash.let_go()
                if process is not None:
                    _end(process, leash)
                if guard is not None:
                    _dismiss(guard)
                leash.close()


def _start(argv: Sequence[bytes], leash: Leash, options: dict[str, Any]) -> subprocess.Popen[Any]:
    try:
        return subprocess.Popen(
            argv,
            # Podman has no plugins, and what watches over a container must outlive it.
            pass_fds=() if argv[0] == PODMAN.encode() else (leash.held,),
            preexec_fn=_dies_with(os.getpid()),  # noqa: PLW1509  # it takes no lock
            **options,
        )
    except OSError as error:
        raise no_client(error) from error


def _end(process: subprocess.Popen[Any], leash: Leash) -> None:
    """Kill a process that has not ended, and wait until its plugins have ended too."""
    if process.poll() is None:
        process.kill()
    # A signal can also have reached it directly, as from a terminal that was closed.
    if process.wait() < 0:
        leash.end_holders()
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()


def _start_guard(leash: Leash) -> subprocess.Popen[bytes]:
    """Start a shell that ends the holders of the leash if this process is killed."""
    program = f"from {leashes.__name__} import end_holders; end_holders({leash.name!r})"
    return subprocess.Popen(
        ("/bin/sh", "-c", _GUARD, "sh", *PYTHON, "-c", program),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _dismiss(guard: subprocess.Popen[bytes]) -> None:
    with suppress(OSError):
        guard.communicate(b"\n")


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
