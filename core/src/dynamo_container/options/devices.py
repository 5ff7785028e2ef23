# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Which device a run is for, and what this machine has of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dynamo_container.errors import UsageError
from dynamo_container.model.names import CPU_DEVICE, CUDA_DEVICE, CUDA_LABEL, DEVICE_LABEL
from dynamo_container.model.references import variant
from dynamo_container.options.syntax import NONE

if TYPE_CHECKING:
    from dynamo_container.model.facts import EngineInfo, ImageInfo
    from dynamo_container.options.run_records import RunOptions
    from dynamo_container.options.selection import Describe


def run_variant(framework: str, options: RunOptions, describe: Describe) -> str:
    """Return the framework as the tags of its images for the named device have it: `vllm-cpu`.

    Raises:
        UsageError: several kinds of devices are named.
    """
    kinds = [value for value in options.device if "/" not in value]
    if len(set(kinds)) > 1:
        raise UsageError(
            f"a container uses one kind of device, not {' and '.join(kinds)}", "omit one of them"
        )
    if options.device_kind in ("", describe(framework).devices[0]):
        return framework
    return variant(framework, options.device_kind)


def with_devices(info: EngineInfo, image: ImageInfo | None, options: RunOptions) -> EngineInfo:
    """Return the engine with what this machine has of the device that the container uses."""
    device = options.device_kind or (image.label(DEVICE_LABEL) if image else "") or CUDA_DEVICE
    if device == CUDA_DEVICE:
        return _with_driver(info, image, options)
    return collect_devices(info, device)


def collect_devices(info: EngineInfo, device: str) -> EngineInfo:
    """Return the engine with this machine's device files, if it is local and the device is a
    plugin's.
    """
    if not info.local or device in (CPU_DEVICE, CUDA_DEVICE):
        return info
    from dynamo_container.host import devices

    return replace(info, device_files=devices.collect())


def _with_driver(info: EngineInfo, image: ImageInfo | None, options: RunOptions) -> EngineInfo:
    """Add the driver if an image with CUDA gets this machine's GPUs."""
    wanted = not options.no_preflight and options.gpus != NONE
    if not (info.local and info.has_gpus and wanted and image and image.label(CUDA_LABEL)):
        return info
    from dynamo_container.host import driver

    return replace(info, driver=driver.collect())
