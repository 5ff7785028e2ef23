# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The one import for plugin authors."""

from dynamo_container.checkout import Checkout
from dynamo_container.checks import (
    as_pinned,
    generates_a_token,
    imports,
    packages_agree,
    serves_a_model,
)
from dynamo_container.errors import ConflictError, DynamoContainerError, MachineError, UsageError
from dynamo_container.hookspecs import hookimpl
from dynamo_container.images import PREFIX as LABEL_PREFIX
from dynamo_container.releases import Chosen, ReleaseTable, exact_version, without_credentials
from dynamo_container.requests import BuildRequest, CheckRequest, RunRequest
from dynamo_container.toml import read_toml
from dynamo_container.values import (
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
    Pin,
    Readiness,
    Release,
    RunFlag,
    Stage,
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
    "DynamoContainerError",
    "EnvVar",
    "Framework",
    "Label",
    "MachineError",
    "Mirror",
    "Mount",
    "Notice",
    "Option",
    "Pin",
    "Readiness",
    "Release",
    "ReleaseTable",
    "RunFlag",
    "RunRequest",
    "Stage",
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
