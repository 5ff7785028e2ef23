# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What a container may do by default: for development, for a runtime image, and hardened.

docs/hardened.md gives the reason for each value.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from dynamo_container.model.names import DEFAULT_FILES, RUNTIME_STAGE, TARGET_LABEL
from dynamo_container.model.provenance import CORE, Contribution, Layer, Source
from dynamo_container.model.requests import RunRequest
from dynamo_container.model.values import Mount, RunFlag

# The value of a flag that docker does not get: a lower layer set it, and a higher one omits it.
OMITTED: Final = "(omitted)"
HARDENED: Final = "--hardened"
_ALL: Final = "ALL"

_EVERYWHERE: Final = (
    # Discovery, and transfer between workers, use ports that are chosen at run time.
    RunFlag(flag="--network", value="host"),
    RunFlag(flag="--shm-size", value="10G"),
    # NIXL, UCX and NCCL pin pages; a server has many connections.
    RunFlag(flag="--ulimit", value="memlock=-1", key="memlock"),
    RunFlag(flag="--ulimit", value="stack=67108864", key="stack"),
    RunFlag(flag="--ulimit", value=f"nofile={DEFAULT_FILES}:{DEFAULT_FILES}", key="nofile"),
    RunFlag(flag="--workdir", value="/workspace"),
)
# The same as `run.sh` has always used: ptrace for debuggers, shared memory between containers.
_DEVELOPMENT: Final = (
    *_EVERYWHERE,
    RunFlag(flag="--cap-add", value="SYS_PTRACE", key="SYS_PTRACE"),
    RunFlag(flag="--ipc", value="host"),
)
# A runtime image is not debugged in, and has no sudo. Its own shared memory has the size of
# --shm-size; with the host's, that option has no effect.
_RUNTIME: Final = (
    *_EVERYWHERE,
    RunFlag(flag="--ipc", value="private"),
    RunFlag(flag="--security-opt", value="no-new-privileges", key="no-new-privileges"),
)
_HARDENED: Final = (
    RunFlag(flag="--read-only"),
    RunFlag(flag="--cap-drop", value=_ALL, key=_ALL),
    RunFlag(flag="--security-opt", value="no-new-privileges", key="no-new-privileges"),
    RunFlag(flag="--ipc", value="private"),
    RunFlag(flag="--network", value="bridge"),
    # A worker with eight GPUs has some 6,000 threads on a machine with 200 cores.
    RunFlag(flag="--pids-limit", value="16384"),
    RunFlag(flag="--ulimit", value=OMITTED, key="memlock"),
)
# What a hardened container does not get from a plugin.
_OPENING: Final = ("--cap-add", "--privileged")
_HOST_NAMESPACES: Final = ("--cgroupns", "--ipc", "--pid", "--userns", "--uts")
# Engines load what they compile into these folders, so it must be executable. Any user can write.
_SCRATCH: Final = ("exec", "mode=1777")


def default_flags(request: RunRequest) -> tuple[RunFlag, ...]:
    """Return the core's own flags, by the target that the image is of."""
    targets = (request.target, request.label(TARGET_LABEL))
    flags = _RUNTIME if RUNTIME_STAGE in targets else _DEVELOPMENT
    limits = request.engine.limits
    return tuple(
        RunFlag(flag="--network", value=request.network)
        if flag.flag == "--network" and request.network
        else flag
        for flag in flags
        if not (flag.flag == "--ulimit" and flag.key in limits)
    )


def hardened_flags(request: RunRequest) -> Iterator[Contribution[RunFlag]]:
    """Yield the flags of `--hardened`, except those that the user sets otherwise."""
    given = {(flag.flag, flag.key) for flag in request.flags}
    for flag in _HARDENED if request.hardened else ():
        has_own_network = flag.flag == "--network" and request.network
        if (flag.flag, flag.key) not in given and not has_own_network:
            yield Contribution(value=flag, source=request.source(HARDENED))


def hardened_mounts(request: RunRequest) -> Iterator[Contribution[Mount]]:
    """Yield the folders in memory that serving writes to, unless the user mounts there."""
    given = {mount.target for mount in request.mounts}
    folders = ("/tmp", f"{request.home}/.cache", f"{request.home}/.config")  # noqa: S108  # the container's
    for target in folders if request.hardened else ():
        if target not in given:
            mount = Mount(target=target, type="tmpfs", options=_SCRATCH)
            yield Contribution(value=mount, source=request.source(HARDENED))


def omitted_flags(
    request: RunRequest, contributions: Iterable[Contribution[RunFlag]]
) -> Iterator[Contribution[RunFlag]]:
    """Yield, for each flag of a lower layer that the user's options close, its omission.

    Args:
        request: with the user's options.
        contributions: of all layers.
    """
    dropped = {flag.key for flag in request.flags if flag.flag == "--cap-drop"}
    given = {(flag.flag, flag.key) for flag in request.flags}
    for flag in (one.value for one in contributions if one.source.layer < Layer.USER):
        if (flag.flag, flag.key) in given:
            continue
        source = _closing(request, flag, dropped)
        if source != CORE:
            yield Contribution(
                value=RunFlag(flag=flag.flag, value=OMITTED, key=flag.key), source=source
            )


def _closing(request: RunRequest, flag: RunFlag, dropped: set[str]) -> Source:
    """Return the option of the user that closes a flag; the core if none does."""
    if request.hardened and _opens(flag):
        return request.source(HARDENED)
    if flag.flag == "--cap-add" and dropped & {flag.key, _ALL}:
        return request.source("--cap-drop")
    return CORE


def _opens(flag: RunFlag) -> bool:
    value = flag.value or ""
    by_namespace = flag.flag in _HOST_NAMESPACES and value == "host"
    by_profile = flag.flag == "--security-opt" and value.endswith(("unconfined", "disable"))
    # The profile has its own values for IPC and the network.
    return (flag.flag in _OPENING or by_namespace or by_profile) and flag.flag != "--ipc"
