# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""From a request to the plan of a container."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, TypeVar

from dynamo_container.containers import gpus
from dynamo_container.containers.plan import RunPlan
from dynamo_container.errors import MachineError
from dynamo_container.model.names import (
    CUDA_LABEL,
    DRIVER_LABEL,
    LOCAL_DEV_TARGET,
    RUN_LABEL,
    TARGET_LABEL,
    UID_LABEL,
)
from dynamo_container.model.provenance import CORE, Contribution, PlanEntry, Resolved, merge
from dynamo_container.model.requests import RunRequest
from dynamo_container.model.values import EnvVar, Mount, RunFlag
from dynamo_container.plugins import hookspecs
from dynamo_container.plugins.registry import Registry

WORKSPACE: Final = "/workspace"
# What `run.sh` always gave its containers: shared memory and pinned pages for NCCL and UCX, ptrace
# for debuggers, the host's network for discovery between services.
DEFAULTS: Final = (
    RunFlag(flag="--network", value="host"),
    RunFlag(flag="--shm-size", value="10G"),
    RunFlag(flag="--ulimit", value="memlock=-1", key="memlock"),
    RunFlag(flag="--ulimit", value="stack=67108864", key="stack"),
    RunFlag(flag="--ulimit", value="nofile=65536:65536", key="nofile"),
    RunFlag(flag="--cap-add", value="SYS_PTRACE", key="SYS_PTRACE"),
    RunFlag(flag="--ipc", value="host"),
    RunFlag(flag="--workdir", value=WORKSPACE),
)
# A container's first process heeds only the signals that it handles: without an init, Ctrl-C and
# `docker stop` do nothing to most programs.
_INIT: Final = RunFlag(flag="--init")
# GPUDirect Storage pins memory, reads udev's records of the disks, and puts its sockets into /tmp.
_GDS: Final = RunFlag(flag="--cap-add", value="IPC_LOCK", key="IPC_LOCK")
_GDS_MOUNTS: Final = (
    Mount(source="/run/udev", target="/run/udev", options=("ro",)),
    Mount(source="/tmp", target="/tmp"),  # noqa: S108  # the host's own
)

T = TypeVar("T")


