# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Intel GPUs, for vLLM in the vLLM project's image for them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dynamo_container.api import (
    BuildArg,
    BuildRequest,
    Device,
    Mount,
    Override,
    RunRequest,
    hookimpl,
)

from dynamo_container_accelerators import common

NAME: Final = "xpu"
# Links to the device files by PCI address, which docker's --device does not copy.
LINKS: Final = f"{common.FOLDER}/by-path"


@hookimpl
def dynamo_container_devices(request: RunRequest) -> Iterator[Device]:
    """Yield what a container needs: flags, variables and the resource on Kubernetes."""
    yield Device(
        name=NAME,
        summary="Intel GPUs",
        files=(common.FOLDER,),
        flags=common.flags(request, common.FOLDER),
        env=tuple(common.visible(request, "ZE_AFFINITY_MASK")),
        # As Intel's device plugin calls GPUs of the driver xe; with older ones it is i915.
        resources=(("gpu.intel.com/xe", "1"),),
        frameworks=("vllm",),
    )


@hookimpl
def dynamo_container_run_mounts(request: RunRequest) -> Iterator[Mount]:
    """Yield the links by which oneAPI tells several GPUs apart, if this machine has them."""
    known = {file.path for file in request.engine.device_files}
    if request.used_device == NAME and request.gpus != "none" and LINKS in known:
        yield Mount(source=LINKS, target=LINKS, options=("ro",))


@hookimpl
def dynamo_container_build_args(request: BuildRequest) -> Iterator[BuildArg]:
    """Yield nothing, but require the image of an engine."""
    if request.device == NAME:
        common.require_engine_image(request, "vllm/vllm-openai-xpu:TAG")
    yield from ()


@hookimpl
def dynamo_container_overrides(request: BuildRequest) -> Iterator[Override]:
    """Yield what is not installed beside the engine."""
    if request.device == NAME:
        yield from common.overrides()
