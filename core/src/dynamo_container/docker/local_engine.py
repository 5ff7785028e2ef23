# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Questions to an engine at a socket of this machine, without the docker command.

The command takes 15 to 60 ms to ask what the engine answers in 1 to 10: for `docker info` it starts
each of its plugins. An engine anywhere else, or one that does not answer, is the command's to ask.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import socket

_SCHEME: Final = "unix://"
_USUAL: Final = "/var/run/docker.sock"
_NONE: Final[tuple[int, dict[str, Any]]] = (0, {})


@contextmanager
def asking(path: str, seconds: float) -> Iterator[Callable[[], tuple[int, dict[str, Any]]] | None]:
    """Ask beside other work: call what this gives for the HTTP status of a GET, and the JSON object
    that comes with it; the status is 0 where the answer is none. It gives None where nobody
    listens at a socket that the docker command would use.
    """
    address = _address()
    if not address:
        yield None
        return
    import socket

    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(seconds)
        try:
            connection.connect(address)
            # The older HTTP, in which the end of the connection is that of the answer.
            connection.sendall(f"GET {path} HTTP/1.0\r\nHost: docker\r\n\r\n".encode())
            listening = True
        except OSError:
            listening = False
        yield (lambda: _answer(connection)) if listening else None


def _answer(connection: socket.socket) -> tuple[int, dict[str, Any]]:
    said = b""
    try:
        while part := connection.recv(1 << 16):
            said += part
        head, _, body = said.partition(b"\r\n\r\n")
        found = json.loads(body)
        return (int(head.split(b" ", 2)[1]), found) if isinstance(found, dict) else _NONE
    except (OSError, ValueError, IndexError):
        return _NONE


def _address() -> str:
    """The socket that the docker command would use; empty where it would use none, or only it can
    say.
    """
    host = os.environ.get("DOCKER_HOST", "")
    if host:
        return host.removeprefix(_SCHEME) if host.startswith(_SCHEME) else ""
    chosen = os.environ.get("DOCKER_CONTEXT") or _current_context()
    return _USUAL if chosen == "default" else ""


def _current_context() -> str:
    """The context that the docker command was told to use; empty where that cannot be read."""
    folder = os.environ.get("DOCKER_CONFIG") or os.path.expanduser("~/.docker")  # noqa: PTH111
    try:
        with open(os.path.join(folder, "config.json"), "rb") as file:  # noqa: PTH118, PTH123
            return json.load(file).get("currentContext") or "default"
    except FileNotFoundError:
        return "default"
    except (OSError, ValueError, AttributeError):
        return ""
