# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What is checked before the services of a model are started. This module asks the machine."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from typing import Final

from dynamo_container.docker import engine, process
from dynamo_container.docker.program import PODMAN
from dynamo_container.errors import EngineError, MachineError, UsageError
from dynamo_container.services import model_checks, project
from dynamo_container.services.plan import ServePlan

_ETCD: Final = "ETCD_ENDPOINTS"


def check(plan: ServePlan, note: Callable[[str], None] | None = None) -> Iterator[str]:
    """Check that the services can be started, and yield warnings for the user.

    Args:
        plan: of the services.
        note: called with what is waited for, if it takes long.

    Raises:
        EngineError: docker compose is not installed.
        MachineError: the port is in use, the disk is too small for the download, or the model hub
            does not answer.
        UsageError: the project already exists, or the model does not.
    """
    _require_discovery(plan)
    _require_compose(plan)
    _require_new(plan)
    _require_port(plan)
    yield from model_checks.check(plan, note)


def _require_compose(plan: ServePlan) -> None:
    if plan.program == PODMAN:
        raise EngineError(
            "serve requires docker with docker compose, and the engine is podman",
            "write units for podman: dynamo-container export quadlet DIR ...; or choose docker: "
            "dynamo-container --engine docker serve ...",
        )
    if process.capture(plan.program, "compose", "version").returncode:
        engine.require()
        raise EngineError(
            "docker compose is not installed",
            "install docker's package docker-compose-plugin, or your distribution's docker-compose",
        )


def _require_discovery(plan: ServePlan) -> None:
    """Require that the services can find each other on this machine."""
    if plan.discovery == "kubernetes":
        raise UsageError(
            "--discovery kubernetes requires a cluster, and serve starts containers here",
            "omit it; or: dynamo-container export kubernetes DIR ...",
        )
    containers = [one for service in plan.services for one in service.containers]
    named = any(var.name == _ETCD for one in containers for var in one.env)
    if plan.discovery == "etcd" and not named:
        raise UsageError(
            f"--discovery etcd requires the address of etcd, {_ETCD}",
            f"for example: -e {_ETCD}=http://HOST:2379; localhost is each container itself",
        )


def _require_new(plan: ServePlan) -> None:
    if project.states(plan.project):
        raise UsageError(
            f"the project {plan.project} already exists",
            f"stop it: dynamo-container serve stop {plan.project}; or choose another --name",
        )


def _require_port(plan: ServePlan) -> None:
    """Require that nothing listens on the port, if the engine is this machine's."""
    if not engine.collect().local:
        return
    family = socket.AF_INET6 if ":" in plan.address else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((plan.address, plan.port))
        except OSError as error:
            raise MachineError(
                f"port {plan.port} of {plan.address} cannot be used: {error.strerror}",
                f"choose another: --port {plan.port + 1 if plan.port < 65535 else 8000}",  # noqa: PLR2004
            ) from error
