# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""A framework without an engine that builds in seconds, for testing overlays."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from dynamo_container.api import BaseImage, BuildRequest, Framework, Stage, hookimpl

FOLDER: Final = Path(__file__).parent


@hookimpl
def dynamo_container_framework() -> Framework:
    """Return a description with as little as the contract allows."""
    return Framework(summary="Sample for testing overlays", default_target="runtime")


@hookimpl
def dynamo_container_stages(request: BuildRequest) -> Iterator[Stage]:
    """Yield the stage that ships."""
    yield Stage(name="runtime", dockerfile=FOLDER / "Dockerfile")


@hookimpl
def dynamo_container_base_images(request: BuildRequest) -> Iterator[BaseImage]:
    """Yield the image of a plain distribution."""
    yield BaseImage(stage="runtime", image="ubuntu:24.04")
