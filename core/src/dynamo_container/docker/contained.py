# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""A program in an image, run to its end. It is the image's, so its time and its output are limited,
and its container is removed whatever happens.
"""

from __future__ import annotations

import subprocess
from typing import Final

from dynamo_container.docker import process
from dynamo_container.docker.command import Command
from dynamo_container.docker.created import created

# The engine keeps no log: it would fill the engine's disk before anyone reads it.
_NO_LOG: Final = "--log-driver=none"
_NOT_FOUND_STATUS: Final = 127
# How the client's message starts if the engine cannot start a container.
_REFUSAL: Final = "Error response from daemon:"
_NOT_FOUND: Final = ("executable file not found", "no such file or directory")


def run(program: str, *words: str, seconds: float, limit: int) -> subprocess.CompletedProcess[str]:
    """Run a container to its end.

    Args:
        program: docker or podman.
        words: the arguments of its `create`.
        seconds: the timeout.
        limit: for what is printed, in bytes.

    Returns:
        The container's exit status and output; status 127 if it does not have the program.

    Raises:
        NoAnswerError: it did not end in time.
        TooMuchOutputError: it printed more.
    """
    command = Command(argv=(program, "create", "--pull=never", _NO_LOG, *words))
    # The engine's messages can quote the image.
    with created(command, captured=True) as container:
        if not container.id:
            problem = container.problem or f"{program} could not create a container"
            return subprocess.CompletedProcess(command.argv, container.status, "", problem)
        start = (program, "start", "--attach", container.id)
        answer = process.capture(*start, timeout=seconds, limit=limit)
    if answer.returncode and _is_missing(answer.stderr):
        answer.returncode = _NOT_FOUND_STATUS
    return answer


def _is_missing(text: str) -> bool:
    """Whether docker reports that the container does not have its program."""
    return text.startswith(_REFUSAL) and any(words in text for words in _NOT_FOUND)
