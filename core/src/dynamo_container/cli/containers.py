# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Selecting containers that `run` started, by the words that users give."""

from __future__ import annotations

from collections.abc import Iterable

from dynamo_container.cli.app import PROGRAM, Session
from dynamo_container.docker.containers import list_containers
from dynamo_container.docker.listed import Container
from dynamo_container.errors import UsageError
from dynamo_container.plugins.discovery import normalize

_SHORTEST_ID = 4


def select(session: Session, words: Iterable[str]) -> tuple[Container, ...]:
    """Return the containers that the words select: by name, by ID, or all of a framework.

    Raises:
        UsageError: a word matches neither a container nor a framework.
        EngineError: no engine answers.
    """
    containers = list_containers()
    selected: dict[str, Container] = {}
    for word in words:
        selected |= {one.id: one for one in _matches(session, containers, word)}
    return tuple(selected.values())


def select_one(session: Session, word: str | None, *, running: bool) -> Container:
    """Return the one container that a word selects; without a word, the only one that exists.

    Args:
        session: of this call.
        word: a name, an ID or a framework.
        running: whether it must be running; else a running one is preferred.

    Raises:
        UsageError: there is none, or more than one.
        EngineError: no engine answers.
    """
    selected = select(session, [word]) if word else list_containers()
    alive = tuple(one for one in selected if (one.running if running else one.alive))
    candidates = alive if running or alive else selected
    of = f" of {word!r}" if word else ""
    if not candidates:
        raise UsageError(
            f"no {'running ' if running else ''}container{of} was found",
            f"see: {PROGRAM} ps --all",
        )
    if len(candidates) > 1:
        names = ", ".join(one.name for one in candidates)
        raise UsageError(f"there are {len(candidates)} containers{of}: {names}", "name one of them")
    return candidates[0]


def _matches(
    session: Session, containers: tuple[Container, ...], word: str
) -> tuple[Container, ...]:
    for container in containers:
        by_id = len(word) >= _SHORTEST_ID and container.id.startswith(word)
        if word == container.name or by_id:
            return (container,)
    framework = normalize(word)
    matches = tuple(one for one in containers if one.framework == framework)
    if matches or framework in session.registry.known_frameworks:
        return matches
    raise UsageError(
        f"{word!r} is neither a container that '{PROGRAM} run' started nor a framework",
        f"see: {PROGRAM} ps --all; for other containers: docker ps",
    )
