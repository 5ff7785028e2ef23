# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""A container that was created: started, and listened to from its first line on."""

from __future__ import annotations

import subprocess
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from dynamo_container.docker.engine import no_client, told

# How the client begins what the engine says that it cannot do.
_REFUSAL: Final = "Error response from daemon:"


@contextmanager
def background(*argv: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command beside other work, for its status alone; it does not outlive this."""
    try:
        process = subprocess.Popen(
            told(argv),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    except OSError as error:
        raise no_client(error) from error
    with process:
        try:
            yield process
        finally:
            process.kill()


class Attached:
    """A container that was started, and what it says from its first line on; see `attached`.

    Attributes:
        ended: set when it has ended, or could not be started.
    """

    def __init__(self, client: subprocess.Popen[str], most_lines: int) -> None:
        self.ended = threading.Event()
        self._client = client
        self._lock = threading.Lock()
        self._lines: deque[str] = deque(maxlen=most_lines)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def lines(self) -> tuple[str, ...]:
        """The last ones that it said."""
        with self._lock:
            return tuple(self._lines)

    @property
    def started(self) -> bool:
        """Whether docker could start it: where not, its client says so and ends with status 1."""
        return not (self._client.returncode == 1 and self._refusal)

    @property
    def _refusal(self) -> str:
        return next((one for one in self.lines[-2:] if one.startswith(_REFUSAL)), "")

    @property
    def status(self) -> int:
        """The exit status: the container's, or that of `docker run` where it could not start."""
        self.ended.wait()
        if self.started:
            return self._client.returncode
        said = self._refusal
        if "executable file not found" in said or "no such file or directory" in said:
            return 127
        return 126 if "permission denied" in said else 125

    def leave(self) -> None:
        """Listen no more. Killed, because the client hands all other signals to the container."""
        self._client.kill()
        self._reader.join()

    def _read(self) -> None:
        assert self._client.stdout is not None
        with self._client.stdout as output:
            for line in output:
                if text := line.rstrip():
                    with self._lock:
                        self._lines.append(text)
        self._client.wait()
        self.ended.set()


@contextmanager
def attached(container: str, most_lines: int) -> Iterator[Attached]:
    """Start a container that was created, and listen to it.

    Its log would be gone with it where it deletes itself: so somebody listens before it starts. It
    goes on when nobody listens any more.
    """
    argv = ("docker", "start", "--attach", container)
    try:
        client = subprocess.Popen(
            told(argv),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            # Ctrl-C is for this process, which stops the container.
            start_new_session=True,
            preexec_fn=_end_with_parent,  # noqa: PLW1509  # there is no other thread yet
        )
    except OSError as error:
        raise no_client(error) from error
    log = Attached(client, most_lines)
    try:
        yield log
    finally:
        log.leave()


def _end_with_parent() -> None:
    """Where this process is killed, nobody else would end its child (Linux only)."""
    import ctypes
    import signal
    import sys

    if sys.platform == "linux":
        set_parent_death_signal = 1
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)
