# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""How a manager of services that knows a container's ports asks whether it is ready."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from dynamo_container.model.values import EnvVar
from dynamo_container.services.plan import ServicePlan, is_gpu_variable

# Without it, a worker whose engine reports no health of its own, such as the mocker, answers that
# it is not ready. Dynamo's operator sets it, too.
HEALTH: Final = EnvVar(name="DYN_SYSTEM_USE_ENDPOINT_HEALTH_STATUS", value='["generate"]')


def environment(service: ServicePlan) -> tuple[EnvVar, ...]:
    """Return a service's variables, sorted by name, without those for the GPUs of this machine."""
    env = [var for var in service.container.env if not is_gpu_variable(var)]
    readiness = service.container.readiness
    if readiness and readiness.serves == "worker" and HEALTH.name not in {one.name for one in env}:
        env.append(HEALTH)
    return tuple(sorted(env, key=lambda var: var.name))


def url(service: ServicePlan) -> str:
    """Return the URL that answers with success in a ready container; empty if there is none."""
    readiness = service.container.readiness
    if not readiness or not (readiness.serves and service.service.ports):
        return readiness.http if readiness else ""
    path = "/health" if readiness.serves == "worker" else "/v1/models"
    return f"http://localhost:{service.service.ports[0]}{path}"


def parts(address: str) -> tuple[str, int, str]:
    """Return a URL's scheme, port, and path with its query."""
    split = urlsplit(address)
    port = split.port or (443 if split.scheme == "https" else 80)
    return split.scheme, port, f"{split.path or '/'}{'?' if split.query else ''}{split.query}"
