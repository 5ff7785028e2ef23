# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The name of a project belongs to one `serve`, until what that has started is removed.

A `serve` that is killed leaves a guard, which removes the project several times. Without a
reservation, the guard would also remove a project of the same name that was started meanwhile.

Reservations are abstract Unix sockets: names that the kernel knows as long as a process has them
open. They need no folder, leave no files, and cannot be left by a process that ended (Linux only).
"""

from __future__ import annotations

import errno
import hashlib
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Final

from dynamo_container.docker import configuration
from dynamo_container.errors import MachineError, UsageError

# The guard takes 15 s on an engine without load; containers have 30 s to finish their answers.
_SECONDS: Final = 120.0
_LOOK_SECONDS: Final = 0.2


@contextmanager
def reserved(
    project: str, note: Callable[[str], None], seconds: float = _SECONDS
) -> Iterator[tuple[int, ...]]:
    """Reserve the name of a project on the engine in use; wait for the guard of an earlier `serve`.

    Args:
        project: the name.
        note: prints what is waited for.
        seconds: how long to wait.

    Yields:
        File descriptors. The guard inherits them, so that the name is reserved until it has ended.

    Raises:
        UsageError: another `serve` has the name.
        MachineError: what a killed `serve` has started was not removed in time.
    """
    if sys.platform != "linux":
        yield ()
        return
    name = _name(project)
    with ExitStack() as stack:
        serving, removal = (
            stack.enter_context(socket.socket(socket.AF_UNIX)) for _ in ("serving", "removal")
        )
        # Not inherited: this name is free as soon as this process has ended.
        if not _take(serving, f"{name}-serving"):
            raise UsageError(
                f"the project {project} already exists: another serve starts, runs or removes it",
                f"stop it: dynamo-container serve stop {project}; or choose another --name",
            )
        _wait(removal, f"{name}-removal", project, note, seconds)
        yield (removal.fileno(),)


def _wait(
    removal: socket.socket, name: str, project: str, note: Callable[[str], None], seconds: float
) -> None:
    if _take(removal, name):
        return
    note(
        f"a serve of the project {project} was killed: waiting until what it started is removed, "
        f"up to {seconds:g} s"
    )
    deadline = time.monotonic() + seconds
    while not _take(removal, name):
        if time.monotonic() > deadline:
            raise MachineError(
                f"what a killed serve of the project {project} started was not removed within "
                f"{seconds:g} s",
                "choose another --name; or check that the engine works: dynamo-container doctor",
            )
        time.sleep(_LOOK_SECONDS)


def _take(one: socket.socket, name: str) -> bool:
    """Give a socket a name; return whether that was possible, or needless on this machine."""
    try:
        one.bind(f"\0{name}")
    except OSError as error:
        return error.errno != errno.EADDRINUSE
    return True


def _name(project: str) -> str:
    """The name of a socket for a project on one engine. Names of projects can be too long."""
    key = "\0".join((*configuration.engine(), project))
    return f"dynamo-container-{hashlib.sha256(key.encode(errors='surrogateescape')).hexdigest()}"
