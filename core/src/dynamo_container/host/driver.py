# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What this machine's NVIDIA driver says of itself, asked through NVML."""

from __future__ import annotations

from dynamo_container.model.facts import DriverInfo, Gpu


def facts() -> DriverInfo | None:
    """Ask NVML; None where the machine has no driver, or one that does not answer."""
    # Imported here: 20 ms that only a machine with GPUs pays for.
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
        memory = 0  # a GPU that shares the processor's memory has no answer (DGX Spark, Jetson)
    return Gpu(
        name=pynvml.nvmlDeviceGetName(handle),
        uuid=pynvml.nvmlDeviceGetUUID(handle),
        memory=memory,
    )
