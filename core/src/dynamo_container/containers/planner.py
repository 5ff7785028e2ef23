# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""From a request to the plan of a container."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Final, TypeVar

from dynamo_container.containers import dangers, podman, port_variables, writing
from dynamo_container.containers.accelerator import Accelerator, plan_accelerator
from dynamo_container.containers.additions import NO_ADDITIONS, Additions, with_additions
from dynamo_container.containers.plan import RunPlan
from dynamo_container.containers.profile import (
    OMITTED,
    default_flags,
    hardened_flags,
    hardened_mounts,
    omitted_flags,
)
from dynamo_container.model.names import (
    CUDA_DEVICE,
    LOCAL_DEV_TARGET,
    OWNER_LABEL,
    PROJECT_LABEL,
    RUN_LABEL,
    SERVE_LABEL,
    TARGET_LABEL,
    UID_LABEL,
)
from dynamo_container.model.provenance import CORE, Contribution, PlanEntry, Resolved, merge
from dynamo_container.model.requests import RunRequest
from dynamo_container.model.values import EnvVar, Mount, Readiness, RunFlag
from dynamo_container.plugins import hookspecs
from dynamo_container.plugins.registry import Registry
from dynamo_container.plugins.verification import verify

if TYPE_CHECKING:
    from dynamo_container.model.requests import PlanView

WORKSPACE: Final = "/workspace"
# The first process of a container gets only the signals that it handles: without an init process,
# most programs ignore Ctrl-C and `docker stop`.
_INIT: Final = RunFlag(flag="--init")
# GPUDirect Storage pins memory, reads udev's records of the disks, and has its sockets in /tmp.
_GDS: Final = RunFlag(flag="--cap-add", value="IPC_LOCK", key="IPC_LOCK")
_GDS_MOUNTS: Final = (
    Mount(source="/run/udev", target="/run/udev", options=("ro",)),
    Mount(source="/tmp", target="/tmp"),  # noqa: S108  # the host's own
)
# How to resolve a conflict between two plugins.
_HINT: Final = "override both with a value of your own; or {without}"

T = TypeVar("T")


def plan(
    registry: Registry,
    request: RunRequest,
    *,
    additions: Additions = NO_ADDITIONS,
    verified: bool = True,
) -> RunPlan:
    """Plan a container. Pure: the result depends only on the plugins and the request, which
    includes the facts about engine and image.

    Args:
        registry: with the request's framework loaded.
        request: what the user asked for.
        additions: what the container's service adds.
        verified: whether plugins may refuse the plan; not for tests of plugins.

    Raises:
        PluginError: a hook failed.
        PolicyError: a plugin refuses the plan.
        ConflictError: two plugins contradict each other.
        MachineError: the engine or the driver lacks something that the request requires.
        UsageError: options contradict each other.
    """
    accelerator = plan_accelerator(registry, request)
    env = _env(registry, request, accelerator, additions)
    mounts = _mounts(registry, request, additions)
    flags = _flags(registry, request, accelerator, additions)
    readiness = _readiness(registry, request, additions)
    not_in_files = tuple(one for one in env if not _is_in_file(request, one.value))
    port_variables.require_valid(not_in_files, request)
    planned = RunPlan(
        program=request.engine.program,
        image=request.image,
        command=request.command,
        name=request.name,
        env=_values(not_in_files),
        mounts=_values(mounts),
        flags=tuple(flag for flag in _values(flags) if flag.value != OMITTED),
        ports=request.ports,
        entrypoint=request.entrypoint,
        folders=tuple(filter(None, (request.hf_cache, request.hf_hub))),
        labels=_labels(request),
        remove=request.remove,
        detach=request.detach,
        interactive=request.interactive,
        tty=request.tty,
        readiness=readiness[0].value if readiness else None,
        entries=(
            *_entries("env", env, describe_env),
            *_entries("mount", mounts, describe_mount),
            *_entries("flag", flags, describe_flag),
            *_request_entries(request),
            *_entries("readiness", readiness, _describe_readiness),
            *_resource_entries(accelerator),
        ),
        warnings=(
            *accelerator.warnings,
            *dangers.warnings(flags, mounts, registry.required),
            *writing.warnings(request, _values(flags)),
        ),
    )
    if verified:
        verify(registry, request.framework, lambda: view(planned, request))
    return planned


def view(planned: RunPlan, request: RunRequest) -> PlanView:
    """Return a plan as hooks see it."""
    # Imported here, because few runs have a plugin with a policy.
    from dynamo_container.model.requests import PlanView

    return PlanView(
        command="run",
        framework=request.framework,
        target=request.target or request.label(TARGET_LABEL),
        images=(planned.image,),
        image_labels=request.image_info.labels if request.image_info else (),
        service=request.service,
        entries=planned.entries,
    )


