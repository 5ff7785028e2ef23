# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The containers that `run` started, found by their label through docker's SDK.

The SDK takes 130 ms to import: no module on the way to a build or a run imports this one.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from threading import Thread
from typing import Any, Final

import docker
from docker.context import ContextAPI
from docker.errors import APIError, DockerException, NotFound
from requests.exceptions import RequestException, Timeout

from dynamo_container.docker import podman, program
from dynamo_container.docker.errors import no_context, no_engine, reading_answer
from dynamo_container.docker.listed import CREATED, Container, ours
from dynamo_container.errors import (
    DynamoContainerError,
    EngineError,
    NoAnswerError,
    WorkFailedError,
)
from dynamo_container.model.names import (
    DEV_LABEL,
    OWNER_LABEL,
    PROJECT_LABEL,
    RUN_LABEL,
    SERVE_LABEL,
)

# The time that the engine gets to report a stopped container, beyond the container's own.
_GRACE_SECONDS: Final = 60


@reading_answer()
def list_containers(owner: str = "") -> tuple[Container, ...]:
    """Return containers, the newest first, including those that have ended and still exist.

    Args:
        owner: `UID@HOST` of who started them; empty for all.

    Raises:
        EngineError: no engine answers.
    """
    if program.is_podman():
        found = podman.list_containers()
        return tuple(one for one in found if owner in ("", one.owner))
    with _client() as client:
        listed = client.api.containers(all=True, filters={"label": RUN_LABEL})
        inherited = {image: _labels_of(client, image) for image in {_image(one) for one in listed}}
    own = ours(listed, lambda entry: inherited[_image(entry)])
    return tuple(one for one in map(_container, own) if owner in ("", one.owner))


def _image(listed: dict[str, Any]) -> str:
    return str(listed.get("ImageID") or listed["Image"])


def _labels_of(client: docker.DockerClient, image: str) -> dict[str, str]:
    """Return the labels of an image, which its containers inherit; none if it was deleted."""
    try:
        config = client.api.inspect_image(image).get("Config") or {}  # type: ignore[no-untyped-call]
    except NotFound:
        return {}
    return config.get("Labels") or {}


def stop(containers: Iterable[Container], seconds: int) -> Iterator[Container]:
    """Stop containers at the same time, the way `docker stop` does: killed after so many seconds.
    One that was created and never started is deleted.

    Yields:
        Each container when it has stopped.

    Raises:
        EngineError: no engine answers.
        WorkFailedError: a container cannot be stopped.
    """
    if program.is_podman():
        yield from podman.stop(containers, seconds)
        return
    with _client(timeout=seconds + _GRACE_SECONDS) as client:
        stopped: SimpleQueue[Container | Exception] = SimpleQueue()

        def stop_one(container: Container) -> None:
            try:
                _stop(client, container, seconds)
                stopped.put(container)
            except (DynamoContainerError, DockerException, RequestException, OSError) as error:
                stopped.put(error)

        threads = [Thread(target=stop_one, args=(one,), daemon=True) for one in containers]
        for thread in threads:
            thread.start()
        # Ctrl-C ends this wait, and the process does not wait for threads of this kind.
        for _ in threads:
            result = stopped.get()
            if isinstance(result, Exception):
                raise result
            yield result


def _stop(client: docker.DockerClient, container: Container, seconds: int) -> None:
    try:
        if container.state == CREATED:
            client.api.remove_container(container.id)
        else:
            client.api.stop(container.id, timeout=seconds)
    except NotFound:
        pass  # it has just ended and deleted itself
    except APIError as error:
        raise WorkFailedError(
            f"container {container.name} cannot be stopped: {error.explanation}",
            f"try: docker kill {container.name}",
        ) from error


@contextmanager
def _client(**options: Any) -> Iterator[docker.DockerClient]:
    """Open the SDK's client; its errors become ours.

    Raises:
        EngineError: no engine answers.
    """
    try:
        _require_context()
        client = docker.from_env(use_ssh_client=True, **options)
        try:
            yield client
        finally:
            client.close()
    except (DockerException, RequestException, OSError) as error:
        raise _unreachable(error) from error


def _require_context() -> None:
    """Refuse a context that does not exist: the SDK would silently use this machine's engine."""
    if os.environ.get("DOCKER_HOST"):
        return
    name = os.environ.get("DOCKER_CONTEXT") or None
    if ContextAPI.get_context(name) is None:
        raise no_context(name or "")


def _unreachable(error: Exception) -> EngineError:
    if "paramiko" in str(error):
        return EngineError(
            "an engine at ssh:// requires paramiko, which is not installed",
            "pip install 'dynamo-container[ssh]'",
        )
    # The SDK's own words name its parts; the first cause is what happened.
    causes = [error, *_causes(error)]
    if any(isinstance(cause, Timeout) for cause in causes):
        return NoAnswerError(
            "the docker engine did not answer in time", "check that it works: docker version"
        )
    reasons = (cause.strerror for cause in reversed(causes) if isinstance(cause, OSError))
    return no_engine(next(filter(None, reasons), " ".join(str(error).split())))


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Return what an error was raised for, the first cause last."""
    while cause := error.__cause__ or error.__context__:
        yield cause
        error = cause


def _container(listed: dict[str, Any]) -> Container:
    return Container(
        id=listed["Id"],
        name=(listed.get("Names") or [listed["Id"][:12]])[0].lstrip("/"),
        framework=listed["Labels"][RUN_LABEL],
        owner=listed["Labels"].get(OWNER_LABEL, ""),
        project=listed["Labels"].get(PROJECT_LABEL, ""),
        served=listed["Labels"].get(SERVE_LABEL, ""),
        developed=listed["Labels"].get(DEV_LABEL, ""),
        image=listed["Image"],
        state=listed["State"],
        status=listed["Status"],
        ports=tuple(sorted({*map(_port, listed.get("Ports") or ())})),
        created=listed["Created"],
    )


def _port(port: dict[str, Any]) -> str:
    container_port = f"{port['PrivatePort']}/{port['Type']}"
    if "PublicPort" not in port:
        return container_port
    return f"{port.get('IP', '')}:{port['PublicPort']}->{container_port}"
