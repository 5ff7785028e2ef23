# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The stages that all frameworks share, contributed as an overlay through the hooks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from dynamo_container import api

from dynamo_container_images import fabric, source

HERE: Final = Path(__file__).parent
BASE_IMAGE: Final = "ubuntu:24.04"
# One uv for all stages, because uv rejects a cache that a newer uv has written.
UV: Final = "0.13.9"
# From how many bytes on a wheel is part of the layer of heavy packages. Of vLLM's, these are 15
# packages with 1.1 GB, which patch releases of Dynamo keep; the other 200 have 0.2 GB.
HEAVY: Final = 20_000_000
# User and home of the targets of this plugin; those of a runtime are stated by its framework.
USERS: Final = {"dev": ("root", "/root"), "local-dev": ("ubuntu", "/home/ubuntu")}


@api.hookimpl
def dynamo_container_options(command: str) -> Iterator[api.Option]:
    """Yield the options for development images, for builds from source and for networks."""
    if command == "build":
        yield api.Option(
            flag="--nsight-systems",
            help="Add NVIDIA Nsight Systems, from NVIDIA's package repository, to the dev image.",
            type="flag",
            harmless=True,
            stages=("dev",),
        )
        yield from source.options()
        yield from fabric.options()
    if command == "run":
        yield fabric.run_option()


@api.hookimpl
def dynamo_container_stages(request: api.BuildRequest) -> Iterator[api.Stage]:
    """Yield the shared stages: `scripts` and `tools` are what other stages build with, `wheels` is
    what Dynamo is installed from, `serving` is what a framework's `runtime` starts from, and `dev`
    and `local-dev` extend any runtime for development.
    """
    yield api.Stage(name="scripts", dockerfile=HERE / "scripts" / "Dockerfile")
    yield api.Stage(name="tools", dockerfile=HERE / "tools" / "Dockerfile", needs=("scripts",))
    yield from _serving(request)
    yield from source.stages(request.checkout)
    yield from fabric.stages(request)
    yield api.Stage(
        name="dev",
        dockerfile=HERE / "dev" / "Dockerfile",
        needs=(
            *(("checkout-requirements",) if request.checkout else ()),
            *(api.RUNTIME_STAGE, "rust", "tools"),
        ),
    )
    yield api.Stage(
        name="local-dev",
        dockerfile=HERE / "local-dev" / "Dockerfile",
        needs=("dev",),
        built_with=("dev",),
    )


def _serving(request: api.BuildRequest) -> Iterator[api.Stage]:
    """Yield `serving`, and what it is made of: an engine's own image, or wheels."""
    if request.engine_image:
        dockerfile = HERE / "beside" / "Dockerfile"
        yield api.Stage(name=api.SERVING_STAGE, dockerfile=dockerfile, needs=("tools",))
        return
    if not request.checkout:
        yield api.Stage(name="wheels", dockerfile=HERE / "wheels" / "Dockerfile", needs=("tools",))
    yield api.Stage(
        name=api.SERVING_STAGE,
        dockerfile=HERE / "serving" / "Dockerfile",
        needs=("scripts", "tools", "wheels"),
    )


@api.hookimpl
def dynamo_container_base_images(request: api.BuildRequest) -> Iterator[api.BaseImage]:
    """Yield a plain distribution for `tools`, of which nothing ships."""
    yield api.BaseImage(stage="tools", image=BASE_IMAGE)


@api.hookimpl
def dynamo_container_pins(request: api.BuildRequest) -> Iterator[api.Pin]:
    """Yield uv, and what compiles a checkout."""
    yield api.Pin(name="uv", version=UV, build_arg="UV")
    yield from source.pins(request)


@api.hookimpl
def dynamo_container_build_args(request: api.BuildRequest) -> Iterator[api.BuildArg]:
    """Yield the arguments of this plugin's options."""
    if request.option("nsight_systems"):
        yield api.BuildArg(name="NSIGHT_SYSTEMS", value="true", stage="dev")
    if not request.engine_image:
        yield api.BuildArg(name=api.HEAVY_WHEELS, value=str(HEAVY))
    if request.device and not request.engine_image:
        yield api.BuildArg(name="DEVICE", value=request.device, stage=api.SERVING_STAGE)
    yield from source.build_args(request)
    yield from fabric.build_args(request)


@api.hookimpl
def dynamo_container_secrets(request: api.BuildRequest) -> Iterator[api.BuildSecret]:
    """Yield the name of the checkout's cache."""
    if request.checkout:
        yield source.cache_key(request.checkout)


@api.hookimpl
def dynamo_container_run_flags(request: api.RunRequest) -> Iterator[api.RunFlag]:
    """Yield what a container needs for the machine's RDMA devices."""
    if request.option("rdma"):
        yield from fabric.run_flags(request)


@api.hookimpl
def dynamo_container_labels(request: api.BuildRequest) -> Iterator[api.Label]:
    """Yield user, home and UID of the development images."""
    if request.target in USERS:
        user, home = USERS[request.target]
        yield api.Label(key=api.USER_LABEL, value=user)
        yield api.Label(key=api.HOME_LABEL, value=home)
    if request.uid is not None:
        yield api.Label(key=api.UID_LABEL, value=str(request.uid))


@api.hookimpl
def dynamo_container_checks(request: api.CheckRequest) -> Iterator[api.Check]:
    """Yield what holds for every image that is made of these stages."""
    from dynamo_container_images import checks

    yield from checks.checks(request)
