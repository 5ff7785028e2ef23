# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Newer Dynamo releases than those of a lock, and what holds packages back."""

from __future__ import annotations

from collections.abc import Iterator

from dynamo_container.images.plan import BuildPlan
from dynamo_container.model.lock import Lock
from dynamo_container.model.names import DYNAMO, RESOLVE_AS_OF
from dynamo_container.plugins import hookspecs
from dynamo_container.plugins.registry import Registry


def releases(
    registry: Registry, plan: BuildPlan, lock: Lock, *, given: str | None
) -> Iterator[str]:
    """Yield the images for which a plugin's release table has a newer default.

    Args:
        registry: with the frameworks loaded.
        plan: of the request.
        lock: in use.
        given: the release that the user names; None if the plugin chooses.
    """
    locked = {image.framework: dict(image.values).get(f"pin {DYNAMO}") for image in lock.images}
    for framework in dict.fromkeys(image.framework for image in plan.images):
        rows = registry.call_for(framework, hookspecs.dynamo_container_releases)
        default = next((row.value.dynamo for row in rows if row.value.default), None)
        version = locked.get(framework)
        if default and version and _is_older(version, default):
            held = f"--dynamo-version {given}" if given else "the lock; to move: update"
            yield f"{DYNAMO} {version} -> {default} for {framework} (held back by {held})"


def _is_older(version: str, other: str) -> bool:
    from packaging.version import Version

    return Version(version) < Version(other)


def as_of(plan: BuildPlan) -> str:
    """Return the date as of which packages are resolved; empty for none."""
    dates = (
        entry.value.partition("T")[0]
        for image in plan.images
        for entry in image.entries
        if entry.kind == "build-arg" and entry.key == RESOLVE_AS_OF
    )
    return min(dates, default="")
