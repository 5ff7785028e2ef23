# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The one import for plugin authors."""

from dynamo_container.errors import (
    ConflictError,
    DynamoContainerError,
    MachineError,
    PluginError,
    UsageError,
)
from dynamo_container.model.facts import Checkout, DriverInfo, EngineInfo, Gpu, ImageInfo
from dynamo_container.model.names import LABEL_PREFIX
from dynamo_container.model.requests import BuildRequest, CheckRequest, RunRequest
from dynamo_container.model.toml import read_toml
from dynamo_container.model.values import (
    BaseImage,
    BuildArg,
    BuildSecret,
    Check,
    CudaImages,
    EnvVar,
    Framework,
    Label,
    Mirror,
    Mount,
    Notice,
    Option,
    Override,
    Pin,
    Readiness,
    Release,
    RunFlag,
    Stage,
    SystemPackage,
)
from dynamo_container.plugins.checks import (
    as_pinned,
    generates_a_token,
    imports,
    packages_agree,
    serves_a_model,
)
from dynamo_container.plugins.hookspecs import hookimpl
from dynamo_container.plugins.releases import (
    Chosen,
    ReleaseTable,
    exact_version,
    without_credentials,
)

__all__ = [
    "LABEL_PREFIX",
    "BaseImage",
    "BuildArg",
    "BuildRequest",
    "BuildSecret",
    "Check",
    "CheckRequest",
    "Checkout",
    "Chosen",
    "ConflictError",
    "CudaImages",
    "DriverInfo",
    "DynamoContainerError",
    "EngineInfo",
    "EnvVar",
    "Framework",
    "Gpu",
    "ImageInfo",
    "Label",
    "MachineError",
    "Mirror",
    "Mount",
    "Notice",
    "Option",
    "Override",
    "Pin",
    "PluginError",
    "Readiness",
    "Release",
    "ReleaseTable",
    "RunFlag",
    "RunRequest",
    "Stage",
    "SystemPackage",
    "UsageError",
    "as_pinned",
    "exact_version",
    "generates_a_token",
    "hookimpl",
    "imports",
    "packages_agree",
    "read_toml",
    "serves_a_model",
    "without_credentials",
]
