# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What podman needs other flags for than docker."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dynamo_container.containers.profile import OMITTED
from dynamo_container.model.provenance import CORE, Layer, Resolved
from dynamo_container.model.requests import RunRequest
from dynamo_container.model.values import RunFlag

_SHM_SIZE: Final = "--shm-size"
_HOST_IPC: Final = RunFlag(flag="--ipc", value="host")
_USER_NAMESPACE: Final = "--userns"


def adapted(
    request: RunRequest, flags: tuple[Resolved[RunFlag], ...]
) -> Iterator[Resolved[RunFlag]]:
    """Yield a plan's flags as its engine needs them: as they are for docker.

    Args:
        request: with facts about engine and image.
        flags: as docker would get them.
    """
    if request.engine.program != "podman":
        yield from flags
        return
    on_host = _HOST_IPC in [one.value for one in flags]
    for flag in flags:
        # Docker ignores the size of shared memory if that is the host's; podman refuses it.
        ignored = on_host and flag.value.flag == _SHM_SIZE and not _is_from_user(flag)
        omitted = RunFlag(flag=_SHM_SIZE, value=OMITTED)
        yield flag.replaced(omitted, (CORE,)) if ignored else flag
    if _maps_the_caller(request, flags):
        user, _, group = _image_user(request).partition(":")
        value = RunFlag(flag=_USER_NAMESPACE, value=f"keep-id:uid={user},gid={group or '0'}")
        yield Resolved(key=_USER_NAMESPACE, value=value, sources=(CORE,))


def _is_from_user(flag: Resolved[RunFlag]) -> bool:
    return any(source.layer == Layer.USER for source in flag.sources)


def _image_user(request: RunRequest) -> str:
    return request.image_info.user if request.image_info else ""


def _maps_the_caller(request: RunRequest, flags: tuple[Resolved[RunFlag], ...]) -> bool:
    """Whether the caller becomes the image's user in the container.

    Rootless podman gives the image's user an ID that owns none of the caller's files. Root in the
    container is the caller already.
    """
    chosen = {one.value.flag for one in flags} & {_USER_NAMESPACE, "--user"}
    mounted = request.workspace or request.hf_cache
    user = _image_user(request).partition(":")[0]
    return bool(request.engine.rootless and mounted and user.isdigit() and int(user) and not chosen)
