# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What this machine's NVIDIA driver says of itself, asked through NVML."""

from __future__ import annotations

from dynamo_container.frozen import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    """A GPU: its name, its UUID, and its memory in bytes; 0 where that is the machine's own."""

    name: str
    uuid: str
    memory: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverFacts:
    """The NVIDIA driver.

    Attributes:
        version: of the driver, such as `535.104.05`.
        cuda: the newest CUDA version that it supports, such as `12.2`.
        gpus: in the order of their indexes.
    """

    version: str
    cuda: str
    gpus: tuple[Gpu, ...] = ()


def facts() -> DriverFacts | None:
    """Ask NVML; None where the machine has no driver, or one that does not answer."""
    # Imported here: 20 ms that only a machine with GPUs pays for.
    import pynvml

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return None
    try:
        major, rest = divmod(pynvml.nvmlSystemGetCudaDriverVersion_v2(), 1000)
        return DriverFacts(
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
