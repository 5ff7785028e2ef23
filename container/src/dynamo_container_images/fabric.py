# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What extends a runtime for a network of its own: AWS's Elastic Fabric Adapter."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from dynamo_container.api import BuildArg, BuildRequest, Option, Stage, UsageError

HERE: Final = Path(__file__).parent
# The installer that Dynamo 1.4 is used with.
EFA: Final = "1.49.0"
_VERSION: Final = re.compile(r"\d+\.\d+\.\d+|latest")
# Stages that no runtime is below.
_BELOW: Final = ("tools", "wheels")


def options() -> Iterator[Option]:
    """EFA, and which."""
    yield Option(
        flag="--make-efa",
        help="with libfabric and NCCL's plugin for AWS's Elastic Fabric Adapter",
        is_flag=True,
    )
    yield Option(
        flag="--efa-version",
        metavar="X",
        help=f"the version of AWS's EFA installer, or 'latest' (default: {EFA})",
    )


def stages(request: BuildRequest) -> Iterator[Stage]:
    """`efa` on every runtime, where it is asked for.

    Raises:
        UsageError: there is no runtime in what is built.
    """
    if not request.option("make_efa"):
        return
    if request.target in _BELOW:
        raise UsageError(
            f"--make-efa means nothing for the target {request.target!r}, which has no runtime",
            "leave it out",
        )
    yield Stage(
        name="efa", dockerfile=HERE / "efa" / "Dockerfile", needs=("tools",), extends="runtime"
    )


def build_args(request: BuildRequest) -> Iterator[BuildArg]:
    """The installer's version.

    Raises:
        UsageError: it is none, or nothing is installed.
    """
    version = request.option("efa_version")
    if version and not request.option("make_efa"):
        raise UsageError("--efa-version means nothing without --make-efa", "add it")
    if version and not _VERSION.fullmatch(version):
        raise UsageError(f"--efa-version {version!r} is no version", f"for example: {EFA}")
    if request.option("make_efa"):
        yield BuildArg(name="EFA_VERSION", value=version or EFA, stage="efa")
