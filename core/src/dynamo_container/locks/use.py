# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Whether a build uses a lock, and what it says about it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from dynamo_container.docker import engine
from dynamo_container.errors import UsageError
from dynamo_container.images.external import external_images
from dynamo_container.images.plan import BuildPlan
from dynamo_container.locks import fit
from dynamo_container.model.lock import Lock
from dynamo_container.model.text import listed


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Whether a lock is used, and lines for the user."""

    used: bool
    notices: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def decide(lock: Lock, plan: BuildPlan, *, locked: bool, frozen: bool, ask: bool) -> Decision:
    """Decide whether a build uses a lock.

    Args:
        lock: that was found.
        plan: of the request, without a lock.
        locked: whether the user requires it.
        frozen: whether the user requires that the plugins are the locked ones, too.
        ask: whether the engine may be asked for images that only it has.

    Raises:
        UsageError: it does not fit, but is required.
    """
    problems = [*fit.differences(lock, plan), *(_other_images(lock, plan) if ask else ())]
    changed = [*fit.changed_plugins(lock, plan)]
    if frozen:
        problems += changed
    if problems and (locked or frozen):
        raise UsageError(
            f"the lock {lock.path} does not fit: {_first(problems)}",
            "change the request, or move the lock on: dynamo-container lock, with these options",
        )
    if problems:
        text = f"{lock.path} is not used: {_first(problems)} (see: dynamo-container lock)"
        return Decision(used=False, warnings=(text,))
    notices = (f"using {lock.path} of {lock.created}", *changed)
    return Decision(used=True, notices=notices)


def _first(problems: Iterable[str]) -> str:
    return listed(problems, 3)


def _other_images(lock: Lock, plan: BuildPlan) -> Iterator[str]:
    """Yield the images that only the engine has, and that are not the locked ones."""
    used = {name for image in plan.images for name in external_images(plan.targets, image.target)}
    for base in lock.bases:
        if base.id and base.image in used:
            info = engine.inspect_image(base.image)
            if info is None or info.id != base.id:
                found = info.id if info else "not there"
                yield f"the engine's image {base.image} is {found}, but the lock has {base.id}"
