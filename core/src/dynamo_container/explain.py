# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""A plan, told with its provenance: as text for people, as JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Final, TypeAlias

from dynamo_container.containers.plan import RunPlan
from dynamo_container.errors import UsageError
from dynamo_container.images.plan import BuildPlan, Image
from dynamo_container.model.provenance import Contribution, PlanEntry, Source

# The version of the JSON's shape, described in docs/explain.md. It grows by new keys without a new
# number.
SCHEMA: Final = 1

JSON: TypeAlias = "str | int | list[JSON] | dict[str, JSON]"


def build_text(plan: BuildPlan, key: str | None = None) -> str:
    """A build's plan for people.

    Args:
        plan: the plan.
        key: only what has this key or is of this kind; everything where None.

    Raises:
        UsageError: nothing has this key.
    """
    blocks = []
    for image in plan.images:
        head = f"{image.framework} {image.stage}"
        blocks.append("\n".join([head, *_lines(_chosen(image.entries, key))]))
    return "\n\n".join(blocks) + "\n"


def run_text(plan: RunPlan, key: str | None = None) -> str:
    """A run's plan for people; see `build_text`."""
    return "\n".join([plan.image, *_lines(_chosen(plan.entries, key))]) + "\n"


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
            "values": [_fact(fact) for fact in _chosen(plan.entries, key)],
        }
    )


def _image(image: Image, key: str | None) -> JSON:
    return {
        "framework": image.framework,
        "target": image.stage,
        "tags": list(image.tags),
        "plan": f"sha256:{image.plan_hash}",
        "values": [_fact(fact) for fact in _chosen(image.entries, key)],
    }


def _dump(document: JSON) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _chosen(facts: tuple[PlanEntry, ...], key: str | None) -> tuple[PlanEntry, ...]:
    if key is None:
        return facts
    # A flag's key may come without its dashes, with which it would be an option of `explain`.
    chosen = tuple(
        fact
        for fact in facts
        if key in (fact.key, fact.key.lstrip("-"), fact.kind, f"{fact.kind} {fact.key}")
    )
    if not chosen:
        known = ", ".join(sorted({fact.key for fact in facts}))
        raise UsageError(f"the plan has nothing called {key!r}", f"it has: {known}")
    return chosen


def _lines(facts: Iterable[PlanEntry]) -> Iterator[str]:
    for fact in facts:
        yield f"  {fact.kind} {fact.key} = {_shown(fact.value)}"
        for source in fact.sources:
            yield f"      {_who(source)}"
        for said in fact.shadowed:
            yield f"      instead of {_shown(said.value)}: {_who(said.source)}"


def _shown(value: str) -> str:
    return value if value and value.isprintable() and value == value.strip() else repr(value)


def _who(source: Source) -> str:
    place = f"  {source.location}" if source.location else ""
    return f"{source.layer.name.lower()}: {source}{place}"


def _fact(fact: PlanEntry) -> JSON:
    return {
        "kind": fact.kind,
        "key": fact.key,
        "value": fact.value,
        "sources": [_source(source) for source in fact.sources],
        "shadowed": [_said(said) for said in fact.shadowed],
    }


def _said(said: Contribution[str]) -> JSON:
    return {"value": said.value, "source": _source(said.source)}


def _source(source: Source) -> JSON:
    return {
        "layer": source.layer.name.lower(),
        "name": source.name,
        "distribution": source.distribution,
        "location": source.location,
    }
