# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What was found out about the engine, its builders and images, and the GPU driver."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    """A GPU, as NVML reports it.

    Attributes:
        name: such as `NVIDIA H100 80GB HBM3`.
        uuid: such as `GPU-5a3c...`.
        memory: in bytes; 0 if the GPU shares the machine's memory.
        capability: its compute capability, such as `9.0`; empty if the driver does not report it.
    """

    name: str
    uuid: str
    memory: int
    capability: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverInfo:
    """The NVIDIA driver of this machine.

    Attributes:
        version: of the driver, such as `535.104.05`.
        cuda: the newest CUDA version that it supports, such as `12.2`.
        gpus: in the order of their indexes.
        machine: the architecture of its processors, as `uname -m` names it.
    """

    version: str
    cuda: str
    gpus: tuple[Gpu, ...] = ()
    machine: str = "x86_64"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceFile:
    """A device file of this machine, or a folder of them.

    Attributes:
        path: such as `/dev/dri/renderD128`, or `/dev/dri` for the folder.
        group: the GID of its group, which a process needs to open it.
    """

    path: str
    group: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedFolder:
    """A folder of this machine that a container is to write to.

    Attributes:
        path: of the folder.
        what: it is, for messages: `the workspace`.
        uid, gid: of its owner.
        mode: its permissions, such as `0o755`.
    """

    path: str
    what: str
    uid: int
    gid: int
    mode: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineInfo:
    """What the plan of a run needs to know about the engine.

    Attributes:
        program: the command that runs its containers.
        version: of the server; empty if no engine answered and the rest is assumed.
        runtimes: names of the registered runtimes.
        default_runtime: the runtime of containers that name none.
        cdi_devices: fully qualified names, such as `nvidia.com/gpu=0`. Engines report them since
            version 28; for an older engine on this machine they are read from its CDI folders.
        hook: whether NVIDIA's container hook is installed, which docker's own `--gpus` needs; known
            only for an engine on this machine.
        local: whether the engine runs on this machine and sees its files.
        root: the engine's data folder.
        rootless: whether it runs without root's privileges.
        limits: names of the resource limits (`memlock`, `nofile`) that it may not raise to what
            containers get by default.
        driver: this machine's NVIDIA driver, if the plan needs it.
        device_files: this machine's device files, if the engine is local and the plan needs them.
    """

    program: Literal["docker", "podman"] = "docker"
    version: str = ""
    runtimes: tuple[str, ...] = ()
    default_runtime: str = ""
    cdi_devices: tuple[str, ...] = ()
    hook: bool = False
    local: bool = False
    root: str = ""
    rootless: bool = False
    limits: tuple[str, ...] = ()
    driver: DriverInfo | None = None
    device_files: tuple[DeviceFile, ...] = ()

    @property
    def has_gpus(self) -> bool:
        """Whether the engine can give containers NVIDIA GPUs."""
        cdi = any(name.startswith("nvidia.com/") for name in self.cdi_devices)
        return cdi or self.hook or any(name.startswith("nvidia") for name in self.runtimes)


NO_ENGINE: Final = EngineInfo()


@dataclass(frozen=True, slots=True, kw_only=True)
class BuilderInfo:
    """A builder, as `docker buildx inspect` reports it.

    Attributes:
        name, driver: of the builder.
        platforms: what it can build for, its native platform first; empty if it has not started.
        image_store: whether it is an engine that uses containerd's image store.
    """

    name: str
    driver: str
    platforms: tuple[str, ...] = ()
    image_store: bool = False

    @property
    def is_docker(self) -> bool:
        """Whether it is the one that comes with a docker engine."""
        return self.driver == "docker"

    @property
    def is_plain_docker(self) -> bool:
        """Whether it is an engine with docker's classic image store, the least capable builder."""
        return self.is_docker and not self.image_store


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageInfo:
    """An image, as the engine reports it.

    Attributes:
        id: such as `sha256:...`.
        size: in bytes, in the engine's own store.
        labels: sorted by key.
        user: the image's `USER`; empty for root.
        env: `NAME=VALUE` entries.
        digests: references by which registries have it: `ubuntu@sha256:...`.
        volumes: the image's `VOLUME`, sorted.
    """

    id: str
    size: int
    labels: tuple[tuple[str, str], ...] = ()
    user: str = ""
    env: tuple[str, ...] = ()
    digests: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()

    def label(self, key: str) -> str:
        """Return a label's value; empty if the image does not have the label."""
        return dict(self.labels).get(key, "")
