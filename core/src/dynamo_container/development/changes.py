# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What a changed file of a checkout requires. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from pathlib import PurePath
from typing import Final

# What is written by tools, and does not count.
IGNORED: Final = frozenset(
    {
        *(".git", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".venv", "__pycache__"),
        *("node_modules", "site-packages", "target"),
    }
)
_COMPILED: Final = (".rs", ".proto")
_BUILD_FILES: Final = ("Cargo.toml", "Cargo.lock", "pyproject.toml", "rust-toolchain.toml")


class Reaction(IntEnum):
    """What a change requires: nothing, a new start of the command, or a build before it."""

    NONE = 0
    RESTART = 1
    BUILD = 2


def reaction(path: str) -> Reaction:
    """Return what a change of a file requires; the path is relative to the checkout."""
    file = PurePath(path)
    if not IGNORED.isdisjoint(file.parts):
        return Reaction.NONE
    if file.suffix in _COMPILED or file.name in _BUILD_FILES:
        return Reaction.BUILD
    return Reaction.RESTART if file.suffix == ".py" else Reaction.NONE


def required(changed: Iterable[tuple[str, float]], *, built: float, started: float) -> Reaction:
    """Return what changed files require together.

    A build writes files too. What it wrote is older than the start of the command; a source that
    was edited while it ran is newer than its own start, and is built again.

    Args:
        changed: paths relative to the checkout, each with the time of its change.
        built: when the last build started.
        started: when the command started last.
    """
    since = {Reaction.NONE: 0.0, Reaction.RESTART: started, Reaction.BUILD: built}
    needed = ((reaction(path), time) for path, time in changed)
    return max((one for one, time in needed if time > since[one]), default=Reaction.NONE)
