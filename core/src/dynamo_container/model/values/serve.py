# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What shapes a served model."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

from dynamo_container.model.values.run import EnvVar, Mount, Readiness
from dynamo_container.model.values.validation import require

_NAME: Final = r"[a-z]([a-z0-9-]{0,40}[a-z0-9])?"
_MAX_PORT: Final = 65535


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A service of a served model: one container, or several equal ones.

    Attributes:
        name: a DNS label, by which other services reach it.
        role: `frontend` for the service that clients talk to.
        command: program and arguments; empty for the image's own command.
        replicas: how many containers.
        gpus: how many GPUs each of them gets.
        ports: that it listens on. The first one of the frontend is published.
        env: its own variables, in addition to those of `dynamo_container_run_env`. A variable
            without a value comes from the caller's environment: a secret.
        mounts: its own mounts.
        needs: names of the services that must be ready before it starts.
        readiness: how to find out whether it is ready; None for the framework's way.
    """

    name: str
    role: Literal["frontend", "worker", "prefill", "decode", "other"] = "worker"
    command: tuple[str, ...] = ()
    replicas: int = 1
    gpus: int = 0
    ports: tuple[int, ...] = ()
    env: tuple[EnvVar, ...] = ()
    mounts: tuple[Mount, ...] = ()
    needs: tuple[str, ...] = ()
    readiness: Readiness | None = None

    def __post_init__(self) -> None:
        require(
            re.fullmatch(_NAME, self.name),
            f"{self.name!r} is not a valid name of a service: letters, digits and dashes",
        )
        require(self.replicas > 0, f"the service {self.name} has {self.replicas} replicas")
        require(self.gpus >= 0, f"the service {self.name} has {self.gpus} GPUs")
        for port in self.ports:
            require(0 < port <= _MAX_PORT, f"the service {self.name} has the port {port}")
