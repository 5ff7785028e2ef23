# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Become `docker run`, and leave a guard that removes what it leaves behind.

A client that ends while it creates a container leaves it in state Created, where it takes a name;
one that is killed leaves it running. The guard is a shell that holds the end of a pipe: it reads
the end of the pipe when docker has ended, for whatever reason.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import replace
from typing import Final, NoReturn

from dynamo_container.docker import process
from dynamo_container.docker.command import Command
from dynamo_container.model.names import CALL_LABEL

# Arguments: the file in which docker writes the container's ID, the label, whether a container that
# still runs is stopped, and docker or podman. If docker ended before it wrote the file, the engine
# may be about to create the container, which takes a busy one more than ten seconds.
_SCRIPT: Final = """\
trap '' HUP INT TERM PIPE
cd /
read -r _
container=$(cat "$1")
for pause in 0.3 0.3 0.3 0.3 0.3 0.5 1 1 1 2 2 2 2 2 0; do
    [ -z "$container" ] || break
    container=$("$4" ps --all --quiet --no-trunc --filter "label=$2") || container=
    [ -n "$container" ] || sleep $pause
done
rm -f "$1"
[ -n "$container" ] || exit
case $("$4" inspect --format '{{.State.Status}}' "$container")$3 in
created*) "$4" rm --force --volumes "$container" ;;
runningstop) "$4" stop "$container" ;;
esac
"""


def become(command: Command, *, stop: bool) -> NoReturn:
    """Replace this process by `docker run`.

    Args:
        command: `docker run` with its arguments.
        stop: stop the container if it still runs when docker has ended.

    Raises:
        EngineError: docker is not installed.
    """
    token = os.urandom(8).hex()
    label = f"{CALL_LABEL}={token}"
    folder = _folder()
    file = f"{folder}/dynamo-container-{token}.id" if folder else ""  # its name cannot be guessed
    # Without a shell there is no guard, but the container can run.
    program, run, *arguments = command.argv
    with suppress(OSError):
        _start_guard(file, label, "stop" if stop else "", program)
    known = (*((f"--cidfile={file}",) if file else ()), f"--label={label}")
    process.replace_process(replace(command, argv=(program, run, *known, *arguments)))


def _folder() -> str:
    """Return a folder for temporary files; empty if none can be written."""
    folders = (os.environ.get("TMPDIR"), "/tmp")  # noqa: S108
    writable = (folder for folder in folders if folder and os.access(folder, os.W_OK | os.X_OK))
    return next((folder for folder in writable if folder.startswith("/")), "")


def _start_guard(*arguments: str) -> None:
    """Start the guard. It watches this process, which is about to become docker."""
    ends, held = os.pipe()
    os.set_inheritable(held, True)
    quiet = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_WRONLY, 0) for number in (1, 2)]
    files = [(os.POSIX_SPAWN_CLOSE, held), (os.POSIX_SPAWN_DUP2, ends, 0), *quiet]
    os.posix_spawn(
        "/bin/sh",
        ["sh", "-c", _SCRIPT, "dynamo-container", *arguments],
        os.environ,
        file_actions=files,
        setpgroup=0,  # Ctrl-C does not reach it
    )
    os.close(ends)
