# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The containers that `run` started, found by their label through docker's SDK.

The SDK takes 130 ms to import: nothing on the way to a build or a run imports this module.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import docker
from docker.context import ContextAPI
from docker.errors import APIError, DockerException, NotFound
from requests.exceptions import RequestException

from dynamo_container.docker.engine import no_engine
from dynamo_container.errors import EngineError, WorkFailedError
from dynamo_container.model.names import RUN_LABEL

RUNNING: Final = "running"
# How long past a container's own time to stop the engine may take to say that it has.
_SPARE_SECONDS: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """A container that `run` started.

    Attributes:
        framework: whose image it was started of; empty where nothing said so.
        state: `running`, `exited`, ... as the engine has it.
        status: the same for people, with the time: `Up 5 minutes`.
        ports: those that are published, `127.0.0.1:8000->8000/tcp`.
        created: seconds since 1970.
    """

    id: str
    name: str
    framework: str
    image: str
    state: str
    status: str
    ports: tuple[str, ...]
    created: int

    @property
    def running(self) -> bool:
        """Whether something can be run in it."""
        return self.state == RUNNING

    @property
    def alive(self) -> bool:
        """Whether it has not ended: it may be paused, and holds what it has."""
        return self.state in (RUNNING, "paused", "restarting")


def listed() -> tuple[Container, ...]:
    """All of them, the newest first, those that have ended and are still there among them.

    Raises:
        EngineError: no engine answers.
    """
    with _client() as client:
        found = client.api.containers(all=True, filters={"label": RUN_LABEL})
    return tuple(map(_container, found))


def stop(containers: Iterable[Container], seconds: int) -> Iterator[Container]:
    """Stop them all at once, as docker does: politely, and after so many seconds by force.

    Yields:
        each, when it has stopped.

    Raises:
        EngineError: no engine answers.
        WorkFailedError: one cannot be stopped.
    """
    with _client(timeout=seconds + _SPARE_SECONDS) as client, ThreadPoolExecutor() as pool:

        def end(container: Container) -> Container:
            try:
                client.api.stop(container.id, timeout=seconds)
            except NotFound:
                pass  # it has just ended, and deleted itself
            except APIError as error:
                raise WorkFailedError(
                    f"{container.name} cannot be stopped: {error.explanation}",
                    f"try: docker kill {container.name}",
                ) from error
            return container

        yield from pool.map(end, containers)


@contextmanager
def _client(**options: Any) -> Iterator[docker.DockerClient]:
    """The SDK's client; where an engine cannot be reached, it is our error."""
    try:
        _require_context()
        client = docker.from_env(use_ssh_client=True, **options)
        try:
            yield client
        finally:
            client.close()
    except (DockerException, RequestException, OSError) as error:
        raise _no_engine(error) from error


def _require_context() -> None:
    """Where the context is none, the SDK would take this machine's engine without a word."""
    if os.environ.get("DOCKER_HOST"):
        return
    name = os.environ.get("DOCKER_CONTEXT") or None
    if ContextAPI.get_context(name) is None:
        raise EngineError(
            f"there is no docker context {name!r}" if name else "docker's current context is none",
            "see: docker context ls",
        )


def _no_engine(error: Exception) -> EngineError:
    if "paramiko" in str(error):
        return EngineError(
            "an engine over ssh:// needs paramiko here, which is not installed",
            "pip install 'dynamo-container[ssh]'",
        )
    return no_engine(" ".join(str(error).split()))


def _container(found: dict[str, Any]) -> Container:
    return Container(
        id=found["Id"],
        name=(found.get("Names") or [found["Id"][:12]])[0].lstrip("/"),
        framework=found["Labels"][RUN_LABEL],
        image=found["Image"],
        state=found["State"],
        status=found["Status"],
        ports=tuple(sorted({*map(_port, found.get("Ports") or ())})),
        created=found["Created"],
    )


def _port(port: dict[str, Any]) -> str:
    inside = f"{port['PrivatePort']}/{port['Type']}"
    if "PublicPort" not in port:
        return inside
    return f"{port.get('IP', '')}:{port['PublicPort']}->{inside}"
