# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The way in for NVIDIA's GPUs, chosen from what the engine reports."""

from __future__ import annotations

from typing import Final

from dynamo_container.engine import EngineFacts
from dynamo_container.values import RunFlag

_CDI_ALL: Final = "nvidia.com/gpu=all"


def flags(engine: EngineFacts) -> tuple[RunFlag, ...]:
    """The flags that give a container every GPU of the engine; none where the engine knows no GPU.

    CDI devices where the engine lists them, else the nvidia runtime. Not both: the runtime would
    add its devices to CDI's.
    """
    if _CDI_ALL in engine.cdi_devices:
        return (RunFlag(flag="--device", value=_CDI_ALL, key=_CDI_ALL),)
    if "nvidia" in engine.runtimes:
        return (RunFlag(flag="--gpus", value="all"), RunFlag(flag="--runtime", value="nvidia"))
    return ()
