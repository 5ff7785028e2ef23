# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The errors for a missing docker command or engine, and the versions that we require."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from dynamo_container.errors import EngineError

# The engine of Debian 13. Older ones lack features of BuildKit that our plans use.
OLDEST_ENGINE: Final = 26
OLDEST_BUILDX: Final = "0.13"
# The first with CDI devices and port mappings for every user, and the one that we test with.
OLDEST_PODMAN: Final = 5
LIST_CONTEXTS: Final = "see: docker context ls"
# How the client's message starts if the engine refuses to do something.
REFUSAL: Final = "Error response from daemon:"
# The exit statuses of `docker run` for a container that cannot be started.
_NOT_STARTED: Final = 125
_NOT_EXECUTABLE: Final = 126
PROGRAM_NOT_FOUND: Final = 127


# What reading an answer raises that does not have the expected form.
_MALFORMED: Final = (
    AttributeError,
    LookupError,
    OverflowError,
    RecursionError,
    StopIteration,
    TypeError,
    ValueError,
)


@contextmanager
def reading_answer() -> Iterator[None]:
    """Read an answer of docker, which is whatever the program or the server of that name says.

    Raises:
        EngineError: the answer cannot be read.
    """
    try:
        yield
    except _MALFORMED as error:
        raise EngineError(
            f"docker's answer cannot be read: {type(error).__name__}: {error}",
            "check that Docker answers (docker version, docker info), and its config.json",
        ) from error


def no_engine(reason: str) -> EngineError:
    """Return the error for an engine that does not answer.

    Args:
        reason: what docker printed; its last line becomes part of the message.
    """
    if unknown := re.search(r'context "(.+?)": context not found', reason):
        return no_context(unknown[1])
    lines = [line.strip() for line in reason.splitlines() if line.strip()]
    detail = f": {lines[-1]}" if lines else ""
    return EngineError(
        f"no docker engine answers{detail}",
        "start Docker, or set DOCKER_HOST or DOCKER_CONTEXT; --dry-run works without an engine",
    )


def no_context(name: str) -> EngineError:
    """Return the error for a docker context that does not exist; an empty name: the current one."""
    context = f"docker context {name!r}" if name else "docker's current context"
    return EngineError(f"{context} does not exist", LIST_CONTEXTS)


def no_client(error: OSError) -> EngineError:
    """Return the error for a docker command that cannot be started."""
    if error.errno == errno.E2BIG:
        return EngineError(
            "the command is too long for this machine's kernel: a value takes more than 128 kB, or "
            "all together take too much",
            "pass long values in a file",
        )
    # A part of PATH may be a file.
    missing = isinstance(error, (FileNotFoundError, NotADirectoryError))
    return EngineError(
        "the docker command is not installed"
        if missing
        else f"the docker command cannot be run: {error.strerror}",
        f"install Docker {OLDEST_ENGINE} or newer with buildx; --dry-run works without docker",
    )


def no_podman(reason: str) -> EngineError:
    """Return the error for podman that does not answer.

    Args:
        reason: what podman printed; its last line becomes part of the message.
    """
    lines = [line.strip() for line in reason.splitlines() if line.strip()]
    detail = f": {lines[-1]}" if lines else ""
    return EngineError(
        f"podman does not work{detail}", "see: podman info; or use docker: --engine docker"
    )


def podman_too_old(version: str) -> EngineError:
    """Return the error for a podman that is too old."""
    return EngineError(
        f"podman {version} is too old: version {OLDEST_PODMAN} or newer is required",
        "upgrade podman, or use docker: --engine docker",
    )


def no_docker_builder() -> EngineError:
    """Return the error for a `docker` command that is podman, which cannot build our plans."""
    return EngineError(
        "the docker command is podman here, and building requires docker buildx with BuildKit",
        "install docker's command and buildx, and name a builder that they can reach: --builder",
    )


def start_status(refusal: str) -> int:
    """Return the exit status of `docker run` for what the client says of a container that cannot be
    started.
    """
    if "executable file not found" in refusal or "no such file or directory" in refusal:
        return PROGRAM_NOT_FOUND
    return _NOT_EXECUTABLE if "permission denied" in refusal else _NOT_STARTED
