# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The size that an image may have."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from dynamo_container.docker import engine
from dynamo_container.errors import DynamoContainerError, WorkFailedError
from dynamo_container.inventory import sizes

_NAMED: Final = 3


def require(images: Iterable[str], limit: int) -> None:
    """Require that images are not larger than a limit in bytes.

    Raises:
        WorkFailedError: one is.
        EngineError: no engine answers.
    """
    for image in images:
        info = engine.inspect_image(image)
        if info and info.size > limit:
            raise WorkFailedError(
                f"{image} has {info.size / 1e6:,.0f} MB, more than the {limit / 1e6:,.0f} MB of "
                f"--max-size{_largest(image)}",
                f"see: dynamo-container size {image}; the image was built, and has its tags",
            )


def _largest(image: str) -> str:
    """The largest packages; nothing if they are not known."""
    try:
        parts = sizes.measure(image, "package").parts[:_NAMED]
    except DynamoContainerError:
        return ""
    return "; the largest: " + ", ".join(
        f"{part.name} ({part.size / 1e6:,.0f} MB)" for part in parts
    )
