# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Where a value of an exported file comes from, as its comment says."""

from __future__ import annotations

from dynamo_container.containers.plan import RunPlan
from dynamo_container.model.provenance import Layer, Source
from dynamo_container.services.yaml import Commented, Value


def commented(value: Value, note: str) -> Value:
    """Return a value with a comment, if there is one."""
    return Commented(value, note) if note else value


def note_of(plan: RunPlan, kind: str, key: str) -> str:
    """Return the sources of a value of a container; empty for a value that no entry explains."""
    sources = next(
        (entry.sources for entry in plan.entries if (entry.kind, entry.key) == (kind, key)), ()
    )
    return ", ".join(dict.fromkeys(map(_name, sources)))


def _name(source: Source) -> str:
    """Return a source's name without versions and paths, which differ between machines."""
    match source.layer:
        case Layer.CORE:
            return "default"
        case Layer.USER:
            return source.name
        case _:
            return f"plugin {source.name}"