def _env(
    registry: Registry, request: RunRequest, accelerator: Accelerator, additions: Additions
) -> tuple[Resolved[EnvVar], ...]:
    contributions = (
        *_workspace_env(request),
        *accelerator.env,
        *registry.call(hookspecs.dynamo_container_run_env, request),
        *_from_user(request.env, request, "--env"),
        *_from_user(_variables_in_files(request), request, "--env-file"),
    )
    return merge(
        "environment variable",
        with_additions(contributions, additions.env, _env_key),
        _env_key,
        _HINT,
        describe=describe_env,
    )


def _mounts(
    registry: Registry, request: RunRequest, additions: Additions
) -> tuple[Resolved[Mount], ...]:
    contributions = (
        *_core_mounts(request),
        *registry.call(hookspecs.dynamo_container_run_mounts, request),
        *_user_mounts(request),
        *hardened_mounts(request),
    )
    added = with_additions(contributions, additions.mounts, _mount_key)
    return merge("mount at", added, _mount_key, _HINT, describe=describe_mount)


def _flags(
    registry: Registry, request: RunRequest, accelerator: Accelerator, additions: Additions
) -> tuple[Resolved[RunFlag], ...]:
    contributions = (
        *_from_core(default_flags(request)),
        *_from_core((_INIT,) if request.init else ()),
        *registry.call(hookspecs.dynamo_container_run_flags, request),
        *accelerator.flags,
        *_user_flags(request),
        *hardened_flags(request),
        *additions.flags,
    )
    omitted = omitted_flags(request, contributions)
    merged = merge("flag", (*contributions, *omitted), flag_key, _HINT, describe=describe_flag)
    return tuple(podman.adapted(request, merged))


def _readiness(
    registry: Registry, request: RunRequest, additions: Additions
) -> tuple[Resolved[Readiness], ...]:
    given = (request.readiness,) if request.readiness else ()
    contributions = (
        *(additions.readiness or registry.call(hookspecs.dynamo_container_readiness, request)),
        *_from_user(given, request, "--wait-for"),
    )
    return merge(
        "readiness",
        contributions,
        lambda _: "readiness",
        "{without}",
        describe=_describe_readiness,
    )


def _from_core(values: Iterable[T]) -> Iterator[Contribution[T]]:
    return (Contribution(value=value, source=CORE) for value in values)


def _from_user(values: Iterable[T], request: RunRequest, option: str) -> Iterator[Contribution[T]]:
    return (Contribution(value=value, source=request.source(option)) for value in values)


def _variables_in_files(request: RunRequest) -> Iterator[EnvVar]:
    """Yield the variables of `--env-file`, which docker reads itself: the value is not shown."""
    given = {var.name for var in request.env}
    found = {name: path for path, names in request.env_files for name in names}
    return (
        EnvVar(name=name, value=f"(from {path})")
        for name, path in found.items()
        if name not in given
    )


def _is_in_file(request: RunRequest, var: EnvVar) -> bool:
    return var in tuple(_variables_in_files(request))


def _user_mounts(request: RunRequest) -> Iterator[Contribution[Mount]]:
    for mount in request.mounts:
        option = "--tmpfs" if mount.type == "tmpfs" else "--volume"
        yield Contribution(value=mount, source=request.source(option))


def _labels(request: RunRequest) -> tuple[tuple[str, str], ...]:
    """Return the labels by which `ps` and others find the container, and whose it is."""
    optional = (
        (OWNER_LABEL, request.owner),
        (PROJECT_LABEL, request.project),
        (SERVE_LABEL, request.served),
    )
    return ((RUN_LABEL, request.framework), *(label for label in optional if label[1]))


def _workspace_env(request: RunRequest) -> Iterator[Contribution[EnvVar]]:
    if request.workspace and request.trusted:
        # By name only: docker takes the value from its own environment, and it is never printed.
        yield Contribution(value=EnvVar(name="HF_TOKEN"), source=CORE)
    if request.hf_cache:
        yield from _from_core(EnvVar(name=name) for name in request.hf_settings)
    if request.hf_hub:
        yield from _from_core([EnvVar(name="HF_HUB_CACHE", value=_hub(request))])
    if request.hf_token:
        yield from _from_core([EnvVar(name="HF_TOKEN_PATH", value=_token(request))])


def _hub(request: RunRequest) -> str:
    # Not below the cache: docker would create a folder there, as root.
    return f"{request.home}/.cache/huggingface-hub"


def _token(request: RunRequest) -> str:
    return f"{request.home}/.cache/huggingface-token"


