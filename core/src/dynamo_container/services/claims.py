# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""A service's mounts as volumes of Kubernetes: claims, folders of the pod, shared memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from dynamo_container.model.values import Mount
from dynamo_container.services.kubernetes_text import label, object_name, quantity
from dynamo_container.services.notes import commented
from dynamo_container.services.plan import ServePlan, ServicePlan
from dynamo_container.services.yaml import Value

_SMALL: Final = "1Gi"
_USUAL: Final = "10Gi"
_SHM: Final = "shm"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A persistent volume that is requested.

    Attributes:
        name: of the PersistentVolumeClaim.
        size: a quantity; empty for the size of the cache of models, which the user chooses.
        purpose: what it is for, for people.
    """

    name: str
    size: str
    purpose: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PodVolume:
    """A volume of a pod and its only mount.

    Attributes:
        name: in the pod.
        path: in the container.
        claim: what is mounted; None for an empty folder that ends with the pod.
        memory: of a folder in memory: its size, or empty for none; None for a folder on disk.
        size: the limit of a folder on disk; empty for none.
        read_only: whether the container cannot write there.
    """

    name: str
    path: str
    claim: Claim | None = None
    memory: str | None = None
    size: str = ""
    read_only: bool = False

    @property
    def volume(self) -> dict[str, Value]:
        """The entry in the pod's `volumes`."""
        if self.claim:
            return {"name": self.name, "persistentVolumeClaim": {"claimName": self.claim.name}}
        folder: dict[str, Value] = {}
        if self.memory is not None:
            folder["medium"] = "Memory"
        if size := self.memory or self.size:
            folder["sizeLimit"] = size
        return {"name": self.name, "emptyDir": folder}

    @property
    def mount(self) -> dict[str, Value]:
        """The entry in the container's `volumeMounts`."""
        mount: dict[str, Value] = {"name": self.name, "mountPath": self.path}
        return {**mount, "readOnly": True} if self.read_only else mount


def volumes(plan: ServePlan, service: ServicePlan, *, operated: bool) -> tuple[PodVolume, ...]:
    """Return a service's volumes, sorted by path.

    Args:
        plan: of all services.
        service: one of them.
        operated: whether Dynamo's operator runs the pods, which mounts shared memory and one cache.
    """
    cache = compilation_cache(plan, service) if operated else None
    every = (_volume(plan, mount) for mount in service.container.mounts if mount != cache)
    memory = () if operated else tuple(_shared_memory(service))
    return tuple(sorted((*every, *memory), key=lambda one: one.path))


def compilation_cache(plan: ServePlan, service: ServicePlan) -> Mount | None:
    """Return the mount that Dynamo's operator manages as the cache of compiled kernels."""
    caches = (mount for mount in service.container.mounts if mount.source in plan.caches)
    return next((mount for mount in caches if mount.type == "volume"), None)


def claims(plan: ServePlan) -> tuple[Claim, ...]:
    """Return what all services request, sorted by name."""
    found = {
        claim.name: claim
        for service in plan.services
        for mount in service.container.mounts
        if (claim := claim_of(plan, mount))
    }
    return tuple(found[name] for name in sorted(found))


def claim_of(plan: ServePlan, mount: Mount) -> Claim | None:
    """Return the claim in place of a volume or a folder of the machine; None for a folder in
    memory.
    """
    if mount.type == "tmpfs":
        return None
    if plan.hf_cache and mount.source == plan.hf_cache:
        part, size, purpose = "models", "", "the Hugging Face cache: the models"
    elif mount.type == "volume" and mount.source == plan.discovery_volume:
        part, size, purpose = "discovery", _SMALL, "where the services find each other"
    elif plan.model and plan.model.folder and mount.target == plan.model.name:
        part, size, purpose = "model", "", "the model: copy its files there"
    elif mount.type == "volume":
        part, size, purpose = f"cache-{label(mount.source or mount.target)}", _USUAL, "a cache"
    else:
        part, size = f"data-{label(mount.target)}", _USUAL
        purpose = f"copy there what shall be at {mount.target}"
    return Claim(name=object_name(plan, part), size=size, purpose=purpose)


def claim_document(
    claim: Claim, labels: Value, *, model_size: str, storage_class: str
) -> dict[str, Value]:
    """Return the PersistentVolumeClaim, which pods on several nodes can write."""
    spec: dict[str, Value] = {
        "accessModes": [commented("ReadWriteMany", "ReadWriteOnce is enough on one node")]
    }
    if storage_class:
        spec["storageClassName"] = commented(storage_class, "--storage-class")
    note = "" if claim.size else "--model-storage"
    size = commented(claim.size or model_size, note)
    spec["resources"] = {"requests": {"storage": size}}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": commented(claim.name, claim.purpose), "labels": labels},
        "spec": spec,
    }


def _volume(plan: ServePlan, mount: Mount) -> PodVolume:
    claim = claim_of(plan, mount)
    size = next((one for one in mount.options if one.startswith("size=")), "")
    return PodVolume(
        name=claim.name.removeprefix(f"{object_name(plan)}-") if claim else label(mount.target),
        path=mount.target,
        claim=claim,
        size=quantity(size.removeprefix("size=")),
        read_only="ro" in mount.options,
    )


def _shared_memory(service: ServicePlan) -> Iterator[PodVolume]:
    for flag in service.container.flags:
        if flag.flag == "--shm-size" and flag.value:
            yield PodVolume(name=_SHM, path="/dev/shm", memory=quantity(flag.value))  # noqa: S108  # the pod's
