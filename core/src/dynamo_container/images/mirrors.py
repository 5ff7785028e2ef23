# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Take the images that plugins name from mirrors of their registries; never those that users name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TypeVar

from dynamo_container.model.provenance import Contribution, Layer, Resolved, merge
from dynamo_container.model.references import registry_of
from dynamo_container.model.values import BaseImage, Mirror, Stage

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

    def base_images(self, named: Iterable[Resolved[BaseImage]]) -> tuple[Resolved[BaseImage], ...]:
        """Return base images, each from its registry's mirror."""
        return tuple(self._mirrored(value) for value in named)

    def stages(self, named: Iterable[Resolved[Stage]]) -> tuple[Resolved[Stage], ...]:
        """Return stages; those that are images come from their registries' mirrors."""
        return tuple(self._mirrored(value) for value in named)

    def _mirrored(self, named: Resolved[T]) -> Resolved[T]:
        """The image from a mirror, if there is one; the named image becomes a shadowed value."""
        registry, path = registry_of(named.value.image)
        mirror = self._by_registry.get(registry)
        if not named.value.image or not mirror or named.sources[0].layer is Layer.USER:
            return named
        image = f"{mirror.value.mirror}/{path}"
        return named.replaced(replace(named.value, image=image), mirror.sources)
