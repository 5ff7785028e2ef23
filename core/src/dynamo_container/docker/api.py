# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Requests to the API of an engine that listens on a Unix socket of this machine.

The docker command takes 15 to 60 ms for what the engine answers in 1 to 10: for `docker info` it
starts each of its plugins. Other engines, and those that do not answer, are left to the command.
Import this module only when the engine is asked: `http.client` takes about 20 ms to import.
"""

from __future__ import annotations

import http.client
import json
import logging
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from dynamo_container.docker import configuration
from dynamo_container.docker.command import LOGGER
from dynamo_container.errors import NoAnswerError

_SCHEME: Final = "unix://"
_DEFAULT_SOCKET: Final = "/var/run/docker.sock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """An engine's answer: the HTTP status, and the JSON object in the body."""

    status: int
    document: dict[str, Any]


class _UnixConnection(http.client.HTTPConnection):
    """An HTTP connection over a Unix socket."""

    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("docker", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


@contextmanager
def start_get(path: str, seconds: float) -> Iterator[Callable[[], Response | None] | None]:
    """Send a GET request beside other work.

    Args:
        path: of the resource, such as `/info`.
        seconds: the timeout.

    Yields:
        A function that waits for the response and returns it, or None if it is not a usable one;
        None instead of the function if the docker command would not use a socket, or no engine
        listens on it.
    """
    address = _socket_path()
    if not address:
        yield None
        return
    connection = _UnixConnection(address, seconds)
    try:
        yield (lambda: _receive(connection, path)) if _send(connection, path) else None
    finally:
        connection.close()


def get_list(path: str, seconds: float) -> list[dict[str, Any]]:
    """Return the objects that the engine lists; none if the docker command would not use a socket,
    or if there is no usable answer.

    Args:
        path: of the resource, such as `/images/json`.
        seconds: the timeout.

    Raises:
        NoAnswerError: the engine does not answer in time.
    """
    address = _socket_path()
    if not address:
        return []
    connection = _UnixConnection(address, seconds)
    try:
        _, found = _read(connection, path) if _send(connection, path) else (0, None)
    finally:
        connection.close()
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _send(connection: http.client.HTTPConnection, path: str) -> bool:
    """Send the request; return whether somebody listens."""
    try:
        connection.request("GET", path, headers={"Connection": "close"})
    except (OSError, http.client.HTTPException):
        return False
    return True


def _receive(connection: http.client.HTTPConnection, path: str) -> Response | None:
    status, document = _read(connection, path)
    return Response(status=status, document=document) if isinstance(document, dict) else None


def _read(connection: http.client.HTTPConnection, path: str) -> tuple[int, Any]:
    """Return the status and the JSON document of a response; None for one that is not usable."""
    try:
        with connection.getresponse() as response:
            document = json.loads(response.read())
    except TimeoutError as error:
        # The command would wait as long, for the same engine.
        raise NoAnswerError(
            f"the docker engine did not answer within {connection.timeout:g} s",
            "check that it works: docker version",
        ) from error
    except (OSError, ValueError, RecursionError, http.client.HTTPException):
        return 0, None
    if isinstance(document, (dict, list)):
        logging.getLogger(LOGGER).info("GET %s (%d)", path, response.status)
    return response.status, document


def _socket_path() -> str:
    """Return the socket that the docker command would use; empty if it would use none, or if only
    the command can tell.
    """
    host = os.environ.get("DOCKER_HOST", "")
    if host:
        return host.removeprefix(_SCHEME) if host.startswith(_SCHEME) else ""
    return _DEFAULT_SOCKET if configuration.context() == configuration.DEFAULT_CONTEXT else ""
