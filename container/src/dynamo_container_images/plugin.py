# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The shared stages, contributed as an overlay through the same hooks as anyone's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from dynamo_container.api import BaseImage, BuildRequest, Pin, Stage, hookimpl

HERE: Final = Path(__file__).parent
BASE_IMAGE: Final = "ubuntu:24.04"
# One uv for every stage: uv refuses a cache that a newer one wrote.
UV: Final = "0.13.9"


@hookimpl
def dynamo_container_stages(request: BuildRequest) -> Iterator[Stage]:
    """`tools` is what other stages build with, `wheels` what Dynamo is installed from."""
    yield Stage(name="tools", dockerfile=HERE / "tools" / "Dockerfile")
    yield Stage(name="wheels", dockerfile=HERE / "wheels" / "Dockerfile", needs=("tools",))


@hookimpl
def dynamo_container_base_images(request: BuildRequest) -> Iterator[BaseImage]:
    """A plain distribution: nothing of this stage is in the images."""
    yield BaseImage(stage="tools", image=BASE_IMAGE)


@hookimpl
def dynamo_container_pins(request: BuildRequest) -> Iterator[Pin]:
    """uv, as an argument of the stage that installs it."""
    yield Pin(name="uv", version=UV, build_arg="UV")
