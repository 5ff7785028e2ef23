# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""A framework without an engine, small enough to build in seconds: what an overlay is tested on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from dynamo_container.api import (
    LABEL_PREFIX,
    BaseImage,
    BuildRequest,
    Framework,
    Label,
    Stage,
    hookimpl,
)

HERE: Final = Path(__file__).parent


@hookimpl
def dynamo_container_framework() -> Framework:
    """Nothing but what the contract asks of an image."""
    return Framework(summary="what overlays are tested on", default_target="runtime")


@hookimpl
def dynamo_container_stages(request: BuildRequest) -> Iterator[Stage]:
    """An image that ships."""
    yield Stage(name="runtime", dockerfile=HERE / "Dockerfile")


@hookimpl
def dynamo_container_base_images(request: BuildRequest) -> Iterator[BaseImage]:
    """A plain distribution."""
    yield BaseImage(stage="runtime", image="ubuntu:24.04")


@hookimpl
def dynamo_container_labels(request: BuildRequest) -> Iterator[Label]:
    """Who runs in the image, and where its home is."""
    yield Label(key=f"{LABEL_PREFIX}user", value="ubuntu")
    yield Label(key=f"{LABEL_PREFIX}home", value="/home/ubuntu")
