# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The command of the container engine: docker or podman."""

from __future__ import annotations

import os
from functools import cache
from typing import Final, Literal

Program = Literal["docker", "podman"]

DOCKER: Final = "docker"
PODMAN: Final = "podman"
PROGRAMS: Final[tuple[Program, ...]] = (DOCKER, PODMAN)
# The variable with the user's choice. Like DOCKER_HOST, it says where containers run, and does not
# change what a plan contains.
VARIABLE: Final = "DYNAMO_CONTAINER_ENGINE"
# The script that calls podman has some 300.
_SCRIPT_BYTES: Final = 2000
_choices: list[str] = []


def select(name: str) -> None:
    """Use this program from now on; empty for the one that the environment or the machine names."""
    _choices[:] = [name] if name else []
    _selected.cache_clear()


def selected() -> Program:
    """Return the program that runs containers: the user's choice, else docker if it is installed,
    else podman if that is. A `docker` that is podman under another name is podman.
    """
    return _selected()


def is_podman() -> bool:
    """Whether podman runs the containers."""
    return selected() == PODMAN


@cache
def _selected() -> Program:
    if name := next(iter(_choices), os.environ.get(VARIABLE, "")):
        return PODMAN if name == PODMAN else DOCKER
    # Imported here: it is not needed if the user has chosen.
    import shutil

    docker = shutil.which(DOCKER)
    has_docker = docker and not is_podman_script(docker)
    return PODMAN if not has_docker and shutil.which(PODMAN) else DOCKER


def is_podman_script(path: str) -> bool:
    """Whether a program is the short script of the package podman-docker, or a link to podman."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123
            start = file.read(_SCRIPT_BYTES)
    except OSError:
        return False
    link = os.path.basename(os.path.realpath(path)) == PODMAN  # noqa: PTH119
    return link or (start.startswith(b"#!") and b"podman " in start and len(start) < _SCRIPT_BYTES)
