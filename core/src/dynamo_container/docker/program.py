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
_choices: list[str] = []


def select(name: str) -> None:
    """Use this program from now on; empty for the one that the environment or the machine names."""
    _choices[:] = [name] if name else []
    _selected.cache_clear()


def selected() -> Program:
    """Return the program that runs containers: the user's choice, else docker if it is installed,
    else podman if that is.
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

    return PODMAN if not shutil.which(DOCKER) and shutil.which(PODMAN) else DOCKER
