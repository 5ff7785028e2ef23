# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What AMD's and Intel's GPUs have in common: both are used through Linux's DRM devices."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dynamo_container.api import (
    BuildRequest,
    EnvVar,
    Override,
    RunFlag,
    RunRequest,
    UsageError,
)

FOLDER: Final = "/dev/dri"
# The groups of the device files on most distributions. A container takes names from its image.
GROUPS: Final = ("video", "render")
_COUNT: Final = "count="
# NIXL's wheel for CUDA 13 is used, as on CPUs: it loads without CUDA.
_OTHER_NIXL: Final = "nixl-cu12; python_version < '0'"


def flags(request: RunRequest, *files: str) -> tuple[RunFlag, ...]:
    """Return the flags for device files, and for the groups that may open them."""
    devices = (RunFlag(flag="--device", value=file, key=file) for file in files)
    groups = (
        RunFlag(flag="--group-add", value=group, key=group) for group in _groups(request, files)
    )
    return (*devices, *groups)


def _groups(request: RunRequest, files: tuple[str, ...]) -> tuple[str, ...]:
    """Return the GIDs of this machine's device files; the usual names if they are not known."""
    groups = {
        file.group
        for file in request.engine.device_files
        if file.group and file.path.startswith(files)
    }
    return tuple(map(str, sorted(groups))) or GROUPS


def visible(request: RunRequest, variable: str) -> Iterator[EnvVar]:
    """Yield the variable that selects GPUs by their indexes, if the user selects some.

    Raises:
        UsageError: `--gpus` has something else than indexes or a count.
    """
    gpus = request.gpus
    if gpus in ("auto", "all", "none"):
        return
    names = gpus
    if gpus.startswith(_COUNT):
        names = ",".join(map(str, range(int(gpus.removeprefix(_COUNT)))))
    if not all(name.isdecimal() for name in names.split(",")):
        raise UsageError(
            f"--gpus {gpus} cannot be used with --device {request.used_device}, "
            "whose GPUs are selected by their indexes",
            "for example: --gpus 0,1",
        )
    yield EnvVar(name=variable, value=names)


def require_engine_image(request: BuildRequest, image: str) -> None:
    """Require the image of an engine: no index has its wheel for the device.

    Raises:
        UsageError: there is none.
    """
    if not request.engine_image:
        raise UsageError(
            f"--device {request.device} requires --engine-image: "
            f"the package index has no {request.framework} for it",
            f"for example: --engine-image {image}",
        )


def overrides() -> Iterator[Override]:
    """Yield what is not installed beside an engine that uses no CUDA."""
    yield Override(requirement=_OTHER_NIXL, reason="NIXL's wheel for CUDA 13 is used")
