# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Select containers that `run` started, by the words of a command. This module asks the engine."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from dynamo_container.docker.containers import list_containers
from dynamo_container.docker.listed import Container
from dynamo_container.errors import UsageError
from dynamo_container.plugins.discovery import normalize
from dynamo_container.plugins.registry import Registry

_SHORTEST_ID: Final = 4


def select(registry: Registry, words: Iterable[str], owner: str) -> tuple[Container, ...]:
    """Return the containers that the words select: by name, by ID, or all of a framework.

    Args:
        registry: what is installed.
        words: names, IDs, frameworks; none for all containers.
        owner: `UID@HOST` of the user whose containers can be selected; empty for all users.

    Raises:
        UsageError: a word matches neither a container nor a framework.
        EngineError: no engine answers.
    """
    containers = list_containers(owner)
    if not words:
        return containers
    selected: dict[str, Container] = {}
    for word in words:
        selected |= {one.id: one for one in _matches(registry, containers, word)}
    return tuple(selected.values())


def select_one(registry: Registry, word: str | None, owner: str, *, running: bool) -> Container:
    """Return the one container that a word selects; without a word, the only one that exists.

    Args:
        registry: what is installed.
        word: a name, an ID or a framework.
        owner: as `select` takes it.
        running: whether it must be running; else a running one is preferred.

    Raises:
        UsageError: there is none, or more than one.
        EngineError: no engine answers.
    """
    selected = select(registry, [word] if word else [], owner)
    alive = tuple(one for one in selected if (one.running if running else one.alive))
    candidates = alive if running or alive else selected
    of = f" of {word!r}" if word else ""
    if not candidates:
        raise UsageError(
            f"no {'running ' if running else ''}container{of} was found",
            "see: dynamo-container ps --all",
        )
    if len(candidates) > 1:
        names = ", ".join(one.name for one in candidates)
        raise UsageError(f"there are {len(candidates)} containers{of}: {names}", "name one of them")
    return candidates[0]


def owners_of_others(containers: Iterable[Container], owner: str) -> tuple[str, ...]:
    """Return the owners of those containers that belong to somebody else, once for each."""
    return tuple(one.owner or "unknown" for one in containers if one.owner != owner)


def _matches(
    registry: Registry, containers: tuple[Container, ...], word: str
) -> tuple[Container, ...]:
    for container in containers:
        by_id = len(word) >= _SHORTEST_ID and container.id.startswith(word)
        if word == container.name or by_id:
            return (container,)
    framework = normalize(word)
    matches = tuple(one for one in containers if one.framework == framework)
    if matches or framework in registry.known_frameworks:
        return matches
    raise UsageError(
        f"{word!r} is neither a container that you started with 'dynamo-container run' nor a "
        "framework",
        "see: dynamo-container ps --all --all-users; for other containers: docker ps",
    )
