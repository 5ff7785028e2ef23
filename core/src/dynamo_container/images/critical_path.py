# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The steps of a build that decided how long it took, from BuildKit's records."""

from __future__ import annotations

from collections.abc import Iterator

from dynamo_container.images.records import Records, Vertex


def critical_path(records: Records) -> tuple[Vertex, ...]:
    """Return the chain of steps and exports that ends last, the first step first.

    Each of them waited for the one before it, which was the last of its inputs to end. Steps from
    the cache are left out: nothing waited for them.
    """
    last = max(_ended(records), key=_end, default=None)
    path: list[Vertex] = []
    while last is not None:
        path.append(last)
        before = (one for one in _inputs(records, last) if _end(one) and one not in path)
        last = max(before, key=_end, default=None)
    return tuple(one for one in reversed(path) if (one.text or one.exports) and not one.cached)


def _end(vertex: Vertex) -> float:
    return vertex.span[1] if vertex.done and vertex.started else 0.0


def _ended(records: Records) -> Iterator[Vertex]:
    return (one for one in records.vertexes.values() if _end(one))


def _inputs(records: Records, vertex: Vertex) -> Iterator[Vertex]:
    """Yield what a vertex waits for. BuildKit records no inputs of an export: those are all steps
    of its target.
    """
    if vertex.exports:
        targets = vertex.observations.keys()
        yield from (
            one for one in _ended(records) if not one.exports and targets & one.observations.keys()
        )
        return
    yield from (records.vertexes[one] for one in vertex.inputs if one in records.vertexes)
