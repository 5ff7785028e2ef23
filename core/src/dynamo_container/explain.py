# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Explain a plan: its values with their provenance, as text for people or JSON for programs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal, NamedTuple

from dynamo_container.containers.plan import RunPlan
from dynamo_container.errors import UsageError
from dynamo_container.images.plan import BuildPlan, Image
from dynamo_container.model.credentials import HIDDEN, hide_all, is_secret_name
from dynamo_container.model.provenance import Contribution, PlanEntry, Source
from dynamo_container.model.text import json_text, known_names, printable
from dynamo_container.services.plan import ServePlan, ServicePlan

# The version of the JSON documents' form, described in docs/explain.md; new keys do not change it.
SCHEMA: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedSource:
    """Where a value comes from."""

    layer: str
    name: str
    distribution: str
    location: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowedValue:
    """A value of a lower layer, which another value replaces."""

    value: str
    source: ExplainedSource


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedValue:
    """A value of the plan, its sources, and the values that it replaces."""

    kind: str
    key: str
    value: str
    sources: tuple[ExplainedSource, ...]
    shadowed: tuple[ShadowedValue, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedImage:
    """A requested image."""

    framework: str
    target: str
    tags: tuple[str, ...]
    plan: str
    values: tuple[ExplainedValue, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedBuild:
    """The document of `explain build --json`."""

    schema: Literal[1]
    command: Literal["build"]
    images: tuple[ExplainedImage, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedRun:
    """The document of `explain run --json`."""

    schema: Literal[1]
    command: Literal["run"]
    image: str
    argv: tuple[str, ...]
    values: tuple[ExplainedValue, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedService:
    """A service, with the values of its first container."""

    name: str
    role: str
    replicas: int
    gpus: int
    argv: tuple[str, ...]
    values: tuple[ExplainedValue, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedServe:
    """The document of `explain serve --json`."""

    schema: Literal[1]
    command: Literal["serve"]
    project: str
    image: str
    values: tuple[ExplainedValue, ...]
    services: tuple[ExplainedService, ...]


def schema() -> dict[str, Any]:
    """Return the JSON Schema of all documents."""
    import msgspec  # only this function needs it, and the import takes time

    references, definitions = msgspec.json.schema_components(
        [ExplainedBuild, ExplainedRun, ExplainedServe], ref_template="#/$defs/{name}"
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "dynamo-container explanation of a plan",
        "oneOf": list(references),
        "$defs": definitions,
    }


class Block(NamedTuple):
    """Values that are explained together, such as those of an image."""

    title: str
    values: tuple[ExplainedValue, ...]


def build_blocks(plan: BuildPlan, key: str | None = None) -> tuple[Block, ...]:
    """Explain a build to people, with a block for each image.

    Args:
        plan: the plan.
        key: the key or kind of the values to explain; None for all.

    Raises:
        UsageError: no value has this key.
    """
    return tuple(
        Block(f"{image.framework} {image.stage}", _values(image.entries, key))
        for image in plan.images
    )


def run_blocks(plan: RunPlan, key: str | None = None) -> tuple[Block, ...]:
    """Explain a run to people; see `build_blocks`."""
    return (Block(plan.image, _values(plan.entries, key)),)


def serve_blocks(plan: ServePlan, key: str | None = None) -> tuple[Block, ...]:
    """Explain a served model to people: what belongs to all services, then each of them."""
    blocks = [(f"{plan.project} ({plan.image})", plan.entries)]
    blocks += [(_headline(one), _of_service(one)) for one in plan.services]
    _require_key([entry for _, entries in blocks for entry in entries], key)
    explained = (Block(title, _explained(_matching(entries, key))) for title, entries in blocks)
    return tuple(block for block in explained if block.values)


def as_text(blocks: Iterable[Block]) -> str:
    """Return blocks as lines: a value, then its sources and what it replaces."""
    return (
        "\n\n".join("\n".join([printable(block.title), *_lines(block.values)]) for block in blocks)
        + "\n"
    )


def _headline(service: ServicePlan) -> str:
    replicas = service.service.replicas
    return f"{service.name} ({replicas} x {service.service.role})"


def _of_service(service: ServicePlan) -> tuple[PlanEntry, ...]:
    """Return the values of a service's first container, without those of a single run."""
    unused = ("--rm", "--detach", "--interactive", "--tty")
    return tuple(entry for entry in service.container.entries if entry.key not in unused)


def build_json(plan: BuildPlan, key: str | None = None) -> str:
    """Explain a build to programs; see `build_blocks`."""
    images = tuple(_image(image, key) for image in plan.images)
    return _as_json(ExplainedBuild(schema=SCHEMA, command="build", images=images))


def run_json(plan: RunPlan, key: str | None = None) -> str:
    """Explain a run to programs; see `build_blocks`."""
    return _as_json(
        ExplainedRun(
            schema=SCHEMA,
            command="run",
            image=plan.image,
            argv=plan.command,
            values=_values(plan.entries, key),
        )
    )


def serve_json(plan: ServePlan, key: str | None = None) -> str:
    """Explain a served model to programs; see `serve_blocks`."""
    entries = {one.name: _of_service(one) for one in plan.services}
    _require_key([*plan.entries, *(one for every in entries.values() for one in every)], key)
    return _as_json(
        ExplainedServe(
            schema=SCHEMA,
            command="serve",
            project=plan.project,
            image=plan.image,
            values=_explained(_matching(plan.entries, key)),
            services=tuple(
                ExplainedService(
                    name=one.name,
                    role=one.service.role,
                    replicas=one.service.replicas,
                    gpus=one.service.gpus,
                    argv=one.container.command,
                    values=_explained(_matching(entries[one.name], key)),
                )
                for one in plan.services
            ),
        )
    )


def _as_json(document: ExplainedBuild | ExplainedRun | ExplainedServe) -> str:
    return json_text(hide_all(asdict(document)))


def _select(entries: tuple[PlanEntry, ...], key: str | None) -> tuple[PlanEntry, ...]:
    _require_key(entries, key)
    return _matching(entries, key)


def _matching(entries: tuple[PlanEntry, ...], key: str | None) -> tuple[PlanEntry, ...]:
    # An option as a key has no dashes, because with them it is an option of `explain`.
    return tuple(
        entry
        for entry in entries
        if key in (None, entry.key, entry.key.lstrip("-"), entry.kind, f"{entry.kind} {entry.key}")
    )


def _require_key(entries: Iterable[PlanEntry], key: str | None) -> None:
    """Require that a plan has a value with this key, if one is named."""
    entries = tuple(entries)
    if key is not None and not _matching(entries, key):
        known = {entry.key for entry in entries}
        raise UsageError(
            f"the plan has no value with the key {key!r}", known_names(key, known, "known keys")
        )


def _lines(values: Iterable[ExplainedValue]) -> Iterator[str]:
    for one in values:
        yield printable(f"  {one.kind} {one.key} = {quoted_value(one.value)}")
        for source in one.sources:
            yield f"      {_source_line(source)}"
        for lower in one.shadowed:
            yield f"      instead of {quoted_value(lower.value)}: {_source_line(lower.source)}"


def quoted_value(value: str) -> str:
    """Return a value as it is; in quotes if something in it would be invisible."""
    return value if value and value.isprintable() and value == value.strip() else repr(value)


def _source_line(source: ExplainedSource) -> str:
    location = f"  {source.location}" if source.location else ""
    origin = f" ({source.distribution})" if source.distribution else ""
    return printable(f"{source.layer}: {source.name}{origin}{location}")


def values(image: Image) -> tuple[ExplainedValue, ...]:
    """Return all values of an image, with their sources and what they replace."""
    return _values(image.entries, None)


def _image(image: Image, key: str | None) -> ExplainedImage:
    return ExplainedImage(
        framework=image.framework,
        target=image.stage,
        tags=image.tags,
        plan=f"sha256:{image.plan_hash}",
        values=_values(image.entries, key),
    )


def _values(entries: tuple[PlanEntry, ...], key: str | None) -> tuple[ExplainedValue, ...]:
    return _explained(_select(entries, key))


def _explained(entries: Iterable[PlanEntry]) -> tuple[ExplainedValue, ...]:
    return tuple(
        ExplainedValue(
            kind=entry.kind,
            key=entry.key,
            value=_shown(entry, entry.value),
            sources=tuple(_source(source) for source in entry.sources),
            shadowed=tuple(_shadowed(entry, lower) for lower in entry.shadowed),
        )
        for entry in entries
    )


def _shown(entry: PlanEntry, value: str) -> str:
    """Return a value; hidden if its name says that it is a secret."""
    named = entry.kind in ("build-arg", "env") and value and is_secret_name(entry.key)
    by_name = value.startswith("(")  # `(from the caller's environment)`
    return HIDDEN if named and not by_name else value


def _shadowed(entry: PlanEntry, contribution: Contribution[str]) -> ShadowedValue:
    value = _shown(entry, contribution.value)
    return ShadowedValue(value=value, source=_source(contribution.source))


def _source(source: Source) -> ExplainedSource:
    return ExplainedSource(
        layer=source.layer.name.lower(),
        name=source.name,
        distribution=source.distribution,
        location=source.location,
    )
