# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The shared stages, contributed as an overlay through the same hooks as anyone's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from dynamo_container.api import (
    LABEL_PREFIX,
    BaseImage,
    BuildArg,
    BuildRequest,
    Label,
    Option,
    Pin,
    Stage,
    UsageError,
    hookimpl,
)

from dynamo_container_images import fabric, source

HERE: Final = Path(__file__).parent
BASE_IMAGE: Final = "ubuntu:24.04"
# One uv for every stage: uv refuses a cache that a newer one wrote.
UV: Final = "0.13.9"
# The users of the targets that are made here; a runtime's is its framework's business.
USERS: Final = {"dev": ("root", "/root"), "local-dev": ("ubuntu", "/home/ubuntu")}


@hookimpl
def dynamo_container_options(command: str) -> Iterator[Option]:
    """What not everybody wants in an image to develop in."""
    if command == "build":
        yield Option(
            flag="--nsight-systems",
            help="in dev: Nsight Systems, from NVIDIA's own package repository",
            type="flag",
        )
        yield source.option()
        yield from fabric.options()


@hookimpl
def dynamo_container_stages(request: BuildRequest) -> Iterator[Stage]:
    """`scripts` and `tools` are what others build with, `wheels` is what Dynamo is installed from;
    `dev` and `local-dev` are a framework's runtime to develop in.
    """
    yield Stage(name="scripts", dockerfile=HERE / "scripts" / "Dockerfile")
    yield Stage(name="tools", dockerfile=HERE / "tools" / "Dockerfile", needs=("scripts",))
    if not request.checkout:
        yield Stage(name="wheels", dockerfile=HERE / "wheels" / "Dockerfile", needs=("tools",))
    yield from source.stages(request.checkout)
    yield from fabric.stages(request)
    yield Stage(
        name="dev", dockerfile=HERE / "dev" / "Dockerfile", needs=("runtime", "rust", "tools")
    )
    yield Stage(
        name="local-dev",
        dockerfile=HERE / "local-dev" / "Dockerfile",
        needs=("dev",),
        built_with=("dev",),
    )


@hookimpl
def dynamo_container_base_images(request: BuildRequest) -> Iterator[BaseImage]:
    """A plain distribution: nothing of this stage is in the images."""
    yield BaseImage(stage="tools", image=BASE_IMAGE)


@hookimpl
def dynamo_container_pins(request: BuildRequest) -> Iterator[Pin]:
    """uv, as an argument of the stage that installs it; what compiles a checkout."""
    yield Pin(name="uv", version=UV, build_arg="UV")
    yield from source.pins(request)


@hookimpl
def dynamo_container_build_args(request: BuildRequest) -> Iterator[BuildArg]:
    """What was asked for."""
    if request.option("nsight_systems"):
        if request.target not in USERS:
            raise UsageError(
                f"--nsight-systems means nothing for the target {request.target!r}",
                "it is for dev and local-dev; leave it out",
            )
        yield BuildArg(name="NSIGHT_SYSTEMS", value="true", stage="dev")
    yield from source.build_args(request)
    yield from fabric.build_args(request)


@hookimpl
def dynamo_container_labels(request: BuildRequest) -> Iterator[Label]:
    """Who runs in the image, and where its home is."""
    if request.target in USERS:
        user, home = USERS[request.target]
        yield Label(key=f"{LABEL_PREFIX}user", value=user)
        yield Label(key=f"{LABEL_PREFIX}home", value=home)
    if request.uid is not None:
        yield Label(key=f"{LABEL_PREFIX}uid", value=str(request.uid))
