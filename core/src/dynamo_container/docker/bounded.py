# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What a process prints, up to a limit: a program in an image of others can print without end."""

from __future__ import annotations

import os
import selectors
import subprocess
import time
from typing import IO, Final

_CHUNK_BYTES: Final = 65536


class TooMuchOutput(Exception):  # noqa: N818  # as subprocess.TimeoutExpired, which is beside it
    """A process has printed more than the limit."""


def communicate(
    process: subprocess.Popen[bytes], seconds: float, limit: int
) -> tuple[bytes, bytes]:
    """Return the standard output and standard error of a process, when it has ended.

    Args:
        process: with pipes for both.
        seconds: the timeout.
        limit: for both together, in bytes.

    Raises:
        subprocess.TimeoutExpired: the process has not ended in time.
        TooMuchOutput: it has printed more.
    """
    deadline = time.monotonic() + seconds
    parts: dict[IO[bytes], bytearray] = {}
    with selectors.DefaultSelector() as selector:
        for pipe in (process.stdout, process.stderr):
            assert pipe
            parts[pipe] = bytearray()
            selector.register(pipe, selectors.EVENT_READ)
        while selector.get_map():
            ready = selector.select(deadline - time.monotonic())
            if not ready and time.monotonic() >= deadline:
                raise subprocess.TimeoutExpired(process.args, seconds)
            for key, _ in ready:
                pipe = key.fileobj  # type: ignore[assignment]  # one of those above
                assert pipe
                if data := os.read(key.fd, _CHUNK_BYTES):
                    parts[pipe] += data
                else:
                    selector.unregister(pipe)
            if sum(map(len, parts.values())) > limit:
                raise TooMuchOutput
    process.wait(max(0.0, deadline - time.monotonic()))
    output, errors = parts.values()
    return bytes(output), bytes(errors)
