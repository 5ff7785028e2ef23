# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""A made-up Dynamo 9.9, whose engine, NIXL and CUDA are others than those of any row."""

from __future__ import annotations

from pathlib import Path

import package_index

WHEELS: dict[tuple[str, str], tuple[str, ...]] = {
    ("ai-dynamo", "9.9"): (
        "ai-dynamo-runtime==9.9",
        "aisimulate==7.0",
        "vllm[flashinfer]==9.0; extra == 'vllm'",
        "nixl[cu14]==9.1; extra == 'vllm'",
        "sglang==8.0; extra == 'sglang'",
    ),
    ("ai-dynamo-runtime", "9.9"): (),
    # The engine contradicts Dynamo about NIXL.
    ("vllm", "9.0"): ("torch==9.0", "nixl==9.0", "fast==1; extra == 'flashinfer'"),
    ("fast", "1"): (),
    ("nixl", "9.0"): ("nixl-cu14==9.0; extra == 'cu14'",),
    ("nixl", "9.1"): ("nixl-cu14==9.1; extra == 'cu14'",),
    ("nixl-cu14", "9.0"): (),
    ("nixl-cu14", "9.1"): (),
    ("nixl-cu13", "1.4.1"): ("torch",),
    ("torch", "9.0"): ("cuda-toolkit[cudart]==14.1.0",),
    **{
        ("cuda-toolkit", f"{release}.0"): (
            f"nvidia-cuda-runtime=={release}.1; extra == 'cudart'",
            f"nvidia-cuda-nvcc=={release}.2; extra == 'nvcc'",
            *(f"nvidia-cuda-nvcc; extra == '{extra}'" for extra in ("cccl", "crt", "nvvm")),
        )
        for release in ("14.1", "15.0")
    },
    **{("nvidia-cuda-runtime", f"{release}.1"): () for release in ("14.1", "15.0")},
    **{("nvidia-cuda-nvcc", f"{release}.2"): () for release in ("14.1", "15.0")},
}  # fmt: skip


def write(folder: Path) -> None:
    """Write its wheels, and those of what it requires."""
    for (name, version), requires in WHEELS.items():
        package_index.write_wheel(folder, name, version, requires)
