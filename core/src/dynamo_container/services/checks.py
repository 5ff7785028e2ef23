# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What is checked before the services of a model are started. This module asks the machine."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from dynamo_container.docker import engine, process
from dynamo_container.docker.program import PODMAN
from dynamo_container.errors import EngineError, MachineError, UsageError
from dynamo_container.host import hub
from dynamo_container.services import project
from dynamo_container.services.plan import ServePlan

_GB: Final = 1e9
# A download is written beside what it replaces, and engines write caches of their own.
_RESERVE: Final = 1.1


def check(plan: ServePlan) -> Iterator[str]:
    """Check that the services can be started, and yield warnings for the user.

    Raises:
        EngineError: docker compose is not installed.
        MachineError: the port is in use, or the disk is too small for the download.
        UsageError: the project already exists, or the model does not.
    """
    _require_compose(plan)
    _require_new(plan)
    _require_port(plan)
    yield from _check_download(plan)


def _require_compose(plan: ServePlan) -> None:
    if plan.program == PODMAN:
        raise EngineError(
            "serve requires docker with docker compose, and the engine is podman",
            "choose docker: dynamo-container --engine docker serve ...",
        )
    if process.capture(plan.program, "compose", "version").returncode:
        engine.require()
        raise EngineError(
            "docker compose is not installed",
            "install docker's package docker-compose-plugin, or your distribution's docker-compose",
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


def _check_download(plan: ServePlan) -> Iterator[str]:
    """Check that the model exists and that there is room for it, if it must be downloaded."""
    model = plan.model
    if model is None or model.folder or model.cached:
        return
    if not plan.hf_cache:
        yield (
            f"{model.name} is downloaded into each container, and again at each start; to keep "
            "it: --hf-cache DIR"
        )
    found = hub.find_model(model.name)
    if found is None:
        yield f"it is not known whether {model.name} can be downloaded: the hub does not answer"
        return
    if found.gated and not os.environ.get("HF_TOKEN"):
        raise UsageError(
            f"{model.name} is only for users whom its authors have granted access",
            "ask for it on the model's page, then: export HF_TOKEN=... (from your settings)",
        )
    free = _free(plan)
    if free is not None and free < found.size * _RESERVE:
        raise MachineError(
            f"{model.name} has {found.size / _GB:.1f} GB, and {plan.hf_cache or 'the engine'} has "
            f"{free / _GB:.1f} GB of free disk space",
            "free some, or choose another folder: --hf-cache DIR",
        )


def _free(plan: ServePlan) -> int | None:
    """Return the free bytes of the disk that the download goes to; None if it is not known."""
    folder = Path(plan.hf_cache or engine.collect().root or "/")
    with suppress(OSError):
        existing = next(path for path in (folder, *folder.parents) if path.exists())
        return shutil.disk_usage(existing).free
    return None
