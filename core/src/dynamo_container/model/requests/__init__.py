# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What a user asks for, as hooks see it. Requests grow by keyword-only fields with defaults."""

from typing import TYPE_CHECKING

from dynamo_container import lazy

if TYPE_CHECKING:
    from dynamo_container.model.requests.build import (
        BuildRequest as BuildRequest,
        BuildSettings as BuildSettings,
        Outputs as Outputs,
        Sccache as Sccache,
    )
    from dynamo_container.model.requests.check import (
        CheckRequest as CheckRequest,
    )
    from dynamo_container.model.requests.inventory import (
        Component as Component,
        Inventory as Inventory,
    )
    from dynamo_container.model.requests.plan import PlanView as PlanView
    from dynamo_container.model.requests.run import (
        RunRequest as RunRequest,
    )
    from dynamo_container.model.requests.serve import (
        Discovery as Discovery,
        Model as Model,
        ServeRequest as ServeRequest,
    )
else:
    __getattr__ = lazy.attributes(
        __name__,
        {
            f"{__name__}.build": (
                "BuildRequest",
                "BuildSettings",
                "Outputs",
                "Sccache",
            ),
            f"{__name__}.check": ("CheckRequest",),
            f"{__name__}.inventory": ("Component", "Inventory"),
            f"{__name__}.plan": ("PlanView",),
            f"{__name__}.run": ("RunRequest",),
            f"{__name__}.serve": ("Discovery", "Model", "ServeRequest"),
        },
    )
