# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Networks: the RDMA devices of a container, and stages that extend a runtime: AWS's EFA, and NIXL
with UCX from source.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from dynamo_container import api

HERE: Final = Path(__file__).parent
# The installer that Dynamo is used with from 1.4.2 on.
EFA: Final = "1.50.0"
# The UCX of the NIXL wheels of Dynamo 1.4 to 1.6.
UCX: Final = "v1.21.0"
# Of InfiniBand and RoCE, and of EFA, whose kernel module has the same interface.
DEVICES: Final = "/dev/infiniband"
_VERSION: Final = re.compile(r"\d+\.\d+\.\d+|latest")


def options() -> Iterator[api.Option]:
    """Yield the options for EFA and for NIXL from source."""
    yield api.Option(
        flag="--make-efa",
        help="Add libfabric and NCCL's plugin for AWS's Elastic Fabric Adapter.",
        type="flag",
        harmless=True,
        stages=("efa",),
    )
    yield api.Option(
        flag="--efa-version",
        metavar="VERSION",
        help=f"Version of AWS's EFA installer, or 'latest' (default: {EFA}).",
        stages=("efa",),
    )
    yield api.Option(
        flag="--nixl-ref",
        metavar="REF",
        help="Compile NIXL from this tag, branch or commit instead of installing its wheel.",
        stages=("nixl",),
    )
    yield api.Option(
        flag="--ucx-ref",
        metavar="REF",
        help=f"With --nixl-ref: tag, branch or commit of UCX (default: {UCX}).",
        stages=("nixl",),
    )


def run_option() -> api.Option:
    """Return the option for the machine's RDMA devices."""
    return api.Option(
        flag="--rdma",
        help="Give the container the RDMA devices of the host (InfiniBand, RoCE, EFA), and memory "
        "that they can pin.",
        type="flag",
    )


def run_flags(request: api.RunRequest) -> Iterator[api.RunFlag]:
    """Yield the devices, and the limit of pinned memory unless the engine may not raise it."""
    yield api.RunFlag(flag="--device", value=DEVICES, key=DEVICES)
    if "memlock" not in request.engine.limits:
        yield api.RunFlag(flag="--ulimit", value="memlock=-1", key="memlock")


def stages(request: api.BuildRequest) -> Iterator[api.Stage]:
    """Yield the stages that are requested: `efa` and `nixl`."""
    for name, option in (("efa", "make_efa"), ("nixl", "nixl_ref")):
        if request.option(option):
            dockerfile = HERE / name / "Dockerfile"
            yield api.Stage(
                name=name, dockerfile=dockerfile, needs=("tools",), extends=api.RUNTIME_STAGE
            )


def build_args(request: api.BuildRequest) -> Iterator[api.BuildArg]:
    """Yield the EFA installer's version, and the refs of NIXL and UCX.

    Raises:
        UsageError: an option lacks the one that it requires, or a version is not valid.
    """
    version = request.option("efa_version")
    if version and not request.option("make_efa"):
        raise api.UsageError("--efa-version requires --make-efa", "add: --make-efa")
    if version and not _VERSION.fullmatch(version):
        raise api.UsageError(
            f"--efa-version {version!r} is not a valid version", f"for example: {EFA}, or latest"
        )
    if request.option("make_efa"):
        yield api.BuildArg(name="EFA_VERSION", value=version or EFA, stage="efa")
    yield from _sources(request)


def _sources(request: api.BuildRequest) -> Iterator[api.BuildArg]:
    nixl, ucx = request.option("nixl_ref"), request.option("ucx_ref")
    if ucx and not nixl:
        raise api.UsageError(
            "--ucx-ref requires --nixl-ref, because NIXL's wheel brings its own UCX",
            "add: --nixl-ref REF",
        )
    if nixl:
        yield api.BuildArg(name="NIXL_REF", value=nixl, stage="nixl")
        yield api.BuildArg(name="UCX_REF", value=ucx or UCX, stage="nixl")
