# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Containers that do not outlive what they were created for, whatever ends this process.

A shell in a session of its own holds the end of a pipe. When this process ends, even if it is
killed, the shell notices and removes the container.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

from dynamo_container.docker import process, signals
from dynamo_container.docker.command import Command
from dynamo_container.errors import MachineError

_VOLUMES: Final = "CREATED_VOLUMES"
# The shell creates the container, because an engine that was asked for one creates it, even if the
# client is killed: then its ID would not be known.
_SCRIPT: Final = """\
trap '' HUP INT TERM PIPE
remove_volumes() {
    [ -z "$CREATED_VOLUMES" ] || "$1" volume rm --force $CREATED_VOLUMES >/dev/null 2>&1
}
container=$("$@") || { echo "$?"; remove_volumes "$@"; exit; }
echo "0 $container"
exec >/dev/null 2>&1
read -r verdict
[ "$verdict" = keep ] && exit
"$1" rm --force --volumes "$container"
remove_volumes "$@"
"""
_KEEP: Final = "keep\n"
# How long this process waits for the removal of a container.
_SECONDS: Final = 30.0


class Created:
    """A container that was created, and is removed at the end unless it is to be kept. Created by
    `created`.

    Attributes:
        id: of the container; empty if docker could not create it.
        status: docker's exit status.
        problem: what docker has printed, if that is captured; else the user has seen it.
    """

    def __init__(self, shell: subprocess.Popen[str]) -> None:
        assert shell.stdout
        # To its end, which comes before the shell waits.
        self.problem = shell.stderr.read().strip() if shell.stderr else ""
        words = shell.stdout.readline().split()
        self.status = int(words[0]) if words else 1
        self.id = words[1] if len(words) > 1 else ""
        self._shell = shell

    def keep(self) -> None:
        """Let the container live on."""
        assert self._shell.stdin
        if not self._shell.stdin.closed:
            self._shell.stdin.write(_KEEP)
            self._shell.stdin.close()


@contextmanager
def created(
    command: Command, *, captured: bool = False, volumes: tuple[str, ...] = ()
) -> Iterator[Created]:
    """Create a container, and remove it when the block ends, unless it is to be kept; also if this
    process is killed.

    Args:
        command: creates the container and prints its ID. It is not interrupted, so it should not
            pull an image.
        captured: whether what it reports is kept from the terminal.
        volumes: the names of volumes that it creates, and that are removed with it.

    Raises:
        MachineError: the container could not be removed.
    """
    shell = None
    held = replace(command, env=(*command.env, (_VOLUMES, " ".join(volumes))))
    with signals.raised():
        try:
            with signals.held():
                shell = process.start_guard(_SCRIPT, held, captured=captured)
            container = Created(shell)
            yield container
        finally:
            with signals.held():
                if shell is not None:
                    _finish(shell)


def _finish(shell: subprocess.Popen[str]) -> None:
    assert shell.stdin
    assert shell.stdout
    shell.stdin.close()
    try:
        shell.wait(_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise MachineError(
            f"a container could not be removed within {_SECONDS:g} s, because the engine does not "
            "answer; it is removed if the engine answers again",
            "see: dynamo-container ps --all",
        ) from error
    shell.stdout.close()
    if shell.stderr:
        shell.stderr.close()
