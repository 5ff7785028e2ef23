# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Report what a build did, from BuildKit's records: a document for programs, a table for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

from dynamo_container.images.plan import BuildPlan, Image, Target
from dynamo_container.images.records import Records, Vertex, seconds
from dynamo_container.model.credentials import hide_all
from dynamo_container.model.text import json_text

# The version of the document's form, described in docs/report.md; new keys do not change it.
SCHEMA: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltImage:
    """What is known about an image that was built.

    Attributes:
        digest: from buildx's metadata; None if unknown.
        size: bytes in the engine's own store; None if the image is not in it.
    """

    digest: str | None = None
    size: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepReport:
    """A step of a stage."""

    instruction: str
    cached: bool
    seconds: float
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StageReport:
    """A target of the bake definition, and its own steps."""

    name: str
    stage: str
    seconds: float
    steps: tuple[StepReport, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageReport:
    """A requested image; its steps include those of the stages below it."""

    framework: str
    target: str
    tags: tuple[str, ...]
    plan: str
    digest: str | None
    size: int | None
    seconds: float
    export_seconds: float
    steps: int
    cached: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildReport:
    """The report of a build."""

    schema: Literal[1]
    command: Literal["build"]
    status: int
    seconds: float
    images: tuple[ImageReport, ...]
    stages: tuple[StageReport, ...]

    def as_json(self) -> str:
        """Return the report as a JSON document."""
        return json_text(hide_all(asdict(self)))


def schema() -> dict[str, Any]:
    """Return the JSON Schema of the report."""
    import msgspec  # only this function needs it, and the import takes time

    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "dynamo-container build report",
        **msgspec.json.schema(BuildReport),
    }


def report(
    plan: BuildPlan,
    records: Records,
    built: Mapping[str, BuiltImage],
    *,
    status: int,
    elapsed: float,
) -> BuildReport:
    """Return the report of a build.

    Args:
        plan: what was built.
        records: BuildKit's, of this build.
        built: the images that were built, by target.
        status: docker's exit status.
        elapsed: in seconds.
    """
    return BuildReport(
        schema=SCHEMA,
        command="build",
        status=status,
        seconds=round(elapsed, 3),
        images=tuple(
            _image(image, records, built.get(image.target, BuiltImage())) for image in plan.images
        ),
        stages=tuple(_stage(target, records) for target in plan.targets),
    )


def _image(image: Image, records: Records, built: BuiltImage) -> ImageReport:
    steps = records.steps(image.target)
    return ImageReport(
        framework=image.framework,
        target=image.stage,
        tags=image.tags,
        plan=f"sha256:{image.plan_hash}",
        digest=built.digest,
        size=built.size,
        seconds=_rounded(steps),
        export_seconds=_rounded(records.exports(image.target)),
        steps=len(steps),
        cached=sum(step.cached for step in steps),
    )


def _stage(target: Target, records: Records) -> StageReport:
    steps = records.own_steps(target.name)
    return StageReport(
        name=target.name,
        stage=target.stage,
        seconds=_rounded(steps),
        steps=tuple(_step(step) for step in steps),
    )


def _step(step: Vertex) -> StepReport:
    return StepReport(
        instruction=step.text, cached=step.cached, seconds=_rounded([step]), error=step.error
    )


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
