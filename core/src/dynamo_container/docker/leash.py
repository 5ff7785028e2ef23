# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""A pipe that a child process and its own children have open until they end (Linux only).

It tells when all of them have ended, and who has not: docker may start a plugin in its last moment,
so it would be too late to ask it for its children.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

# The time that a plugin gets to cancel its work: it usually takes 0.1 s.
_SECONDS: Final = 10.0


class Leash:
    """A new pipe.

    Attributes:
        held: the descriptor that the child inherits.
        name: of the pipe, as `/proc/*/fd` has it; empty if this machine has no such folder.
    """

    def __init__(self) -> None:
        self._ends, self.held = os.pipe()
        linux = sys.platform == "linux"
        self.name = str(Path(f"/proc/self/fd/{self.held}").readlink()) if linux else ""

    def let_go(self) -> None:
        """Close this process's own copy of the inherited descriptor."""
        os.close(self.held)

    def end_holders(self) -> None:
        """Make the processes end that still have the pipe open, and wait for that."""
        if not self._has_ended(0):
            _signal_holders(self.name, signal.SIGTERM)
            if not self._has_ended(_SECONDS):
                _signal_holders(self.name, signal.SIGKILL)

    def _has_ended(self, seconds: float) -> bool:
        return bool(select.select([self._ends], [], [], seconds)[0])

    def close(self) -> None:
        """Close the pipe."""
        os.close(self._ends)


def end_holders(name: str) -> None:
    """Make the processes end that have a pipe open: of a process that was killed, and that had the
    other end of it.
    """
    deadline = time.monotonic() + _SECONDS
    _signal_holders(name, signal.SIGTERM)
    while _signal_holders(name, 0) and time.monotonic() < deadline:
        time.sleep(0.1)
    _signal_holders(name, signal.SIGKILL)


def _signal_holders(name: str, number: int) -> int:
    """Send a signal to the processes that have a pipe open, and return how many there are.

    Signal 0 only counts them.
    """
    count = 0
    for folder in Path("/proc").glob("[0-9]*/fd") if name else ():
        holder = int(folder.parent.name)
        with suppress(OSError):  # it has just ended, or belongs to another user
            if holder != os.getpid() and name in map(os.readlink, folder.iterdir()):
                os.kill(holder, number)
                count += 1
    return count
