# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The values that hooks return: frozen, keyword-only, comparable.

Plugins create them, the core merges them. A value that cannot be right raises `ValueError` when it
is created, so that the error points to the code that created it. The types of fields are checked
when values enter the core: see `plugins.calling`.
"""

from typing import TYPE_CHECKING

from dynamo_container import lazy

if TYPE_CHECKING:
    from dynamo_container.model.values.build import (
        BaseImage as BaseImage,
        BuildArg as BuildArg,
        BuildSecret as BuildSecret,
        Label as Label,
        NamedContext as NamedContext,
        Override as Override,
        Pin as Pin,
        Stage as Stage,
        SystemPackage as SystemPackage,
    )
    from dynamo_container.model.values.check import (
        Check as Check,
    )
    from dynamo_container.model.values.device import Device as Device
    from dynamo_container.model.values.framework import (
        Feature as Feature,
        Framework as Framework,
        Notice as Notice,
        Option as Option,
        OptionValue as OptionValue,
    )
    from dynamo_container.model.values.kernels import Kernels as Kernels
    from dynamo_container.model.values.release import (
        CudaImages as CudaImages,
        DeviceRelease as DeviceRelease,
        Evidence as Evidence,
        Release as Release,
        ReleaseExtra as ReleaseExtra,
    )
    from dynamo_container.model.values.run import (
        EnvVar as EnvVar,
        Mount as Mount,
        Readiness as Readiness,
        RunFlag as RunFlag,
    )
    from dynamo_container.model.values.serve import Service as Service
    from dynamo_container.model.values.site import Mirror as Mirror, Refusal as Refusal
else:
    __getattr__ = lazy.attributes(
        __name__,
        {
            f"{__name__}.build": (
                "BaseImage",
                "BuildArg",
                "BuildSecret",
                "Label",
                "NamedContext",
                "Override",
                "Pin",
                "Stage",
                "SystemPackage",
            ),
            f"{__name__}.check": ("Check",),
            f"{__name__}.device": ("Device",),
            f"{__name__}.framework": (
                "Feature",
                "Framework",
                "Notice",
                "Option",
                "OptionValue",
            ),
            f"{__name__}.release": (
                "CudaImages",
                "DeviceRelease",
                "Evidence",
                "Release",
                "ReleaseExtra",
            ),
            f"{__name__}.kernels": ("Kernels",),
            f"{__name__}.run": (
                "EnvVar",
                "Mount",
                "Readiness",
                "RunFlag",
            ),
            f"{__name__}.serve": ("Service",),
            f"{__name__}.site": ("Mirror", "Refusal"),
        },
    )
