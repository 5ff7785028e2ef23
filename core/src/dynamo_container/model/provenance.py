# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Where values come from and which one wins: the merge that all contributions go through."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Generic, NamedTuple, TypeVar

from dynamo_container.errors import ConflictError

T = TypeVar("T")


class Layer(enum.IntEnum):
    """The layers of values, low to high; a value on a higher layer wins."""

    CORE = 0
    FRAMEWORK = 1
    OVERLAY = 2
    USER = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The origin of a value.

    Attributes:
        layer: see `Layer`.
        name: the plugin's name; for the user the option, such as `--base-image`.
        distribution: the plugin's distribution with its version; for the user where the option was
            set (`command line`, `environment`, `project file PATH`).
        location: `file:line` of the hook or of the row of a table; empty for the user.
    """

    layer: Layer
    name: str
    distribution: str = ""
    location: str = ""

    def __str__(self) -> str:
        origin = f" ({self.distribution})" if self.distribution else ""
        return f"{self.name}{origin}"

    @property
    def with_location(self) -> str:
        """The source with its file and line, for messages."""
        return f"{self}, {self.location}" if self.location else str(self)


# The source of the core's own defaults.
CORE: Final = Source(layer=Layer.CORE, name="core")


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution(Generic[T]):
    """A value with its source."""

    value: T
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanEntry:
    """One value of a plan as text, with its provenance.

    Attributes:
        kind: what it is, such as `build-arg` or `mount`.
        key: which of its kind, such as the argument's name.
        value: the value that won.
        sources: the sources of that value on the winning layer; at least one.
        shadowed: values of lower layers, highest first.
    """

    kind: str
    key: str
    value: str
    sources: tuple[Source, ...]
    shadowed: tuple[Contribution[str], ...] = ()


class Resolved(NamedTuple, Generic[T]):
    """The outcome of a merge for one key.

    Attributes:
        key: what the value is for.
        value: the value that won.
        sources: the sources of that value on the winning layer; at least one.
        shadowed: contributions of lower layers, highest first.
    """

    key: str
    value: T
    sources: tuple[Source, ...]
    shadowed: tuple[Contribution[T], ...] = ()

    def replaced(self, value: T, sources: tuple[Source, ...]) -> Resolved[T]:
        """Return a copy with another value; the present one becomes a shadowed contribution."""
        previous = (Contribution(value=self.value, source=source) for source in self.sources)
        shadowed = (*previous, *self.shadowed)
        return Resolved(key=self.key, value=value, sources=sources, shadowed=shadowed)

    def as_entry(self, kind: str, describe: Callable[[T], str]) -> PlanEntry:
        """Return the same as text, for `explain`."""
        return PlanEntry(
            kind=kind,
            key=self.key,
            value=describe(self.value),
            sources=self.sources,
            shadowed=tuple(
                Contribution(value=describe(lower.value), source=lower.source)
                for lower in self.shadowed
            ),
        )


def merge(
    what: str,
    contributions: Iterable[Contribution[T]],
    key: Callable[[T], str],
    hint: str,
    describe: Callable[[T], str] = str,
) -> tuple[Resolved[T], ...]:
    """Merge contributions: for each key, the value of the highest layer wins.

    Args:
        what: what is merged, for messages, such as `build argument`.
        contributions: in any order; the result does not depend on it.
        key: what distinguishes two values.
        hint: how a user can resolve a conflict; `{key}` becomes the first word of the key,
            `{without}` how to exclude one of the two plugins.
        describe: a value as text, for messages.

    Returns:
        One result per key, sorted by key.

    Raises:
        ConflictError: two sources on the winning layer contribute different values.
    """
    by_key: dict[str, list[Contribution[T]]] = {}
    for contribution in contributions:
        by_key.setdefault(key(contribution.value), []).append(contribution)
    return tuple(_resolve(what, name, by_key[name], hint, describe) for name in sorted(by_key))


def _resolve(
    what: str,
    key: str,
    contributions: list[Contribution[T]],
    hint: str,
    describe: Callable[[T], str],
) -> Resolved[T]:
    ranked = sorted(contributions, key=_rank)
    layer = ranked[0].source.layer
    first, *others = (one for one in ranked if one.source.layer == layer)
    for other in others:
        if other.value != first.value:
            raise _conflict(what, key, (first, other), hint, describe)
    return Resolved(
        key=key,
        value=first.value,
        sources=(first.source, *(other.source for other in others)),
        shadowed=tuple(lower for lower in ranked if lower.source.layer < layer),
    )


def _rank(contribution: Contribution[T]) -> tuple[int, str, str]:
    source = contribution.source
    return -source.layer, source.name, source.location


def _conflict(
    what: str,
    key: str,
    rivals: tuple[Contribution[T], Contribution[T]],
    hint: str,
    describe: Callable[[T], str],
) -> ConflictError:
    first, second = rivals
    without = (
        f"exclude one of the plugins: --no-plugin {first.source.name} "
        f"or --no-plugin {second.source.name}"
    )
    return ConflictError(
        f"{what} {key} is {describe(first.value)!r} according to {first.source.with_location}, "
        f"but {describe(second.value)!r} according to {second.source.with_location}",
        hint.replace("{key}", key.partition(" ")[0]).replace("{without}", without),
    )
