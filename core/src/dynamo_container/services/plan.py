# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The frozen plan of a served model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from dynamo_container.containers.gpus import VISIBLE_DEVICES, is_gpu_device
from dynamo_container.containers.plan import RunPlan
from dynamo_container.model.provenance import PlanEntry
from dynamo_container.model.requests import Discovery, Model
from dynamo_container.model.values import EnvVar, RunFlag, Service

_GPU_FLAGS: Final = ("--gpus", "--runtime")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicePlan:
    """A service with the containers that it consists of.

    Attributes:
        service: after the merge.
        containers: one plan for each replica if they differ, because each has GPUs of its own; else
            one for all of them.
    """

    service: Service
    containers: tuple[RunPlan, ...]

    @property
    def container(self) -> RunPlan:
        """The plan of the first container."""
        return self.containers[0]

    @property
    def name(self) -> str:
        """The service's name."""
        return self.service.name

    @property
    def instances(self) -> tuple[tuple[str, RunPlan, int], ...]:
        """The containers by name (`worker-1`, `worker-2` if they differ), and how many of each."""
        if len(self.containers) == 1:
            return ((self.name, self.container, self.service.replicas),)
        return tuple(
            (f"{self.name}-{number}", container, 1)
            for number, container in enumerate(self.containers, 1)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ServePlan:
    """A model that is served by several services.

    Attributes:
        program: the command that runs the containers: docker or podman.
        project: the name of all that is started together.
        framework, topology, image, discovery: as in the request.
        model: the model; None if the image serves its own.
        address, port: of this machine, at which the frontend is published.
        services: the frontend first, then by name.
        hf_cache: the folder of this machine that is mounted as the Hugging Face cache; empty for
            none.
        discovery_volume: the name of the volume in which services find each other; empty for none.
        caches: names of the volumes that outlive the project.
        secrets: names of the variables that containers get from the caller's environment.
        device: the device of the containers.
        uid: of the containers' user; None if it is not known.
        groups: that this user is given in addition, as far as they are known.
        hardened: whether they are closed as far as serving permits.
        entries: what belongs to no single service, with its provenance. Those of a service are in
            its container's plan.
        warnings: lines for the user.
    """

    program: str
    project: str
    framework: str
    topology: str
    image: str
    model: Model | None
    discovery: Discovery
    address: str
    port: int
    services: tuple[ServicePlan, ...]
    hf_cache: str
    discovery_volume: str
    caches: tuple[str, ...]
    secrets: tuple[str, ...]
    device: str
    uid: int | None
    groups: frozenset[int]
    hardened: bool
    entries: tuple[PlanEntry, ...]
    warnings: tuple[str, ...] = ()

    @property
    def frontend(self) -> ServicePlan:
        """The service that clients talk to."""
        return next(one for one in self.services if one.service.role == "frontend")

    @property
    def network(self) -> str:
        """The name of the network that the services share."""
        return f"{self.project}_default"

    @property
    def folders(self) -> tuple[str, ...]:
        """Folders of this machine that are created before the start."""
        containers = (container for one in self.services for container in one.containers)
        return tuple(dict.fromkeys(folder for one in containers for folder in one.folders))


def is_gpu_flag(flag: RunFlag) -> bool:
    """Whether a flag gives a container GPUs of this machine, as opposed to how many it needs."""
    return flag.flag in _GPU_FLAGS or is_gpu_device(flag)


def is_gpu_variable(var: EnvVar) -> bool:
    """Whether a variable gives a container GPUs of this machine, or hides them."""
    return var.name == VISIBLE_DEVICES
