# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""A program in an image, run to its end. It is the image's, so its time, its output and what it
writes are limited, and its container is removed whatever happens.
"""

from __future__ import annotations

import csv
import io
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Final

from dynamo_container.docker import process
from dynamo_container.docker.command import Command
from dynamo_container.docker.created import created
from dynamo_container.docker.errors import PROGRAM_NOT_FOUND, REFUSAL, start_status
from dynamo_container.errors import TooMuchWrittenError

# The engine keeps no log: it would fill the engine's disk before anyone reads it.
_NO_LOG: Final = "--log-driver=none"
# Checks write caches of some hundred MB. Few engines can enforce a limit, so it is watched.
WRITTEN_BYTES: Final = 5_000_000_000
# Asking an engine takes it some 20 ms.
_LOOK_SECONDS: Final = 2.0


def run(
    program: str,
    *words: str,
    seconds: float,
    limit: int,
    written: int = WRITTEN_BYTES,
    volumes: tuple[str, ...] = (),
) -> subprocess.CompletedProcess[str]:
    """Run a container to its end.

    Args:
        program: docker or podman.
        words: the arguments of its `create`.
        seconds: the timeout.
        limit: for what is printed, in bytes.
        written: the limit for what is written to the container's own file system, in bytes.
        volumes: those that the image declares, to which nothing can be written: they are not part
            of that file system, so neither `--read-only` nor the limit is about them.

    Returns:
        The container's exit status and output; status 127 if it does not have the program.

    Raises:
        NoAnswerError: it did not end in time.
        TooMuchOutputError: it printed more.
        TooMuchWrittenError: it wrote more.
    """
    # A volume without a name cannot be read-only.
    named = {f"dynamo-container-{uuid.uuid4().hex}": path for path in volumes}
    closed = (_closed_volume(name, path) for name, path in named.items())
    command = Command(argv=(program, "create", "--pull=never", _NO_LOG, *closed, *words))
    # The engine's messages can quote the image.
    with created(command, captured=True, volumes=tuple(named)) as container:
        if not container.id:
            problem = container.problem or f"{program} could not create a container"
            return subprocess.CompletedProcess(command.argv, container.status, "", problem)
        start = (program, "start", "--attach", container.id)
        with _watched(program, container.id, written) as exceeded:
            answer = process.capture(*start, timeout=seconds, limit=limit)
        if exceeded.is_set():
            raise TooMuchWrittenError(f"a container wrote more than {written / 1e6:,.0f} MB")
    refused = answer.returncode and answer.stderr.startswith(REFUSAL)
    if refused and start_status(answer.stderr) == PROGRAM_NOT_FOUND:
        answer.returncode = PROGRAM_NOT_FOUND
    return answer


def _closed_volume(name: str, path: str) -> str:
    line = io.StringIO()
    fields = ("type=volume", f"source={name}", f"target={path}", "readonly")
    # What contains a character of the line's end is quoted.
    csv.writer(line, lineterminator="\n").writerow(fields)
    return f"--mount={line.getvalue()[:-1]}"


@contextmanager
def _watched(program: str, container: str, limit: int) -> Iterator[Event]:
    """Kill a container that writes more than a limit.

    Yields:
        Whether it did, when the block ends.
    """
    ended, exceeded = Event(), Event()

    def watch() -> None:
        size = (program, "container", "inspect", "--size", "--format={{.SizeRw}}", container)
        while not ended.wait(_LOOK_SECONDS):
            written = process.query(*size).strip()
            if written.isdecimal() and int(written) > limit:
                exceeded.set()
                process.query(program, "kill", container)

    watcher = Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield exceeded
    finally:
        ended.set()
        watcher.join()
