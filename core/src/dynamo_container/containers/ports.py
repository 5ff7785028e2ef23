# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Require that the ports of this machine are free that a container is going to use."""

from __future__ import annotations

import errno
import re
import socket
from collections.abc import Iterator
from typing import Final, NamedTuple

from dynamo_container.containers.plan import RunPlan
from dynamo_container.docker import engine
from dynamo_container.errors import MachineError

_PUBLISHED: Final = re.compile(
    r"(?:(?P<host>[\d.]+|\[[0-9a-fA-F:]+\]):)?(?P<first>\d+)(?:-(?P<last>\d+))?"
    r":\d+(?:-\d+)?(?:/(?P<protocol>\w+))?"
)
_KINDS: Final = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}
_LOCAL_URL: Final = re.compile(r"https?://(?:localhost|127\.[\d.]+|\[::1\]):(\d+)(?:/|$)")
# Of Dynamo: the module that listens, its option, the variable, and the default.
_FRONTEND: Final = "dynamo.frontend"
_PORT_OPTION: Final = "--http-port"
_PORT_VARIABLE: Final = "DYN_HTTP_PORT"
_DEFAULT_PORT: Final = "8000"
_SYSTEM_VARIABLE: Final = "DYN_SYSTEM_PORT"
_LAST_PORT: Final = 65535


class _Port(NamedTuple):
    """A port of this machine.

    Attributes:
        host: address to listen on; empty for all.
    """

    number: int
    host: str = ""
    protocol: str = "tcp"


def require_free(plan: RunPlan) -> None:
    """Require that no other program listens on the ports that a container publishes, or that its
    server takes on the host's network.

    Raises:
        MachineError: one is in use, and the engine is this machine's.
    """
    on_host = any(flag.flag == "--network" and flag.value == "host" for flag in plan.flags)
    wanted = _of_the_server(plan) if on_host else _published(plan.ports)
    taken = next((port for port in wanted if _is_taken(port)), None)
    if taken is None or not engine.collect().local:
        return
    where = f"{taken.host}:{taken.number}" if taken.host else f"port {taken.number}"
    other = (
        f"let the server use another port ({_PORT_OPTION}, {_PORT_VARIABLE}), or the network bridge"
        if on_host
        else f"publish another port, such as -p {_another(taken.number)}:CONTAINER"
    )
    raise MachineError(
        f"{where} of this machine is in use by another program",
        f"{other}; see who uses it: ss -ltnp 'sport = :{taken.number}'",
    )


def _another(number: int) -> int:
    return number + 1 if number < _LAST_PORT else number - 1


def _published(ports: tuple[str, ...]) -> Iterator[_Port]:
    """Yield the ports of this machine that docker would listen on."""
    for port in ports:
        match = _PUBLISHED.fullmatch(port)
        if match is None:
            continue  # docker chooses the port
        first = int(match["first"])
        for number in range(first, int(match["last"] or first) + 1):
            yield _Port(number, (match["host"] or "").strip("[]"), match["protocol"] or "tcp")


def _of_the_server(plan: RunPlan) -> Iterator[_Port]:
    """Yield the ports that the container's own server takes, as far as they are known."""
    words = (*plan.entrypoint, *plan.command)
    env = {var.name: var.value or "" for var in plan.env}
    numbers = [env.get(_SYSTEM_VARIABLE, "")]
    if _FRONTEND in words:
        given = re.search(rf"{_PORT_OPTION}[= ](\d+)", " ".join(words))
        numbers.append(given[1] if given else env.get(_PORT_VARIABLE) or _DEFAULT_PORT)
    elif plan.readiness and (match := _LOCAL_URL.match(plan.readiness.http)):
        numbers.append(match[1])
    return (_Port(int(number)) for number in numbers if number.isdigit() and int(number))


def _is_taken(port: _Port) -> bool:
    """Whether a program listens on a port. Nothing is known if this user may not ask, or if the
    address is not of this machine: docker tells that.
    """
    if port.number > _LAST_PORT or port.protocol not in _KINDS:
        return False
    host = port.host or "0.0.0.0"  # noqa: S104  # only to ask, for an instant
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, _KINDS[port.protocol]) as probe:
        if port.protocol == "tcp":
            # Connections that have just been closed do not count.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port.number))
        except OSError as error:
            return error.errno == errno.EADDRINUSE
        return False
