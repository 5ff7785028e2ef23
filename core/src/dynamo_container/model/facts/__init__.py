# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What was found out about the engine, an image, the GPU driver, a checkout and a lock
before planning.

Facts are values. `docker/` and `host/` collect them once; requests carry them; planning reads them.
"""

from typing import TYPE_CHECKING

from dynamo_container import lazy

if TYPE_CHECKING:
    from dynamo_container.model.facts.checkout import (
        Checkout as Checkout,
    )
    from dynamo_container.model.facts.engine import (
        NO_ENGINE as NO_ENGINE,
        BuilderInfo as BuilderInfo,
        DeviceFile as DeviceFile,
        DriverInfo as DriverInfo,
        EngineInfo as EngineInfo,
        Gpu as Gpu,
        ImageInfo as ImageInfo,
        SharedFolder as SharedFolder,
    )
    from dynamo_container.model.lock import (
        Lock as Lock,
    )
else:
    __getattr__ = lazy.attributes(
        __name__,
        {
            f"{__name__}.checkout": ("Checkout",),
            f"{__name__}.engine": (
                "BuilderInfo",
                "DeviceFile",
                "DriverInfo",
                "EngineInfo",
                "Gpu",
                "ImageInfo",
                "NO_ENGINE",
                "SharedFolder",
            ),
            "dynamo_container.model.lock": ("Lock",),
        },
    )