def _core_mounts(request: RunRequest) -> Iterator[Contribution[Mount]]:
    """Yield the mounts that options other than `--volume` request."""
    if request.workspace:
        mount = Mount(source=request.workspace, target=WORKSPACE)
        yield Contribution(value=mount, source=request.source("--mount-workspace"))
    if request.gds:
        yield from _from_core(_GDS_MOUNTS)
    if request.hf_cache:
        mount = Mount(source=request.hf_cache, target=f"{request.home}/.cache/huggingface")
        given = request.is_given("--hf-cache")
        yield Contribution(value=mount, source=request.source("--hf-cache") if given else CORE)
    if request.hf_hub:
        yield from _from_core([Mount(source=request.hf_hub, target=_hub(request))])
    if request.hf_token:
        token = Mount(source=request.hf_token, target=_token(request), options=("ro",))
        yield from _from_core([token])
    local_dev = request.label(TARGET_LABEL) == LOCAL_DEV_TARGET
    if request.workspace and request.trusted and local_dev:
        # A volume for each UID: its files belong to the user of the image that created it.
        volume = f"dynamo-history-{request.label(UID_LABEL) or 'developer'}"
        target = f"{request.home}/.commandhistory"
        yield Contribution(value=Mount(type="volume", source=volume, target=target), source=CORE)


def _user_flags(request: RunRequest) -> Iterator[Contribution[RunFlag]]:
    networks = any(flag.flag == "--network" for flag in request.flags)
    if request.ports and not networks and not request.hardened:
        # The default, the host's network, would silently ignore the ports.
        bridge = RunFlag(flag="--network", value="bridge")
        yield Contribution(value=bridge, source=request.source("--port"))
    if request.gds:
        yield Contribution(value=_GDS, source=request.source("--use-nixl-gds"))
    for number, (path, _) in enumerate(request.env_files, 1):
        # Numbered, because a later file replaces variables of an earlier one.
        flag = RunFlag(flag="--env-file", value=path, key=str(number))
        yield Contribution(value=flag, source=request.source("--env-file"))
    yield from _from_user(request.docker_args, request, "--docker-arg")
    for flag in request.flags:
        yield Contribution(value=flag, source=request.source(flag.flag))
        if flag.flag == "--user" and flag.value:
            # Our images are writable for group 0, whichever user runs in them.
            group = RunFlag(flag="--group-add", value="0", key="0")
            yield Contribution(value=group, source=request.source("--user"))


def _entries(
    kind: str, resolved: Iterable[Resolved[T]], describe: Callable[[T], str]
) -> Iterator[PlanEntry]:
    return (value.as_entry(kind, describe) for value in resolved)


def _resource_entries(accelerator: Accelerator) -> Iterator[PlanEntry]:
    """Yield what the container's device is called on Kubernetes."""
    for entry in accelerator.resources:
        name, quantity = entry.value
        yield PlanEntry(kind="resource", key=name, value=quantity, sources=(entry.source,))


def _request_entries(request: RunRequest) -> Iterator[PlanEntry]:
    """Yield the entries for values that only the user or a default can set."""
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
        ("setting", "--device", "" if request.used_device == CUDA_DEVICE else request.used_device),
        *(("label", *label) for label in _labels(request)),
    ):
        flag = "--port" if kind == "port" else key
        given = kind == "command" or request.is_given(flag)
        if value:
            source = request.source(flag) if given else CORE
            yield PlanEntry(kind=kind, key=key, value=value, sources=(source,))


def _switch(on: bool) -> str:
    return "TRUE" if on else "FALSE"


def _env_key(var: EnvVar) -> str:
    return var.name


def _mount_key(mount: Mount) -> str:
    return mount.target.rstrip("/") or "/"


def flag_key(flag: RunFlag) -> str:
    """Return what distinguishes flags: the flag, and the key of one that can be repeated."""
    return f"{flag.flag} {flag.key}" if flag.key else flag.flag


def describe_env(var: EnvVar) -> str:
    """Return a variable's value for people."""
    return "(from the caller's environment)" if var.value is None else var.value


def describe_mount(mount: Mount) -> str:
    """Return a mount's type, source and options for people."""
    options = f" ({','.join(mount.options)})" if mount.options else ""
    return f"{mount.type} {mount.source}{options}".replace("  ", " ")


def describe_flag(flag: RunFlag) -> str:
    """Return a flag's value for people; empty for a flag without one."""
    return flag.value or ""


def _describe_readiness(readiness: Readiness) -> str:
    if readiness.serves:
        return f"serves: {readiness.serves}"
    return f"log: {readiness.log}" if readiness.log else " ".join(readiness.command)


def _values(resolved: Iterable[Resolved[T]]) -> tuple[T, ...]:
    return tuple(result.value for result in resolved)
