# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Who said what, and whose word counts: the merge that all contributions go through."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable
from typing import Final, Generic, TypeVar

from dynamo_container.errors import ConflictError
from dynamo_container.frozen import dataclass

T = TypeVar("T")


class Layer(enum.IntEnum):
    """Where a value comes from, low to high: a higher layer's word counts."""

    CORE = 0
    FRAMEWORK = 1
    OVERLAY = 2
    USER = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Who said something.

    Attributes:
        layer: see `Layer`.
        name: the plugin's name; for the user the option, such as `--base-image`.
        distribution: the distribution that the plugin came in, with its version; for the user
            where the option was given (`command line`, `environment`, `project file`).
        location: `file:line` of the hook; empty for the user.
    """

    layer: Layer
    name: str
    distribution: str = ""
    location: str = ""

    def __str__(self) -> str:
        origin = f" ({self.distribution})" if self.distribution else ""
        return f"{self.name}{origin}"

    @property
    def where(self) -> str:
        """The source with its file and line, for messages that send somebody there."""
        return f"{self}, {self.location}" if self.location else str(self)


# A default of ours.
CORE: Final = Source(layer=Layer.CORE, name="core")


@dataclass(frozen=True, slots=True, kw_only=True)
class Said(Generic[T]):
    """A value and who said it."""

    value: T
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved(Generic[T]):
    """What a key came to.

    Attributes:
        key: what the value is for.
        value: the value that counts.
        sources: who said just that on the winning layer; at least one.
        shadowed: what lower layers said, highest first.
    """

    key: str
    value: T
    sources: tuple[Source, ...]
    shadowed: tuple[Said[T], ...] = ()

    def replaced(self, value: T, sources: tuple[Source, ...]) -> Resolved[T]:
        """With a value in its place that others made of it; what it was is shadowed."""
        named = (Said(value=self.value, source=one) for one in self.sources)
        return Resolved(
            key=self.key, value=value, sources=sources, shadowed=(*named, *self.shadowed)
        )

    def told(self, kind: str, tell: Callable[[T], str]) -> Fact:
        """The same as text, for `explain`."""
        return Fact(
            kind=kind,
            key=self.key,
            value=tell(self.value),
            sources=self.sources,
            shadowed=tuple(
                Said(value=tell(said.value), source=said.source) for said in self.shadowed
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One value of a plan as text, with its provenance."""

    kind: str
    key: str
    value: str
    sources: tuple[Source, ...]
    shadowed: tuple[Said[str], ...] = ()


def merge(
    what: str,
    contributions: Iterable[Said[T]],
    key: Callable[[T], str],
    way_out: str,
    tell: Callable[[T], str] = str,
) -> tuple[Resolved[T], ...]:
    """Merge contributions: per key the highest layer's value, sorted by key.

    Args:
        what: what is merged, for messages: `build argument`.
        contributions: in any order; the result does not depend on it.
        key: what tells two values apart.
        way_out: what a user can do about a conflict; `{key}` is replaced by the key's first word,
            `{without}` by how one of the two plugins is left out.
        tell: a value as text, for messages.

    Raises:
        ConflictError: two sources on the winning layer said different things.
    """
    by_key: dict[str, list[Said[T]]] = {}
    for said in contributions:
        by_key.setdefault(key(said.value), []).append(said)
    return tuple(_resolve(what, name, by_key[name], way_out, tell) for name in sorted(by_key))


def _resolve(
    what: str, key: str, said: list[Said[T]], way_out: str, tell: Callable[[T], str]
) -> Resolved[T]:
    said = sorted(said, key=lambda one: (-one.source.layer, one.source.name, one.source.location))
    layer = said[0].source.layer
    winners = [one for one in said if one.source.layer == layer]
    for other in winners[1:]:
        if other.value != winners[0].value:
            first, second = winners[0], other
            without = (
                f"leave a plugin out: --no-plugin {first.source.name} "
                f"or --no-plugin {second.source.name}"
            )
            raise ConflictError(
                f"{what} {key} is {tell(first.value)!r} by {first.source.where}, "
                f"and {tell(second.value)!r} by {second.source.where}",
                way_out.replace("{key}", key.partition(" ")[0]).replace("{without}", without),
            )
    return Resolved(
        key=key,
        value=winners[0].value,
        sources=tuple(one.source for one in winners),
        shadowed=tuple(one for one in said if one.source.layer < layer),
    )
