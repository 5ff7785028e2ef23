# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""A created container: started, and its output read from the first line on."""

from __future__ import annotations

import re
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from dynamo_container.docker import process, program
from dynamo_container.docker.errors import REFUSAL, start_status

if TYPE_CHECKING:
    import subprocess

# The longest line; a longer one is read as several, so that an endless one takes no memory.
_LINE_BYTES: Final = 65536


class Attached:
    """A started container and the last lines of its output. Created by `attached`.

    Attributes:
        ended: set when the container has ended or could not be started.
        matched: set when a line of its output has matched the pattern.
    """

    def __init__(self, client: subprocess.Popen[str], max_lines: int, pattern: str) -> None:
        self.ended = threading.Event()
        self.matched = threading.Event()
        self._pattern = re.compile(pattern) if pattern else None
        self._client = client
        self._lock = threading.Lock()
        self._lines: deque[str] = deque(maxlen=max_lines)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def lines(self) -> tuple[str, ...]:
        """The last lines of its output."""
        with self._lock:
            return tuple(self._lines)

    @property
    def started(self) -> bool:
        """Whether docker could start it; if not, its client prints why and exits with status 1."""
        return not (self._client.returncode == 1 and self._refusal)

    @property
    def _refusal(self) -> str:
        return next((line for line in self.lines[-2:] if line.startswith(REFUSAL)), "")

    @property
    def status(self) -> int:
        """The exit status: the container's, or that of `docker run` if it could not be started."""
        self.ended.wait()
        if self.started:
            return self._client.returncode
        return start_status(self._refusal)

    def detach(self) -> None:
        """Stop reading. The client is killed: it forwards all other signals to the container."""
        self._client.kill()
        self._reader.join()

    def _read(self) -> None:
        assert self._client.stdout is not None
        with self._client.stdout as output:
            while line := output.readline(_LINE_BYTES):
                if self._pattern and self._pattern.search(line.rstrip("\r\n")):
                    self.matched.set()
                if text := line.rstrip():
                    with self._lock:
                        self._lines.append(text)
        self._client.wait()
        self.ended.set()


@contextmanager
def attached(container: str, max_lines: int, pattern: str = "") -> Iterator[Attached]:
    """Start a created container and read its output until the block ends; the container goes on.

    The log of a container that deletes itself is deleted too, so we attach before it starts.

    Args:
        container: its ID.
        max_lines: how many of its last lines are kept.
        pattern: a regular expression, see `Attached.matched`; empty for none.

    Raises:
        EngineError: docker is not installed.
    """
    # In a session of its own: Ctrl-C is for this process, which decides about the container.
    with process.follow(program.selected(), "start", "--attach", container) as client:
        log = Attached(client, max_lines, pattern)
        try:
            yield log
        finally:
            log.detach()
