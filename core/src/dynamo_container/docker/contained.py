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
from dynamo_container.docker.errors import PROGRAM_NOT_FOUND, REFUSAL, start_status

# The engine keeps no log: it would fill the engine's disk before anyone reads it.
_NO_LOG: Final = "--log-driver=none"


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
    refused = answer.returncode and answer.stderr.startswith(REFUSAL)
    if refused and start_status(answer.stderr) == PROGRAM_NOT_FOUND:
        answer.returncode = PROGRAM_NOT_FOUND
    return answer