def plan(registry: Registry, request: RunRequest) -> RunPlan:
    """Plan a container. Pure: the plugins' answers and the request, with what the engine said, are
    its only input.

    Args:
        registry: with the request's framework loaded.
        request: what the user asked for.

    Raises:
        PluginError, ConflictError: a hook failed, or two plugins contradict each other.
    """

    def call(hook: Callable[[RunRequest], Iterable[T]]) -> tuple[Contribution[T], ...]:
        return registry.call(hook, request)

    hint = "give your own, which wins over both; or {without}"
    accelerator = _accelerator(request, call(hookspecs.dynamo_container_accelerator))
    env = merge(
        "environment variable",
        [
            *_workspace_env(request),
            *accelerator.env,
            *call(hookspecs.dynamo_container_run_env),
            *_user(request.env, request, "--env"),
        ],
        lambda var: var.name,
        hint,
        describe=tell_env,
    )
    mounts = merge(
        "mount at",
        [
            *_workspace_mounts(request),
            *call(hookspecs.dynamo_container_run_mounts),
            *_user(request.mounts, request, "--volume"),
        ],
        _mount_key,
        hint,
        describe=tell_mount,
    )
    flags = merge(
        "flag",
        [
            *_default_flags(request),
            *call(hookspecs.dynamo_container_run_flags),
            *accelerator.flags,
            *_user_flags(request),
        ],
        flag_key,
        hint,
        describe=lambda flag: flag.value or "",
    )
    readiness = merge(
        "readiness",
        registry.call(hookspecs.dynamo_container_readiness, request),
        lambda _: "readiness",
        "{without}",
    )
    return RunPlan(
        image=request.image,
        command=request.command,
        name=request.name,
        env=_values(env),
        mounts=_values(mounts),
        flags=_values(flags),
        ports=request.ports,
        entrypoint=request.entrypoint,
        folders=(request.hf_cache,) if request.hf_cache else (),
        labels=((RUN_LABEL, request.framework),),
        remove=request.remove,
        detach=request.detach,
        interactive=request.interactive,
        tty=request.tty,
        readiness=readiness[0].value if readiness else None,
        facts=(
            *(one.as_entry("env", tell_env) for one in env),
            *(one.as_entry("mount", tell_mount) for one in mounts),
            *(one.as_entry("flag", lambda flag: flag.value or "") for one in flags),
            *_asked_facts(request),
            *(
                one.as_entry("readiness", lambda ready: " ".join(ready.command))
                for one in readiness
            ),
        ),
        warnings=accelerator.warnings,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Accelerator:
    """How accelerators come in, and what is to be said about it."""

    flags: tuple[Contribution[RunFlag], ...] = ()
    env: tuple[Contribution[EnvVar], ...] = ()
    warnings: tuple[str, ...] = ()


def _accelerator(request: RunRequest, said: tuple[Contribution[RunFlag], ...]) -> _Accelerator:
    """What a plugin says of its own accelerator, else NVIDIA's GPUs."""
    runtime = _runtime(request)
    if said and request.gpus != "none":
        return _Accelerator(flags=said)
    chosen = any(var.name == gpus.VISIBLE for var in request.env)
    way = gpus.gpu_access(request.gpus, request.engine, runtime, chosen=chosen)
    source = request.source("--gpus") if "--gpus" in dict(request.origins) else CORE
    return _Accelerator(
        flags=tuple(Contribution(value=flag, source=source) for flag in way.flags),
        env=tuple(Contribution(value=var, source=source) for var in way.env),
        warnings=tuple(_accelerator_warnings(request, way, runtime)),
    )


def _runtime(request: RunRequest) -> str:
    """The runtime that the user names; empty for none."""
    name = next((flag.value for flag in request.flags if flag.flag == "--runtime"), None) or ""
    if name and request.engine.version and name not in request.engine.runtimes:
        raise MachineError(
            f"the engine has no runtime {name!r}",
            f"it has: {', '.join(request.engine.runtimes)}; or leave out --runtime",
        )
    return name


def _accelerator_warnings(request: RunRequest, way: gpus.GpuAccess, runtime: str) -> Iterator[str]:
    if not way and request.gpus != "none" and request.engine.version:
        why = "the engine knows no GPU"
        if runtime and request.engine.has_gpus:
            why = f"the engine's GPUs do not come in by --runtime {runtime}"
        yield f"{why}: the container runs without (--gpus none: without this line)"
    cuda, driver = request.label(CUDA_LABEL), request.engine.driver
    if way and cuda and driver and request.preflight:
        # Imported here: few runs know of a driver.
        from dynamo_container.containers import preflight

        if told := preflight.warning(cuda, request.label(DRIVER_LABEL), driver):
            yield told


def _default_flags(request: RunRequest) -> Iterator[Contribution[RunFlag]]:
    yield from _core(DEFAULTS)
    if request.init:
        yield from _core((_INIT,))


def _core(values: Iterable[T]) -> Iterator[Contribution[T]]:
    return (Contribution(value=value, source=CORE) for value in values)


def _user(values: Iterable[T], request: RunRequest, option: str) -> Iterator[Contribution[T]]:
    return (Contribution(value=value, source=request.source(option)) for value in values)


def _workspace_env(request: RunRequest) -> Iterator[Contribution[EnvVar]]:
    if request.workspace:
        # By name: docker takes the value from its own environment, and nobody sees it.
        yield Contribution(value=EnvVar(name="HF_TOKEN"), source=CORE)


def _workspace_mounts(request: RunRequest) -> Iterator[Contribution[Mount]]:
    if request.workspace:
        mount = Mount(source=request.workspace, target=WORKSPACE)
        yield Contribution(value=mount, source=request.source("--mount-workspace"))
    if request.gds:
        yield from _core(_GDS_MOUNTS)
    if request.hf_cache:
        mount = Mount(source=request.hf_cache, target=f"{request.home}/.cache/huggingface")
        given = "--hf-cache" in dict(request.origins)
        yield Contribution(value=mount, source=request.source("--hf-cache") if given else CORE)
    if request.workspace and request.label(TARGET_LABEL) == LOCAL_DEV_TARGET:
        # A volume for each UID_LABEL: its files belong to the user of the image that made it.
        volume = f"dynamo-history-{request.label(UID_LABEL) or 'developer'}"
        target = f"{request.home}/.commandhistory"
        yield Contribution(value=Mount(type="volume", source=volume, target=target), source=CORE)


def _user_flags(request: RunRequest) -> Iterator[Contribution[RunFlag]]:
    if request.ports and not any(flag.flag == "--network" for flag in request.flags):
        # The host's network, which is the default, would ignore the ports without a word.
        bridge = RunFlag(flag="--network", value="bridge")
        yield Contribution(value=bridge, source=request.source("--port"))
    if request.gds:
        yield Contribution(value=_GDS, source=request.source("--use-nixl-gds"))
    for flag in request.flags:
        yield Contribution(value=flag, source=request.source(flag.flag))
        if flag.flag == "--user" and flag.value:
            # Our images are writable for group 0, whoever runs in them.
            group = RunFlag(flag="--group-add", value="0", key="0")
            yield Contribution(value=group, source=request.source("--user"))


def _asked_facts(request: RunRequest) -> Iterator[PlanEntry]:
    """What only the user says, or a default where they say nothing."""
    for kind, key, value in (
        ("image", "--image", request.image),
        ("command", "command", shlex.join(request.command)),
        ("name", "--name", request.name),
        ("entrypoint", "--entrypoint", shlex.join(request.entrypoint)),
        *(("port", port, port) for port in request.ports),
        ("setting", "--rm", _switch(request.remove)),
        ("setting", "--detach", _switch(request.detach)),
        ("setting", "--interactive", _switch(request.interactive)),
        ("setting", "--tty", _switch(request.tty)),
        ("label", RUN_LABEL, request.framework),
    ):
        flag = "--port" if kind == "port" else key
        asked = kind == "command" or flag in dict(request.origins)
        if value:
            source = request.source(flag) if asked else CORE
            yield PlanEntry(kind=kind, key=key, value=value, sources=(source,))


def _switch(on: bool) -> str:
    return "TRUE" if on else "FALSE"


def _mount_key(mount: Mount) -> str:
    return mount.target.rstrip("/") or "/"


def flag_key(flag: RunFlag) -> str:
    """What tells two flags apart: the flag, and the key of those that can be given again."""
    return f"{flag.flag} {flag.key}" if flag.key else flag.flag


def tell_env(var: EnvVar) -> str:
    """A variable's value, for people."""
    return "(from the caller's environment)" if var.value is None else var.value


def tell_mount(mount: Mount) -> str:
    """A mount in a few words, for people."""
    options = f" ({','.join(mount.options)})" if mount.options else ""
    return f"{mount.type} {mount.source}{options}".replace("  ", " ")


def _values(resolved: Iterable[Resolved[T]]) -> tuple[T, ...]:
    return tuple(one.value for one in resolved)
