# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""From a request to the plan of a container."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, TypeVar

from dynamo_container.images import RUN
from dynamo_container.provenance import Fact, Layer, Resolved, Said, Source, merge
from dynamo_container.registry import Registry
from dynamo_container.requests import RunRequest
from dynamo_container.run import gpus
from dynamo_container.run.plan import RunPlan
from dynamo_container.values import EnvVar, Mount, Readiness, RunFlag

CORE: Final = Source(layer=Layer.CORE, name="core")
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
    RunFlag(flag="--workdir", value="/workspace"),
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

    def say(hook: str, kind: type[T]) -> tuple[Said[T], ...]:
        return registry.say(hook, kind, request.framework, request=request)

    way_out = "give your own: it wins over both; or uninstall one of the plugins"
    env = merge(
        "environment variable",
        [*say("run_env", EnvVar), *_user(request.env, request, "--env")],
        lambda var: var.name,
        way_out,
        tell=tell_env,
    )
    mounts = merge(
        "mount at",
        [*say("run_mounts", Mount), *_user(request.mounts, request, "--volume")],
        _mount_key,
        way_out,
        tell=tell_mount,
    )
    accelerator, warnings = _accelerator(request, say("accelerator", RunFlag))
    flags = merge(
        "flag",
        [*_core(DEFAULTS), *say("run_flags", RunFlag), *accelerator, *_user_flags(request)],
        flag_key,
        way_out,
        tell=lambda flag: flag.value or "",
    )
    readiness = merge(
        "readiness",
        say("readiness", Readiness),
        lambda _: "readiness",
        "uninstall one of the plugins",
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
        labels=((RUN, request.framework),),
        remove=request.remove,
        detach=request.detach,
        interactive=request.interactive,
        tty=request.tty,
        readiness=readiness[0].value if readiness else None,
        facts=(
            *(one.told("env", tell_env) for one in env),
            *(one.told("mount", tell_mount) for one in mounts),
            *(one.told("flag", lambda flag: flag.value or "") for one in flags),
            *_asked_facts(request),
            *(one.told("readiness", lambda ready: " ".join(ready.command)) for one in readiness),
        ),
        warnings=warnings,
    )


def _accelerator(
    request: RunRequest, said: tuple[Said[RunFlag], ...]
) -> tuple[tuple[Said[RunFlag], ...], tuple[str, ...]]:
    if request.gpus == "none":
        return (), ()
    if said:
        return said, ()
    nvidia = tuple(_core(gpus.flags(request.engine)))
    if nvidia or not request.engine.version:
        return nvidia, ()
    return (), (
        "the engine knows no GPU: the container runs without (--gpus none: without this line)",
    )


def _core(flags: Iterable[RunFlag]) -> Iterator[Said[RunFlag]]:
    return (Said(value=flag, source=CORE) for flag in flags)


def _user(values: Iterable[T], request: RunRequest, option: str) -> Iterator[Said[T]]:
    return (Said(value=value, source=request.source(option)) for value in values)


def _user_flags(request: RunRequest) -> Iterator[Said[RunFlag]]:
    if request.ports and not any(flag.flag == "--network" for flag in request.flags):
        # The host's network, which is the default, would ignore the ports without a word.
        bridge = RunFlag(flag="--network", value="bridge")
        yield Said(value=bridge, source=request.source("--port"))
    for flag in request.flags:
        yield Said(value=flag, source=request.source(flag.flag))


def _asked_facts(request: RunRequest) -> Iterator[Fact]:
    """What only the user says."""
    asked = (("name", request.name), ("entrypoint", " ".join(request.entrypoint)))
    values = [*asked, *(("port", port) for port in request.ports)]
    for kind, value in values:
        if value:
            key = value if kind == "port" else f"--{kind}"
            yield Fact(kind=kind, key=key, value=value, sources=(request.source(f"--{kind}"),))


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
