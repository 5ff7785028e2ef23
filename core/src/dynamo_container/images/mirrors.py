# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Images from a registry's mirror: what plugins name, taken from another place; what the user
names, taken as it is named.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TypeVar

from dynamo_container.model.provenance import Contribution, Layer, Resolved, merge
from dynamo_container.model.references import registry_of
from dynamo_container.model.values import BaseImage, Mirror, Stage

T = TypeVar("T", BaseImage, Stage)


class Mirrors:
    """The mirrors that plugins know, one for each registry.

    Raises:
        ConflictError: two plugins say different mirrors of one registry.
    """

    def __init__(self, said: Iterable[Contribution[Mirror]]) -> None:
        merged = merge(
            "mirror of",
            said,
            key=lambda mirror: mirror.registry,
            hint="{without}",
            describe=lambda mirror: mirror.mirror,
        )
        self._by_registry = {one.key: one for one in merged}

    def base_images(self, named: Iterable[Resolved[BaseImage]]) -> tuple[Resolved[BaseImage], ...]:
        """What stages start from, each from its registry's mirror."""
        return tuple(self._taken(one) for one in named)

    def stages(self, named: Iterable[Resolved[Stage]]) -> tuple[Resolved[Stage], ...]:
        """Stages, those that are images from their registries' mirrors."""
        return tuple(self._taken(one) for one in named)

    def _taken(self, named: Resolved[T]) -> Resolved[T]:
        """The image from a mirror, where there is one; what was named is shadowed then."""
        registry, path = registry_of(named.value.image)
        mirror = self._by_registry.get(registry)
        if not named.value.image or not mirror or named.sources[0].layer is Layer.USER:
            return named
        image = f"{mirror.value.mirror}/{path}"
        return named.replaced(replace(named.value, image=image), mirror.sources)
