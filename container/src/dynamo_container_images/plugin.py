# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The stages that all frameworks share, contributed as an overlay through the hooks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from dynamo_container.api import (
    HOME_LABEL,
    RUNTIME_STAGE,
    SERVING_STAGE,
    UID_LABEL,
    USER_LABEL,
    BaseImage,
    BuildArg,
    BuildRequest,
    Label,
    Option,
    Pin,
    Stage,
    hookimpl,
)

from dynamo_container_images import fabric, source

HERE: Final = Path(__file__).parent
BASE_IMAGE: Final = "ubuntu:24.04"
# One uv for all stages, because uv rejects a cache that a newer uv has written.
UV: Final = "0.13.9"
# User and home of the targets of this plugin; those of a runtime are stated by its framework.
USERS: Final = {"dev": ("root", "/root"), "local-dev": ("ubuntu", "/home/ubuntu")}


@hookimpl
def dynamo_container_options(command: str) -> Iterator[Option]:
    """Yield the options for development images, for builds from source and for networks."""
    if command == "build":
        yield Option(
            flag="--nsight-systems",
            help="Add Nsight Systems to dev, from NVIDIA's package repository.",
            type="flag",
            harmless=True,
            stages=("dev",),
        )
        yield source.option()
        yield from fabric.options()


@hookimpl
def dynamo_container_stages(request: BuildRequest) -> Iterator[Stage]:
    """Yield the shared stages: `scripts` and `tools` are what other stages build with, `wheels` is
    what Dynamo is installed from, `serving` is what a framework's `runtime` starts from, and `dev`
    and `local-dev` extend any runtime for development.
    """
    yield Stage(name="scripts", dockerfile=HERE / "scripts" / "Dockerfile")
    yield Stage(name="tools", dockerfile=HERE / "tools" / "Dockerfile", needs=("scripts",))
    if not request.checkout:
        yield Stage(name="wheels", dockerfile=HERE / "wheels" / "Dockerfile", needs=("tools",))
    yield from source.stages(request.checkout)
    yield Stage(
        name=SERVING_STAGE,
        dockerfile=HERE / "serving" / "Dockerfile",
        needs=("scripts", "tools", "wheels"),
    )
    yield from fabric.stages(request)
    yield Stage(
        name="dev", dockerfile=HERE / "dev" / "Dockerfile", needs=(RUNTIME_STAGE, "rust", "tools")
    )
    yield Stage(
        name="local-dev",
        dockerfile=HERE / "local-dev" / "Dockerfile",
        needs=("dev",),
        built_with=("dev",),
    )


@hookimpl
def dynamo_container_base_images(request: BuildRequest) -> Iterator[BaseImage]:
    """Yield a plain distribution for `tools`, of which nothing ships."""
    yield BaseImage(stage="tools", image=BASE_IMAGE)


@hookimpl
def dynamo_container_pins(request: BuildRequest) -> Iterator[Pin]:
    """Yield uv, and what compiles a checkout."""
    yield Pin(name="uv", version=UV, build_arg="UV")
    yield from source.pins(request)


@hookimpl
def dynamo_container_build_args(request: BuildRequest) -> Iterator[BuildArg]:
    """Yield the arguments of this plugin's options."""
    if request.option("nsight_systems"):
        yield BuildArg(name="NSIGHT_SYSTEMS", value="true", stage="dev")
    yield from source.build_args(request)
    yield from fabric.build_args(request)


@hookimpl
def dynamo_container_labels(request: BuildRequest) -> Iterator[Label]:
    """Yield user, home and UID of the development images."""
    if request.target in USERS:
        user, home = USERS[request.target]
        yield Label(key=USER_LABEL, value=user)
        yield Label(key=HOME_LABEL, value=home)
    if request.uid is not None:
        yield Label(key=UID_LABEL, value=str(request.uid))
