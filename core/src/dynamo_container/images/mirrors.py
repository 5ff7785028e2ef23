# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Pull the images that plugins name from mirrors of their registries, but not the user's images."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from dynamo_container.model.provenance import Contribution, Layer, Resolved, merge
from dynamo_container.model.references import registry_of
from dynamo_container.model.values import BaseImage, Stage

if TYPE_CHECKING:
    from dynamo_container.model.values import Mirror

T = TypeVar("T", BaseImage, Stage)


class Mirrors:
    """The mirrors that plugins contribute, one for each registry.

    Raises:
        ConflictError: two plugins contribute different mirrors of one registry.
    """

    def __init__(self, contributions: Iterable[Contribution[Mirror]]) -> None:
        merged = merge(
            "mirror of",
            contributions,
            key=lambda mirror: mirror.registry,
            hint="{without}",
            describe=lambda mirror: mirror.mirror,
        )
        self._by_registry = {mirror.key: mirror for mirror in merged}

    def base_images(self, images: Iterable[Resolved[BaseImage]]) -> tuple[Resolved[BaseImage], ...]:
        """Return base images, each from its registry's mirror."""
        return tuple(self._mirrored(image) for image in images)

    def stages(self, stages: Iterable[Resolved[Stage]]) -> tuple[Resolved[Stage], ...]:
        """Return stages; those that are images come from their registries' mirrors."""
        return tuple(self._mirrored(stage) for stage in stages)

    def _mirrored(self, original: Resolved[T]) -> Resolved[T]:
        """Return the image from its mirror, if any; the original becomes a shadowed value."""
        registry, path = registry_of(original.value.image)
        mirror = self._by_registry.get(registry)
        if not original.value.image or not mirror or original.sources[0].layer is Layer.USER:
            return original
        image = f"{mirror.value.mirror}/{path}"
        return original.replaced(replace(original.value, image=image), mirror.sources)
