# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""AMD GPUs, for vLLM in AMD's own images."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dynamo_container.api import BuildArg, BuildRequest, Device, Override, RunRequest, hookimpl

from dynamo_container_accelerators import common

NAME: Final = "rocm"
# All GPUs share the compute driver's file; each also has its own in the folder.
FILES: Final = ("/dev/kfd", common.FOLDER)


@hookimpl
def dynamo_container_devices(request: RunRequest) -> Iterator[Device]:
    """Yield what a container needs: flags, variables and the resource on Kubernetes."""
    yield Device(
        name=NAME,
        summary="AMD GPUs",
        files=FILES,
        flags=common.flags(request, *FILES),
        env=tuple(common.visible(request, "HIP_VISIBLE_DEVICES")),
        # As AMD's device plugin calls it.
        resources=(("amd.com/gpu", "1"),),
        frameworks=("vllm",),
    )


@hookimpl
def dynamo_container_build_args(request: BuildRequest) -> Iterator[BuildArg]:
    """Yield nothing, but require the image of an engine."""
    if request.device == NAME:
        common.require_engine_image(request, "rocm/vllm:TAG")
    yield from ()


@hookimpl
def dynamo_container_overrides(request: BuildRequest) -> Iterator[Override]:
    """Yield what is not installed beside the engine."""
    if request.device == NAME:
        yield from common.overrides()
