# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What a machine has and lacks for building and running: collected, then judged.

`collect` asks docker and the system; `findings` is pure.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from packaging.version import InvalidVersion, Version

from dynamo_container.docker import buildx, engine, program
from dynamo_container.docker.buildx import BuilderState
from dynamo_container.docker.command import shell_word
from dynamo_container.docker.engine import NO_BUILD_CACHE, BuildCache
from dynamo_container.docker.errors import LIST_CONTEXTS, OLDEST_BUILDX, OLDEST_ENGINE
from dynamo_container.docker.program import PODMAN
from dynamo_container.errors import EngineError, MachineError
from dynamo_container.host import driver
from dynamo_container.host.paths import absolute, exists
from dynamo_container.host.users import default_hf_cache
from dynamo_container.model.facts import DriverInfo, EngineInfo, Gpu

# Building the image of an inference engine takes about 30 GB; that of `none` takes a few.
_ENOUGH_BYTES: Final = 40e9
_TOO_FEW_BYTES: Final = 10e9
_INSTALL_TOOLKIT: Final = (
    "install the NVIDIA Container Toolkit, then: "
    "nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml"
)
_INSTALL_BUILDX: Final = (
    "install docker's command with buildx (packages docker-cli and docker-buildx); no docker "
    "engine is required"
)
_BUILDKIT_FOLDER: Final = "${XDG_RUNTIME_DIR:-/run}/buildkit"
_BUILD_WITH_PODMAN: Final = (
    f"let podman run one: mkdir -p {_BUILDKIT_FOLDER} && podman run --detach --privileged "
    f"--name buildkitd --volume {_BUILDKIT_FOLDER}:/run/buildkit docker.io/moby/buildkit && "
    "docker buildx create --use --name podman --driver remote "
    f"unix://{_BUILDKIT_FOLDER}/buildkitd.sock"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A folder of the user: whether it exists and can be written to.

    Attributes:
        writable: for a folder that does not exist, whether it can be created.
        own: whether it exists and belongs to the caller.
    """

    path: str
    exists: bool
    writable: bool
    own: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """The facts about a machine that `findings` judges.

    Attributes:
        client: version of the docker command; empty if it is not installed.
        engine: facts about the engine; without a version if none answers.
        engine_error: why no engine answers.
        buildx: version; empty if the docker command does not have it.
        free: free bytes on the disk of the engine's data; None if it is not on this machine.
        unnamed: the sizes of the caller's own images that have lost their names and that no
            container uses; only collected if there is little space.
        build_cache: of the engine.
        builders: that buildx knows.
        driver: the NVIDIA driver of this machine.
        hf_cache: the Hugging Face cache that `run` mounts.
        plugins: problems of installed plugins.
    """

    client: str = ""
    engine: EngineInfo
    engine_error: str = ""
    buildx: str = ""
    free: int | None = None
    unnamed: tuple[int, ...] = ()
    build_cache: BuildCache = NO_BUILD_CACHE
    builders: tuple[BuilderState, ...] = ()
    driver: DriverInfo | None = None
    hf_cache: Folder
    plugins: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the report.

    Attributes:
        name: what was checked.
        state: the verdict.
        summary: what was seen.
        next_step: what to do; empty if nothing.
        status: the exit status for a failure.
    """

    name: str
    state: Literal["ok", "warning", "failure"]
    summary: str
    next_step: str = ""
    status: int = 0


def collect(plugin_problems: Callable[[], Iterable[str]]) -> Machine:
    """Collect the facts about this machine.

    Args:
        plugin_problems: loads the plugins and returns a line for each that cannot be used; called
            while docker works.
    """
    with engine.start_measuring_build_cache() as cache, buildx.start_listing_builders() as builders:
        engine_info, engine_error = _engine_info()
        free = _free_bytes(engine_info)
        return Machine(
            client=_version(engine.client_version),
            engine=engine_info,
            engine_error=engine_error,
            buildx=_version(buildx.version),
            free=free,
            unnamed=_unnamed() if free is not None and free < _ENOUGH_BYTES else (),
            driver=driver.collect(),
            hf_cache=_folder(absolute(default_hf_cache())),
            plugins=tuple(plugin_problems()),
            build_cache=cache() if engine_info.version else NO_BUILD_CACHE,
            builders=builders(),
        )


def _engine_info() -> tuple[EngineInfo, str]:
    try:
        return engine.collect(), ""
    except EngineError as error:
        return EngineInfo(program=program.selected()), error.what


def _version(ask: Callable[[], str]) -> str:
    try:
        return ask()
    except EngineError:
        return ""


def _free_bytes(info: EngineInfo) -> int | None:
    if not (info.local and info.root):
        return None
    try:
        disk = os.statvfs(info.root)
    except OSError:
        return None
    return disk.f_bavail * disk.f_frsize


def _unnamed() -> tuple[int, ...]:
    # Imported here: most machines have enough space.
    from dynamo_container.host import images

    try:
        return tuple(one.size for one in images.unused(images.find()) if not one.tags)
    except EngineError:
        return ()


def _folder(path: Path) -> Folder:
    # A missing folder can be created by whoever may write to the nearest existing one.
    nearest = next(folder for folder in (path, *path.parents) if exists(folder))
    return Folder(
        path=str(path),
        exists=nearest == path,
        writable=os.access(nearest, os.W_OK | os.X_OK),
        own=nearest == path and path.stat().st_uid == os.getuid(),
    )


def findings(machine: Machine) -> Iterator[Finding]:
    """Yield all findings, in the order in which problems are best fixed."""
    yield _client(machine)
    if machine.engine.program == PODMAN:
        yield _podman(machine)
    elif machine.client:
        yield _engine(machine)
    if machine.client:
        yield _buildx(machine)
        yield from _builders(machine.builders)
    if machine.client and machine.engine.program == PODMAN:
        yield _podmans_builder(machine)
    if machine.engine.version:
        yield _disk(machine)
        yield _build_cache(machine.build_cache)
        yield _gpus(machine)
    yield _driver(machine)
    yield _hf_cache(machine.hf_cache)
    yield from _plugins(machine.plugins)


def _ok(name: str, summary: str) -> Finding:
    return Finding(name=name, state="ok", summary=summary)


def _warning(name: str, summary: str, next_step: str) -> Finding:
    return Finding(name=name, state="warning", summary=summary, next_step=next_step)


def _failure(name: str, status: int, summary: str, next_step: str) -> Finding:
    return Finding(name=name, state="failure", summary=summary, next_step=next_step, status=status)


def _client(machine: Machine) -> Finding:
    if machine.client:
        return _ok("docker", f"version {machine.client}")
    if machine.engine.program == PODMAN:
        return _warning("docker", "not installed: images cannot be built here", _INSTALL_BUILDX)
    return _failure(
        "docker",
        EngineError.exit_status,
        "the docker command is not installed",
        f"install Docker {OLDEST_ENGINE} or newer with buildx",
    )


def _podman(machine: Machine) -> Finding:
    info = machine.engine
    if not info.version:
        return _failure("engine", EngineError.exit_status, machine.engine_error, "see: podman info")
    kind = "rootless" if info.rootless else "with root's privileges"
    return _ok("engine", f"podman {info.version}, {kind}")


def _podmans_builder(machine: Machine) -> Finding:
    """Return which BuildKit builds what podman runs."""
    answering = [one for one in machine.builders if one.version]
    if selected := next((one for one in answering if one.selected), None):
        return _ok("builds", f"by the builder {selected.name}; podman loads what it builds")
    if answering:
        name = shell_word(answering[0].name)
        how = f"name it: build --builder {name}; or select it: docker buildx use {name}"
        return _warning("builds", f"the builder {name} answers, but is not selected", how)
    return _warning(
        "builds", "no BuildKit answers: images cannot be built here", _BUILD_WITH_PODMAN
    )


def _engine(machine: Machine) -> Finding:
    version = machine.engine.version
    if not version:
        return _failure("engine", EngineError.exit_status, machine.engine_error, _connect(machine))
    if _is_older(version, OLDEST_ENGINE):
        return _failure(
            "engine",
            EngineError.exit_status,
            f"version {version} is too old: {OLDEST_ENGINE} or newer is required",
            "upgrade Docker Engine, or set DOCKER_HOST to a newer one",
        )
    place = "on this machine" if machine.engine.local else "on another or a virtual machine"
    return _ok("engine", f"version {version}, {place}")


def _connect(machine: Machine) -> str:
    """Return what to do if no engine answers."""
    if "permission denied" in machine.engine_error.lower():
        return "join the group docker and log in again: sudo usermod -aG docker $USER"
    start = "start Docker, or set DOCKER_HOST or DOCKER_CONTEXT"
    return LIST_CONTEXTS if machine.engine_error.endswith("does not exist") else start


def _buildx(machine: Machine) -> Finding:
    if not machine.buildx:
        summary = "the docker command has no buildx plugin, which builds require"
    elif _is_older(machine.buildx, OLDEST_BUILDX):
        summary = f"version {machine.buildx} is too old"
    else:
        return _ok("buildx", f"version {machine.buildx}")
    install = f"install docker-buildx (or docker-buildx-plugin), {OLDEST_BUILDX} or newer"
    return _failure("buildx", EngineError.exit_status, summary, install)


def _builders(builders: Iterable[BuilderState]) -> Iterator[Finding]:
    """Yield a finding for each builder beside the engine: those of a driver such as `remote`."""
    for one in builders:
        name = f"builder {one.name}"
        if one.driver == "docker":
            continue
        selected = ", selected" if one.selected else ""
        if one.version:
            yield _ok(name, f"driver {one.driver}, BuildKit {one.version}{selected}")
        elif one.driver == "remote" or one.problem:
            problem = f": {one.problem}" if one.problem else ""
            summary = f"driver {one.driver}, does not answer{problem}"
            see = (
                f"see: docker buildx inspect {one.name}; or remove it: docker buildx rm {one.name}"
            )
            yield _warning(name, summary, see)
        else:
            yield _ok(name, f"driver {one.driver}, starts when it is used{selected}")


def _is_older(version: str, oldest: str | int) -> bool:
    """Whether a version is older; false for a version that cannot be parsed."""
    try:
        return Version(version.partition("-")[0]) < Version(str(oldest))
    except InvalidVersion:
        return False


def _disk(machine: Machine) -> Finding:
    if machine.free is None:
        return _ok("disk", "the engine's disk is not on this machine")
    summary = f"{machine.free / 1e9:,.1f} GB free for the engine's data"
    if not has_little_space(machine):
        return _ok("disk", summary)
    own = "dynamo-container prune, " if machine.unnamed else ""
    free_space = f"free some space: {own}docker builder prune, docker image prune"
    if machine.free < _TOO_FEW_BYTES:
        return _failure("disk", MachineError.exit_status, summary, free_space)
    return _warning("disk", f"{summary}; building a framework takes about 30 GB", free_space)


def has_little_space(machine: Machine) -> bool:
    """Whether the disk of the engine's data is a warning or a failure."""
    return machine.free is not None and machine.free < _ENOUGH_BYTES


def _build_cache(cache: BuildCache) -> Finding:
    known = f"{cache.size}, of which {cache.reclaimable} can be deleted"
    return _ok("build cache", known if cache.size else "unknown size")


def _gpus(machine: Machine) -> Finding:
    info = machine.engine
    devices = [name for name in info.cdi_devices if name.startswith("nvidia.com/")]
    if devices:
        return _ok("gpus", f"CDI devices: {', '.join(devices)}")
    if runtimes := [name for name in info.runtimes if name.startswith("nvidia")]:
        return _ok("gpus", f"through the runtime {runtimes[0]}")
    if info.hook:
        return _ok("gpus", "through docker's own --gpus")
    if machine.driver and info.local:
        count = len(machine.driver.gpus)
        summary = f"the machine has {count}, but the engine cannot give them to containers"
        return _failure("gpus", MachineError.exit_status, summary, _INSTALL_TOOLKIT)
    return _warning("gpus", "not set up in the engine: containers use the CPU", _INSTALL_TOOLKIT)


def _driver(machine: Machine) -> Finding:
    info = machine.driver
    if info:
        gpus = ", ".join(map(_gpu, info.gpus))
        summary = f"version {info.version}, supports CUDA up to {info.cuda}: {gpus or 'no GPU'}"
        return _ok("nvidia driver", summary)
    if machine.engine.has_gpus and machine.engine.local:
        summary = "the engine is set up for GPUs, but no NVIDIA driver answers on this machine"
        return _warning("nvidia driver", summary, "install the driver, then check: nvidia-smi")
    return _ok("nvidia driver", "not installed on this machine")


def _gpu(gpu: Gpu) -> str:
    return f"{gpu.name} ({gpu.memory / 2**30:.0f} GiB)" if gpu.memory else gpu.name


def _hf_cache(folder: Folder) -> Finding:
    name = "hugging face cache"
    if folder.writable:
        return _ok(name, folder.path if folder.exists else f"{folder.path} (created when needed)")
    if not folder.exists:
        return _failure(
            name,
            MachineError.exit_status,
            f"{folder.path} does not exist and cannot be created",
            "set HF_HOME to another folder, or create it: "
            f"sudo install -d -o $(id -u) -g $(id -g) {folder.path}",
        )
    if folder.own:
        next_step = f"give yourself access: chmod u+rwx {shell_word(folder.path)}"
    else:
        next_step = f"take ownership: sudo chown -R $(id -u):$(id -g) {folder.path}"
    return _failure(
        name,
        MachineError.exit_status,
        f"{folder.path} cannot be written to",
        next_step,
    )


def _plugins(problems: Iterable[str]) -> Iterator[Finding]:
    see = "see: dynamo-container plugins list"
    yield from (
        [_warning("plugins", problem, see) for problem in problems]
        or [_ok("plugins", "all installed plugins can be used")]
    )
