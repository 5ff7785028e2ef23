# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What extends a runtime for its network: AWS's EFA; NIXL and UCX from source."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from dynamo_container.api import BuildArg, BuildRequest, Option, Stage, UsageError

HERE: Final = Path(__file__).parent
# The installer that Dynamo 1.4 is used with.
EFA: Final = "1.49.0"
# The UCX that Dynamo 1.4's NIXL has below it.
UCX: Final = "v1.21.0"
_VERSION: Final = re.compile(r"\d+\.\d+\.\d+|latest")
# Stages that no runtime is below.
_BELOW: Final = ("scripts", "tools", "wheels")


def options() -> Iterator[Option]:
    """EFA, and which."""
    yield Option(
        flag="--make-efa",
        help="with libfabric and NCCL's plugin for AWS's Elastic Fabric Adapter",
        type="flag",
    )
    yield Option(
        flag="--efa-version",
        metavar="X",
        help=f"the version of AWS's EFA installer, or 'latest' (default: {EFA})",
    )
    yield Option(
        flag="--nixl-ref",
        metavar="REF",
        help="compile NIXL from this tag, branch or commit, instead of its wheel",
    )
    yield Option(
        flag="--ucx-ref",
        metavar="REF",
        help=f"with --nixl-ref: the tag, branch or commit of the UCX below it (default: {UCX})",
    )


def stages(request: BuildRequest) -> Iterator[Stage]:
    """`efa` and `nixl` on every runtime, where they are asked for.

    Raises:
        UsageError: there is no runtime in what is built.
    """
    for name, option in (("efa", "make_efa"), ("nixl", "nixl_ref")):
        if not request.option(option):
            continue
        if request.target in _BELOW:
            raise UsageError(
                f"--{option.replace('_', '-')} means nothing for the target {request.target!r}, "
                "which has no runtime",
                "leave it out",
            )
        yield Stage(
            name=name, dockerfile=HERE / name / "Dockerfile", needs=("tools",), extends="runtime"
        )


def build_args(request: BuildRequest) -> Iterator[BuildArg]:
    """The installer's version, and what is compiled.

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
    yield from _sources(request)


def _sources(request: BuildRequest) -> Iterator[BuildArg]:
    nixl, ucx = request.option("nixl_ref"), request.option("ucx_ref")
    if ucx and not nixl:
        raise UsageError(
            "--ucx-ref means nothing without --nixl-ref: NIXL's wheel brings its own UCX",
            "add --nixl-ref, or leave it out",
        )
    if nixl:
        yield BuildArg(name="NIXL_REF", value=nixl, stage="nixl")
        yield BuildArg(name="UCX_REF", value=ucx or UCX, stage="nixl")
