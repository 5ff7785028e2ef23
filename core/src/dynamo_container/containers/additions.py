# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What a service of a served model adds to the plan of its container."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, TypeVar

from dynamo_container.model.provenance import Contribution
from dynamo_container.model.values import EnvVar, Mount, Readiness, RunFlag

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Additions:
    """Contributions to one container, besides those of the hooks that are called for any."""

    env: tuple[Contribution[EnvVar], ...] = ()
    mounts: tuple[Contribution[Mount], ...] = ()
    flags: tuple[Contribution[RunFlag], ...] = ()
    readiness: tuple[Contribution[Readiness], ...] = ()


NO_ADDITIONS: Final = Additions()


def with_additions(
    contributions: Iterable[Contribution[T]],
    additions: tuple[Contribution[T], ...],
    key: Callable[[T], str],
) -> Iterator[Contribution[T]]:
    """Yield contributions and additions. What a plugin says about one service replaces what it says
    about all containers.
    """
    own = {(key(one.value), one.source.layer, one.source.name) for one in additions}
    for one in contributions:
        if (key(one.value), one.source.layer, one.source.name) not in own:
            yield one
    yield from additions
