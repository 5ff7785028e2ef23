# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What a build did, from BuildKit's records: a document for programs, and a table for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from dynamo_container.images.plan import BuildPlan, Image, Target
from dynamo_container.images.records import Records, Vertex, seconds

# The version of the document's shape, described in docs/report.md. It grows by new keys without a
# new number.
SCHEMA: Final = 1

JSON: TypeAlias = "str | int | float | bool | list[JSON] | dict[str, JSON] | None"


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What is known of an image that was made: its digest as buildx told it, and its size in the
    engine's own store; None where nobody knows.
    """

    digest: str | None = None
    size: int | None = None


def document(
    plan: BuildPlan,
    records: Records,
    made: Mapping[str, Made],
    *,
    status: int,
    elapsed: float,
) -> dict[str, JSON]:
    """The report of a build.

    Args:
        plan: what was built.
        records: what BuildKit told of it.
        made: what is known of the images, by target.
        status: docker's exit status.
        elapsed: seconds from start to end.
    """
    return {
        "schema": SCHEMA,
        "command": "build",
        "status": status,
        "seconds": round(elapsed, 3),
        "images": [_image(image, records, made.get(image.target, Made())) for image in plan.images],
        "stages": [_stage(target, records) for target in plan.targets],
    }


def _image(image: Image, records: Records, made: Made) -> JSON:
    steps = records.steps(image.target)
    return {
        "framework": image.framework,
        "target": image.stage,
        "tags": list(image.tags),
        "plan": f"sha256:{image.plan_hash}",
        "digest": made.digest,
        "size": made.size,
        "seconds": _rounded(steps),
        "export_seconds": _rounded(records.exports(image.target)),
        "steps": len(steps),
        "cached": sum(step.cached for step in steps),
    }


def _stage(target: Target, records: Records) -> JSON:
    steps = records.own_steps(target.name)
    return {
        "name": target.name,
        "stage": target.stage,
        "seconds": _rounded(steps),
        "steps": [_step(step) for step in steps],
    }


def _step(step: Vertex) -> JSON:
    return {
        "instruction": step.text,
        "cached": step.cached,
        "seconds": _rounded([step]),
        "error": step.error,
    }


def _rounded(vertexes: list[Vertex]) -> float:
    return round(seconds(vertexes), 3)


def rows(
    plan: BuildPlan, records: Records, made: Mapping[str, Made]
) -> tuple[tuple[str, ...], ...]:
    """Return a table of the images: tag, size, seconds, and cached steps, with a heading."""
    table: list[tuple[str, ...]] = [("image", "size", "seconds", "cached steps")]
    for image in plan.images:
        steps = records.steps(image.target)
        size = made.get(image.target, Made()).size
        cells = (
            "-" if size is None else f"{size / 1e6:,.0f} MB",
            f"{seconds([*steps, *records.exports(image.target)]):.1f}",
            f"{sum(step.cached for step in steps)} of {len(steps)}",
        )
        table.append((image.tags[0], *cells))
        table.extend((tag, "", "", "") for tag in image.tags[1:])
    return tuple(table)
