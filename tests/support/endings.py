# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Start a command, end it in a way that users and machines do, and see what is left."""

from __future__ import annotations

import fcntl
import os
import pty
import signal
import subprocess
import sys
import termios
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engines import IMAGE

_MARK = "DYNAMO_CONTAINER_TEST_MARK"
# The ways in which a command ends: signals, and the terminal that is closed.
ENDINGS = ("INT", "TERM", "HUP", "KILL", "terminal")
# Exit statuses; a killed process has a negative one.
STATUSES = {"INT": 130, "TERM": 143, "HUP": 129, "KILL": -9, "terminal": 129}


def hooks(check: str) -> str:
    """Return the hooks of a framework that is ready when its container has `/tmp-ready`.

    Args:
        check: what its check, which is called `a shell`, runs.
    """
    return f"""
@hookimpl
def dynamo_container_readiness(request):
    return Readiness(argv=("ls", "/tmp-ready"))

@hookimpl
def dynamo_container_checks(request):
    yield Check(name="a shell", argv=("sh", "-c", {check!r}))
"""


def dockerfile(seconds: int) -> str:
    """Return a Dockerfile of the stage `runtime`, whose step takes so many seconds."""
    return f"FROM {IMAGE} AS runtime\nARG STEP\nRUN --network=none sleep {seconds}\n"


class Started:
    """A command that runs, at a terminal of its own or without one.

    Attributes:
        mark: is in the environment of its processes.
    """

    def __init__(self, *words: str, ending: str) -> None:
        self.mark = uuid.uuid4().hex
        self._ending = ending
        self._terminal, inside = pty.openpty()
        at_terminal = ending == "terminal"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "dynamo_container", *words],
            env={**os.environ, _MARK: self.mark},
            stdin=inside if at_terminal else subprocess.DEVNULL,
            stdout=inside,
            stderr=inside,
            start_new_session=True,
            preexec_fn=_take_terminal if at_terminal else None,  # noqa: PLW1509  # it takes no lock
        )
        os.close(inside)
        self._output = bytearray()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def output(self) -> str:
        """What it has printed so far."""
        return self._output.decode(errors="replace")

    def _read(self) -> None:
        try:
            while data := os.read(self._terminal, 65536):
                self._output += data
        except OSError:
            pass  # all others have closed it

    def end(self, *, again: bool = False) -> int:
        """End it, and return its exit status.

        Args:
            again: do it once a second, as people do: docker loses a signal that it passes on
                before the first process of a container has started.
        """
        self._signal()
        while True:
            try:
                return self.process.wait(1 if again else 30)
            except subprocess.TimeoutExpired:
                assert again, self.output
                self._signal()

    def _signal(self) -> None:
        if self._ending == "terminal":
            # Closing the last descriptor would do the same, but a thread reads from it.
            os.killpg(self.process.pid, signal.SIGHUP)
            os.killpg(self.process.pid, signal.SIGCONT)
        else:
            self.process.send_signal(getattr(signal, f"SIG{self._ending}"))

    def processes(self) -> list[str]:
        """Return its processes that still run, and those that they have started."""
        return [words for words, environment in _processes() if self.mark in environment]


def _take_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def running(text: str) -> list[str]:
    """Return the processes of this machine, also in containers, that have this text in their
    environment.
    """
    return [words for words, environment in _processes() if text in environment]


def _processes() -> Iterator[tuple[str, str]]:
    """Yield the arguments and the environment of each process."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            environment = (folder / "environ").read_bytes().decode(errors="replace")
        except OSError:
            continue  # it has just ended
        if words:
            yield words, environment


@contextmanager
def started(*words: str, ending: str) -> Iterator[Started]:
    """Start a command that is killed at the end."""
    command = Started(*words, ending=ending)
    try:
        yield command
    finally:
        command.process.kill()
        command.process.wait()
