# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What a machine has and lacks for building and running: from what was asked, to findings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from packaging.version import InvalidVersion, Version

from dynamo_container.docker.engine import OLDEST_BUILDX, OLDEST_ENGINE
from dynamo_container.errors import EngineError, MachineError
from dynamo_container.model.facts import DriverInfo, EngineInfo, Gpu

# An image of an engine for inference takes about 30 GB while it is built; that of `none` a few.
_ENOUGH: Final = 40e9
_LITTLE: Final = 10e9
_TOOLKIT: Final = (
    "install the NVIDIA Container Toolkit, then: "
    "nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A folder of the user's: whether it is there, and can be written to."""

    path: str
    exists: bool
    writable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What was asked of a machine.

    Attributes:
        client: version of the docker command; empty where there is none.
        engine: what the engine reports; without a version where none answers.
        silence: why none answers.
        buildx: version; empty where the client has none.
        free: bytes on the disk of the engine's data; None where it cannot be seen from here.
        build_cache: its size and what of it can be freed, as docker says it; empty for unknown.
        driver: the NVIDIA driver of this machine.
        hf_cache: the Hugging Face cache that `run` would mount.
        plugins: what is wrong with those that are installed.
    """

    client: str = ""
    engine: EngineInfo
    silence: str = ""
    buildx: str = ""
    free: int | None = None
    build_cache: tuple[str, str] = ("", "")
    driver: DriverInfo | None = None
    hf_cache: Folder
    plugins: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line: what was looked at, how it is, what was seen, and what to do.

    Attributes:
        status: the exit status that it stands for, where it is a failure.
    """

    name: str
    state: Literal["ok", "warning", "failure"]
    said: str
    next_step: str = ""
    status: int = 0


def findings(machine: Machine) -> Iterator[Finding]:
    """Everything that was looked at, in the order in which it is best mended."""
    yield _client(machine)
    if machine.client:
        yield _engine(machine)
        yield _buildx(machine)
    if machine.engine.version:
        yield _disk(machine)
        yield _cache(machine)
        yield _gpus(machine)
    yield _driver(machine)
    yield _hf_cache(machine.hf_cache)
    yield from (
        _warning("plugins", one, "see: dynamo-container plugins list") for one in machine.plugins
    )
    if not machine.plugins:
        yield _ok("plugins", "all that are installed can be used")


def _ok(name: str, said: str) -> Finding:
    return Finding(name=name, state="ok", said=said)


def _warning(name: str, said: str, next_step: str) -> Finding:
    return Finding(name=name, state="warning", said=said, next_step=next_step)


def _failure(name: str, status: int, said: str, next_step: str) -> Finding:
    return Finding(name=name, state="failure", said=said, next_step=next_step, status=status)


def _client(machine: Machine) -> Finding:
    if machine.client:
        return _ok("docker", f"the command is of version {machine.client}")
    return _failure(
        "docker",
        EngineError.exit_status,
        "the docker command is not installed",
        f"install Docker {OLDEST_ENGINE} or newer with buildx",
    )


def _engine(machine: Machine) -> Finding:
    version = machine.engine.version
    if not version:
        denied = "permission denied" in machine.silence.lower()
        return _failure(
            "engine",
            EngineError.exit_status,
            machine.silence,
            "join the group docker and log in again: sudo usermod -aG docker $USER"
            if denied
            else "start Docker, or point DOCKER_HOST or DOCKER_CONTEXT at an engine",
        )
    if _older(version, OLDEST_ENGINE):
        return _failure(
            "engine",
            EngineError.exit_status,
            f"version {version} is too old: {OLDEST_ENGINE} or newer is needed",
            "upgrade Docker Engine, or point DOCKER_HOST at a newer one",
        )
    place = "on this machine" if machine.engine.local else "on another machine, or in a virtual one"
    return _ok("engine", f"version {version}, {place}")


def _buildx(machine: Machine) -> Finding:
    install = f"install docker-buildx (or docker-buildx-plugin), {OLDEST_BUILDX} or newer"
    if not machine.buildx:
        said = "the docker command has no buildx, which builds need"
    elif _older(machine.buildx, OLDEST_BUILDX):
        said = f"version {machine.buildx} is too old"
    else:
        return _ok("buildx", f"version {machine.buildx}")
    return _failure("buildx", EngineError.exit_status, said, install)


def _older(version: str, oldest: str | float) -> bool:
    """Whether a version is older; one that cannot be read is not."""
    try:
        return Version(version.partition("-")[0]) < Version(str(oldest))
    except InvalidVersion:
        return False


def _disk(machine: Machine) -> Finding:
    if machine.free is None:
        return _ok("disk", "the engine's disk cannot be seen from here")
    said = f"{machine.free / 1e9:,.1f} GB are free where the engine keeps its data"
    if machine.free >= _ENOUGH:
        return _ok("disk", said)
    free = "free some: docker builder prune, docker image prune"
    if machine.free < _LITTLE:
        return _failure("disk", MachineError.exit_status, said, free)
    return _warning("disk", f"{said}; a framework's image takes about 30 GB to build", free)


def _cache(machine: Machine) -> Finding:
    size, reclaimable = machine.build_cache
    said = f"{size}, of which {reclaimable} can be freed" if size else "its size is not known"
    return _ok("build cache", said)


def _gpus(machine: Machine) -> Finding:
    engine = machine.engine
    devices = [name for name in engine.cdi_devices if name.startswith("nvidia.com/")]
    if devices:
        return _ok("gpus", f"by CDI: {', '.join(devices)}")
    if runtimes := [name for name in engine.runtimes if name.startswith("nvidia")]:
        return _ok("gpus", f"by the runtime {runtimes[0]}")
    if engine.hook:
        return _ok("gpus", "by docker's own --gpus")
    if machine.driver and engine.local:
        said = f"the machine has {len(machine.driver.gpus)}, and the engine knows none"
        return _failure("gpus", MachineError.exit_status, said, _TOOLKIT)
    return _warning("gpus", "the engine knows none: containers run on the CPU", _TOOLKIT)


def _driver(machine: Machine) -> Finding:
    driver, engine = machine.driver, machine.engine
    if driver:
        gpus = ", ".join(map(_gpu, driver.gpus))
        said = f"version {driver.version}, for CUDA up to {driver.cuda}: {gpus or 'no GPU'}"
        return _ok("nvidia driver", said)
    if engine.has_gpus and engine.local:
        said = "the engine has a way in for GPUs, and no NVIDIA driver answers on this machine"
        return _warning("nvidia driver", said, "install it, and look with: nvidia-smi")
    return _ok("nvidia driver", "none on this machine")


def _gpu(gpu: Gpu) -> str:
    return f"{gpu.name} ({gpu.memory / 2**30:.0f} GiB)" if gpu.memory else gpu.name


def _hf_cache(folder: Folder) -> Finding:
    name = "hugging face cache"
    if folder.writable:
        made = "" if folder.exists else " will be made where it is needed"
        return _ok(name, f"{folder.path}{made}")
    if not folder.exists:
        return _failure(
            name,
            MachineError.exit_status,
            f"{folder.path} is not there, and cannot be made",
            "name another by HF_HOME, or make it, and yours: "
            f"sudo install -d -o $(id -u) -g $(id -g) {folder.path}",
        )
    return _failure(
        name,
        MachineError.exit_status,
        f"{folder.path} cannot be written to",
        f"make it yours: sudo chown -R $(id -u):$(id -g) {folder.path}",
    )
