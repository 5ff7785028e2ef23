# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""A stand-in for NVIDIA's libnvidia-ml, compiled: the closest thing to a driver without a GPU."""

from __future__ import annotations

import subprocess
from pathlib import Path

# The functions that our code calls, in the ABI of the driver.
SOURCE = r"""
#include <string.h>
typedef struct { unsigned long long total, free, used; } memory;
int nvmlInit_v2(void) { return 0; }
int nvmlInitWithFlags(unsigned flags) { return 0; }
int nvmlShutdown(void) { return 0; }
const char *nvmlErrorString(int code) { return "an error"; }
int nvmlSystemGetDriverVersion(char *text, unsigned size) { strncpy(text, DRIVER, size); return 0; }
int nvmlSystemGetCudaDriverVersion_v2(int *version) { *version = CUDA; return 0; }
int nvmlDeviceGetCount_v2(unsigned *count) { *count = 2; return 0; }
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **device)
{ *device = (void *)(unsigned long)(index + 1); return 0; }
int nvmlDeviceGetName(void *device, char *text, unsigned size)
{ strncpy(text, "NVIDIA Stand-In", size); return 0; }
int nvmlDeviceGetUUID(void *device, char *text, unsigned size)
{ strncpy(text, "GPU-00000000-0000-0000-0000-00000000000X", size);
  text[strlen(text) - 1] = '0' + (char)(unsigned long)device - 1; return 0; }
int nvmlDeviceGetCudaComputeCapability(void *device, int *major, int *minor)
{ *major = CAPABILITY / 10; *minor = CAPABILITY % 10; return 0; }
int nvmlDeviceGetMemoryInfo(void *device, memory *info)
{ if (SHARED) return 3; /* NVML_ERROR_NOT_SUPPORTED */
  info->total = 80ULL << 30; info->free = info->total; info->used = 0; return 0; }
"""


def build(
    folder: Path, driver: str, cuda: int, *, shared: bool = False, capability: int = 90
) -> Path:
    """Compile the stand-in into a folder and return that folder, for LD_LIBRARY_PATH.

    Args:
        folder: where the library goes.
        driver: the driver's version.
        cuda: the CUDA version that it supports; `12020` is 12.2.
        shared: whether the GPUs share the machine's memory.
        capability: their compute capability; 90 is 9.0.
    """
    defined = (
        f'-DDRIVER="{driver}"',
        f"-DCUDA={cuda}",
        f"-DSHARED={int(shared)}",
        f"-DCAPABILITY={capability}",
    )
    command = ["cc", "-shared", "-fPIC", *defined, "-x", "c"]
    library = folder / "libnvidia-ml.so.1"
    subprocess.run([*command, "-o", library, "-"], input=SOURCE, text=True, check=True)
    return folder
