# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Everything that a plugin's code needs; its tests use `dynamo_container.testing` as well.

A framework's plugin can be as small as this:

    from pathlib import Path

    from dynamo_container.api import ServingPlugin

    class Acme(ServingPlugin):
        name, summary, folder = "acme", "Dynamo with Acme's engine", Path(__file__).parent

    plugin = Acme()
"""

from dataclasses import replace
from typing import TYPE_CHECKING

from dynamo_container import lazy
from dynamo_container.errors import (
    ConflictError,
    DynamoContainerError,
    MachineError,
    PluginError,
    PolicyError,
    UsageError,
)
from dynamo_container.model.names import (
    BASE_IMAGE,
    CUDA_LABEL,
    CUDA_VERSION,
    DEVICE_LABEL,
    DRIVER_LABEL,
    DYNAMO_LABEL,
    ENABLE_KVBM,
    ENGINE_IMAGE_LABEL,
    EXTRA_INDEX_URLS,
    FRAMEWORK_LABEL,
    HOME_LABEL,
    INDEX_URL,
    LABEL_PREFIX,
    MAX_JOBS,
    PINS_LABEL,
    PLUGINS_LABEL,
    RELEASE_BUILD,
    REQUIREMENTS,
    RESOLVE_AS_OF,
    RUNTIME_STAGE,
    SERVING_STAGE,
    TARGET_LABEL,
    UID_LABEL,
    USER_LABEL,
)
from dynamo_container.model.provenance import Contribution, Layer, PlanEntry, Source
from dynamo_container.model.references import registry_of
from dynamo_container.model.toml import read_toml
from dynamo_container.plugins.hookspecs import hookimpl

if TYPE_CHECKING:
    from dynamo_container.model.facts import (
        Checkout,
        DeviceFile,
        DriverInfo,
        EngineInfo,
        Gpu,
        ImageInfo,
    )
    from dynamo_container.model.requests import (
        BuildRequest,
        CheckRequest,
        Model,
        PlanView,
        RunRequest,
        Sccache,
        ServeRequest,
    )
    from dynamo_container.model.values import (
        BaseImage,
        BuildArg,
        BuildSecret,
        Check,
        CudaImages,
        Device,
        EnvVar,
        Feature,
        Framework,
        Label,
        Mirror,
        Mount,
        Notice,
        Option,
        Override,
        Pin,
        Readiness,
        Refusal,
        Release,
        RunFlag,
        Service,
        Stage,
        SystemPackage,
    )
    from dynamo_container.plugins.checks import (
        as_pinned,
        entry_points,
        fits_engine,
        generates_a_token,
        imports,
        imports_if_installed,
        packages_agree,
        serves_a_model,
    )
    from dynamo_container.plugins.release_choice import ReleaseChoice
    from dynamo_container.plugins.releases import (
        ReleaseTable,
        exact_version,
        without_credentials,
    )
    from dynamo_container.plugins.serving import ServingPlugin
else:
    __getattr__ = lazy.attributes(
        __name__,
        {
            "dynamo_container.model.facts": (
                "Checkout",
                "DeviceFile",
                "DriverInfo",
                "EngineInfo",
                "Gpu",
                "ImageInfo",
            ),
            "dynamo_container.model.requests": (
                "BuildRequest",
                "CheckRequest",
                "PlanView",
                "Model",
                "RunRequest",
                "Sccache",
                "ServeRequest",
            ),
            "dynamo_container.model.values": (
                "BaseImage",
                "BuildArg",
                "BuildSecret",
                "Check",
                "CudaImages",
                "Device",
                "EnvVar",
                "Feature",
                "Framework",
                "Label",
                "Mirror",
                "Mount",
                "Notice",
                "Option",
                "Override",
                "Pin",
                "Readiness",
                "Refusal",
                "Release",
                "RunFlag",
                "Service",
                "Stage",
                "SystemPackage",
            ),
            "dynamo_container.plugins.checks": (
                "as_pinned",
                "generates_a_token",
                "entry_points",
                "fits_engine",
                "imports",
                "imports_if_installed",
                "packages_agree",
                "serves_a_model",
            ),
            "dynamo_container.plugins.release_choice": ("ReleaseChoice",),
            "dynamo_container.plugins.releases": (
                "ReleaseTable",
                "exact_version",
                "without_credentials",
            ),
            "dynamo_container.plugins.serving": ("ServingPlugin",),
        },
    )

__all__ = [
    "BASE_IMAGE",
    "CUDA_LABEL",
    "CUDA_VERSION",
    "DEVICE_LABEL",
    "DRIVER_LABEL",
    "DYNAMO_LABEL",
    "ENABLE_KVBM",
    "ENGINE_IMAGE_LABEL",
    "EXTRA_INDEX_URLS",
    "FRAMEWORK_LABEL",
    "HOME_LABEL",
    "INDEX_URL",
    "LABEL_PREFIX",
    "MAX_JOBS",
    "PINS_LABEL",
    "PLUGINS_LABEL",
    "RELEASE_BUILD",
    "REQUIREMENTS",
    "RESOLVE_AS_OF",
    "RUNTIME_STAGE",
    "SERVING_STAGE",
    "TARGET_LABEL",
    "UID_LABEL",
    "USER_LABEL",
    "BaseImage",
    "BuildArg",
    "BuildRequest",
    "BuildSecret",
    "Check",
    "CheckRequest",
    "Checkout",
    "ConflictError",
    "Contribution",
    "CudaImages",
    "Device",
    "DeviceFile",
    "DriverInfo",
    "DynamoContainerError",
    "EngineInfo",
    "EnvVar",
    "Feature",
    "Framework",
    "Gpu",
    "ImageInfo",
    "Label",
    "Layer",
    "MachineError",
    "Mirror",
    "Model",
    "Mount",
    "Notice",
    "Option",
    "Override",
    "Pin",
    "PlanEntry",
    "PlanView",
    "PluginError",
    "PolicyError",
    "Readiness",
    "Refusal",
    "Release",
    "ReleaseChoice",
    "ReleaseTable",
    "RunFlag",
    "RunRequest",
    "Sccache",
    "ServeRequest",
    "Service",
    "ServingPlugin",
    "Source",
    "Stage",
    "SystemPackage",
    "UsageError",
    "as_pinned",
    "entry_points",
    "exact_version",
    "fits_engine",
    "generates_a_token",
    "hookimpl",
    "imports",
    "imports_if_installed",
    "packages_agree",
    "read_toml",
    "registry_of",
    "replace",
    "serves_a_model",
    "without_credentials",
]
