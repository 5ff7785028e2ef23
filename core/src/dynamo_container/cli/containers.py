# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Which of the containers that `run` started a command is about."""

from __future__ import annotations

from collections.abc import Iterable

from dynamo_container.cli.app import Session
from dynamo_container.docker.containers import Container, list_containers
from dynamo_container.errors import UsageError
from dynamo_container.plugins.discovery import normalize
from dynamo_container.plugins.registry import PUBLISHED

_SHORTEST_ID = 4


def chosen(session: Session, words: Iterable[str]) -> tuple[Container, ...]:
    """The containers that the words name: by name, by ID, or all of a framework.

    A framework that is known may have none.

    Raises:
        UsageError: a word names none that `run` started.
        EngineError: no engine answers.
    """
    there = list_containers()
    found: dict[str, Container] = {}
    for word in words:
        found |= {one.id: one for one in _named(session, there, word)}
    return tuple(found.values())


def select_one(session: Session, word: str | None, *, running: bool) -> Container:
    """The one container that a word names; without a word the only one that there is.

    Args:
        session: of this call.
        word: a name, an ID or a framework.
        running: whether it has to run; else one that runs is preferred.

    Raises:
        UsageError: it is none, or several.
        EngineError: no engine answers.
    """
    found = chosen(session, [word]) if word else list_containers()
    alive = tuple(one for one in found if (one.running if running else one.alive))
    candidates = alive if running or alive else found
    of = f" of {word!r}" if word else ""
    if not candidates:
        raise UsageError(
            f"no container{of} {'runs' if running else 'is there'}",
            "see: dynamo-container ps --all",
        )
    if len(candidates) > 1:
        names = ", ".join(one.name for one in candidates)
        raise UsageError(f"there are {len(candidates)} containers{of}: {names}", "name one of them")
    return candidates[0]


def _named(session: Session, there: tuple[Container, ...], word: str) -> tuple[Container, ...]:
    for one in there:
        if word == one.name or (len(word) >= _SHORTEST_ID and one.id.startswith(word)):
            return (one,)
    framework = normalize(word)
    found = tuple(one for one in there if one.framework == framework)
    if found or framework in (*session.registry.frameworks, *PUBLISHED):
        return found
    raise UsageError(
        f"{word!r} is no container that 'dynamo-container run' started, and no framework",
        "see: dynamo-container ps --all; for any other container: docker ps",
    )
