# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""A plan and its provenance: as text for people, as JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, Final, TypeAlias

from dynamo_container.containers.plan import RunPlan
from dynamo_container.errors import UsageError
from dynamo_container.images.plan import BuildPlan, Image
from dynamo_container.model.provenance import Contribution, Layer, PlanEntry, Source

# The version of the JSON's shape, described in docs/explain.md. It grows by new keys without a new
# number.
SCHEMA: Final = 1

JSON: TypeAlias = "str | int | list[JSON] | dict[str, JSON]"


def build_text(plan: BuildPlan, key: str | None = None) -> str:
    """A build's plan for people.

    Args:
        plan: the plan.
        key: only what has this key or is of this kind; None for everything.

    Raises:
        UsageError: nothing has this key.
    """
    blocks = []
    for image in plan.images:
        head = f"{image.framework} {image.stage}"
        blocks.append("\n".join([head, *_lines(_selected(image.entries, key))]))
    return "\n\n".join(blocks) + "\n"


def run_text(plan: RunPlan, key: str | None = None) -> str:
    """A run's plan for people; see `build_text`."""
    return "\n".join([plan.image, *_lines(_selected(plan.entries, key))]) + "\n"


def build_json(plan: BuildPlan, key: str | None = None) -> str:
    """A build's plan for programs; see `build_text`."""
    images: list[JSON] = [_image(image, key) for image in plan.images]
    return _dump({"schema": SCHEMA, "command": "build", "images": images})


def run_json(plan: RunPlan, key: str | None = None) -> str:
    """A run's plan for programs; see `build_text`."""
    return _dump(
        {
            "schema": SCHEMA,
            "command": "run",
            "image": plan.image,
            "argv": list(plan.command),
            "values": [_entry(entry) for entry in _selected(plan.entries, key)],
        }
    )


def _image(image: Image, key: str | None) -> JSON:
    return {
        "framework": image.framework,
        "target": image.stage,
        "tags": list(image.tags),
        "plan": f"sha256:{image.plan_hash}",
        "values": [_entry(entry) for entry in _selected(image.entries, key)],
    }


def _dump(document: JSON) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def schema() -> dict[str, Any]:
    """Return the JSON Schema of what `explain --format json` prints."""
    text: dict[str, Any] = {"type": "string"}
    source = _object(
        layer={"enum": [layer.name.lower() for layer in Layer]},
        name=text,
        distribution=text,
        location={"type": "string", "description": "a file and a line, or an option"},
    )
    entry = _object(
        kind=text,
        key=text,
        value=text,
        sources=_array(source),
        shadowed=_array(_object(value=text, source=source)),
    )
    head = {"schema": {"const": SCHEMA}}
    image = _object(framework=text, target=text, tags=_array(text), plan=text, values=_array(entry))
    build = _object(**head, command={"const": "build"}, images=_array(image))
    run = _object(
        **head, command={"const": "run"}, image=text, argv=_array(text), values=_array(entry)
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A plan and its provenance, as dynamo-container explain prints them",
        "type": "object",
        "oneOf": [build, run],
    }


def _object(**properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _array(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _selected(entries: tuple[PlanEntry, ...], key: str | None) -> tuple[PlanEntry, ...]:
    if key is None:
        return entries
    # A flag's key may come without its dashes, with which it would be an option of `explain`.
    selected = tuple(
        entry
        for entry in entries
        if key in (entry.key, entry.key.lstrip("-"), entry.kind, f"{entry.kind} {entry.key}")
    )
    if not selected:
        known = ", ".join(sorted({entry.key for entry in entries}))
        raise UsageError(f"the plan has nothing called {key!r}", f"it has: {known}")
    return selected


def _lines(entries: Iterable[PlanEntry]) -> Iterator[str]:
    for entry in entries:
        yield f"  {entry.kind} {entry.key} = {_printable(entry.value)}"
        for source in entry.sources:
            yield f"      {_origin(source)}"
        for other in entry.shadowed:
            yield f"      instead of {_printable(other.value)}: {_origin(other.source)}"


def _printable(value: str) -> str:
    return value if value and value.isprintable() and value == value.strip() else repr(value)


def _origin(source: Source) -> str:
    place = f"  {source.location}" if source.location else ""
    return f"{source.layer.name.lower()}: {source}{place}"


def _entry(entry: PlanEntry) -> JSON:
    return {
        "kind": entry.kind,
        "key": entry.key,
        "value": entry.value,
        "sources": [_source(source) for source in entry.sources],
        "shadowed": [_shadowed(other) for other in entry.shadowed],
    }


def _shadowed(other: Contribution[str]) -> JSON:
    return {"value": other.value, "source": _source(other.source)}


def _source(source: Source) -> JSON:
    return {
        "layer": source.layer.name.lower(),
        "name": source.name,
        "distribution": source.distribution,
        "location": source.location,
    }
