# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Facts about this machine's NVIDIA driver, from NVML."""

from __future__ import annotations

import os

from dynamo_container.model.facts import DriverInfo, Gpu


def collect() -> DriverInfo | None:
    """Ask NVML about the driver; None if the machine has no driver, or it does not answer."""
    # Imported here: it takes 20 ms, and only a machine with GPUs requires it.
    import pynvml

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return None
    try:
        major, rest = divmod(pynvml.nvmlSystemGetCudaDriverVersion_v2(), 1000)
        return DriverInfo(
            version=pynvml.nvmlSystemGetDriverVersion(),
            cuda=f"{major}.{rest // 10}",
            gpus=tuple(map(_gpu, range(pynvml.nvmlDeviceGetCount()))),
            machine=os.uname().machine,
        )
    except pynvml.NVMLError:
        return None
    finally:
        pynvml.nvmlShutdown()


def _gpu(index: int) -> Gpu:
    import pynvml

    handle = pynvml.nvmlDeviceGetHandleByIndex(index)
    try:
        memory = int(pynvml.nvmlDeviceGetMemoryInfo(handle).total)
    except pynvml.NVMLError:
        memory = 0  # not supported by GPUs that share the machine's memory (DGX Spark, Jetson)
    return Gpu(
        name=pynvml.nvmlDeviceGetName(handle),
        uuid=pynvml.nvmlDeviceGetUUID(handle),
        memory=memory,
        capability=_capability(handle),
    )


def _capability(handle: object) -> str:
    import pynvml

    try:
        major, minor = pynvml.nvmlDeviceGetCudaComputeCapability(handle)
    except pynvml.NVMLError:
        return ""
    return f"{major}.{minor}"
