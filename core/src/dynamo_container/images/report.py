# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Report what a build did, from BuildKit's records: a document for programs, a table for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from dynamo_container.images.plan import BuildPlan, Image, Target
from dynamo_container.images.records import Records, Vertex, seconds

# The version of the document's form, described in docs/report.md; new keys do not change it.
SCHEMA: Final = 1

JSON: TypeAlias = "str | int | float | bool | list[JSON] | dict[str, JSON] | None"


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltImage:
    """What is known about an image that was built.

    Attributes:
        digest: from buildx's metadata; None if unknown.
        size: bytes in the engine's own store; None if the image is not in it.
    """

    digest: str | None = None
    size: int | None = None


def document(
    plan: BuildPlan,
    records: Records,
    built: Mapping[str, BuiltImage],
    *,
    status: int,
    elapsed: float,
) -> dict[str, JSON]:
    """Return the report of a build.

    Args:
        plan: what was built.
        records: BuildKit's, of this build.
        built: the images that were built, by target.
        status: docker's exit status.
        elapsed: in seconds.
    """
    return {
        "schema": SCHEMA,
        "command": "build",
        "status": status,
        "seconds": round(elapsed, 3),
        "images": [
            _image(image, records, built.get(image.target, BuiltImage())) for image in plan.images
        ],
        "stages": [_stage(target, records) for target in plan.targets],
    }


def schema() -> dict[str, Any]:
    """Return the JSON Schema of the report."""
    text, count = {"type": "string"}, {"type": "integer", "minimum": 0}
    duration = {"type": "number", "minimum": 0}
    image = _object(
        framework=text,
        target=text,
        tags=_array(text),
        plan=text,
        digest={"type": ["string", "null"]},
        size={"type": ["integer", "null"], "description": "bytes in the engine's own store"},
        seconds=duration,
        export_seconds=duration,
        steps=count,
        cached=count,
    )
    step = _object(instruction=text, cached={"type": "boolean"}, seconds=duration, error=text)
    report = _object(
        schema={"const": SCHEMA},
        command={"const": "build"},
        status={"type": "integer", "description": "docker's exit status"},
        seconds=duration,
        images=_array(image),
        stages=_array(_object(name=text, stage=text, seconds=duration, steps=_array(step))),
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The report of dynamo-container build",
        **report,
    }


def _object(**properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _array(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _image(image: Image, records: Records, built: BuiltImage) -> JSON:
    steps = records.steps(image.target)
    return {
        "framework": image.framework,
        "target": image.stage,
        "tags": list(image.tags),
        "plan": f"sha256:{image.plan_hash}",
        "digest": built.digest,
        "size": built.size,
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
    plan: BuildPlan, records: Records, built: Mapping[str, BuiltImage]
) -> tuple[tuple[str, ...], ...]:
    """Return a table of the images: tag, size, seconds, and cached steps, with a heading."""
    table: list[tuple[str, ...]] = [("image", "size", "seconds", "cached steps")]
    for image in plan.images:
        steps = records.steps(image.target)
        size = built.get(image.target, BuiltImage()).size
        cells = (
            "-" if size is None else f"{size / 1e6:,.0f} MB",
            f"{seconds([*steps, *records.exports(image.target)]):.1f}",
            f"{sum(step.cached for step in steps)} of {len(steps)}",
        )
        table.append((image.tags[0], *cells))
        table.extend((tag, "", "", "") for tag in image.tags[1:])
    return tuple(table)
