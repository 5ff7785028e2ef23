# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""BuildKit's records, read from the stream of a build."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from dynamo_container.images.records import Records, seconds

TARGETS = ("tools", "runtime")


def vertex(
    name: str, digest: str, start: float, end: float | None = None, **more
) -> dict[str, Any]:
    record = {"digest": digest, "name": name, "started": moment(start), **more}
    if end is not None:
        record["completed"] = moment(end)
    return {"vertexes": [record]}


def moment(second: float) -> str:
    return f"2026-11-24T09:10:{second:012.9f}Z"


def log(digest: str, text: str) -> dict[str, Any]:
    return {"logs": [{"vertex": digest, "data": base64.b64encode(text.encode()).decode()}]}


STREAM = [
    vertex("[internal] load local bake definitions", "i", 1, 2),
    vertex("[runtime tools 1/3] FROM debian", "from", 0, 0.1),
    vertex("[tools tools 2/3] COPY a /a", "copy", 1, cached=True),
    vertex("[tools tools 2/3] COPY a /a", "copy", 1, 1, cached=True),
    # A shared step: each target records it, under a name that comes from one of them.
    vertex("[runtime tools 3/3] RUN one", "run", 2),
    log("run", "hel"),
    log("run", "lö\nand"),
    log("run", " more"),
    vertex("[tools tools 3/3] RUN one", "run", 2, 4.5),
    vertex("[runtime tools 3/3] RUN one", "run", 2, 4.5),
    vertex("[runtime 1/2] RUN <<X\n  two {\nX", "two", 4, 6),
    vertex("[runtime] exporting to image", "out", 6, 8),
]
WARNING = "   7 | >>> RUN {x}"


def text(indent: int | None) -> str:
    objects = [json.dumps(record, indent=indent, ensure_ascii=False) for record in STREAM]
    return "\n".join([*objects[:3], WARNING, *objects[3:]]) + "\nERROR: the last line"


@pytest.fixture(params=["buildx 0.13: over lines", "newer: a line each"])
def stream(request) -> str:
    return text(2 if "over" in request.param else None)


@pytest.mark.parametrize("piece", [1, 7, 100_000])
def test_the_events_do_not_depend_on_how_the_stream_is_split(stream, piece):
    records = Records(TARGETS)

    events = [
        event
        for start in range(0, len(stream), piece)
        for event in records.feed(stream[start : start + piece])
    ] + list(records.close())

    shown = [(event.kind, event.vertex.digest if event.vertex else event.text) for event in events]
    assert [(kind, digest) for kind, digest in shown if digest in ("copy", "run")] == [
        ("started", "copy"),
        ("done", "copy"),
        ("started", "run"),
        ("log", "run"),
        ("log", "run"),
        ("done", "run"),
    ]
    assert [line for kind, line in shown if kind == "text"] == [WARNING, "ERROR: the last line"]
    assert [event.text for event in events if event.kind == "log"] == ["hellö\n", "and more"]
    assert records.vertexes["run"].log == "hellö\nand more"


def test_a_shared_step_belongs_to_the_lowest_target_and_counts_once(stream):
    records = Records(TARGETS)
    list(records.feed(stream))

    def summary(steps):
        return [(step.text, step.cached) for step in steps]

    assert summary(records.own_steps("tools")) == [("COPY a /a", True), ("RUN one", False)]
    assert summary(records.own_steps("runtime")) == [("RUN <<X two { X", False)]
    assert summary(records.steps("runtime")) == [("RUN <<X two { X", False), ("RUN one", False)]
    assert seconds(records.steps("runtime")) == pytest.approx(4.0)  # 2 to 4.5 and 4 to 6
    assert seconds(records.own_steps("tools")) == pytest.approx(2.5)
    assert seconds(records.exports("runtime")) == pytest.approx(2.0)


def test_a_step_that_only_one_of_its_targets_found_in_the_cache_was_run():
    records = Records(TARGETS)
    for record in (
        vertex("[tools 1/1] RUN x", "x", 1, 2),
        vertex("[runtime tools 1/1] RUN x", "x", 3, 3, cached=True),
        # BuildKit merged it with the other one, so it never ran.
        vertex("[runtime tools 1/1] RUN x", "y", 3),
    ):
        list(records.feed(json.dumps(record)))

    assert [(step.digest, step.cached) for step in records.steps("runtime")] == [("x", False)]


def test_steps_of_the_only_target_have_no_prefix():
    records = Records(["runtime"])
    list(records.feed(json.dumps(vertex("[runtime 1/2] RUN x", "x", 1, 2))))
    list(records.feed(json.dumps(vertex("[linux/amd64 2/2] RUN y", "y", 2, 3))))

    assert [step.text for step in records.own_steps("runtime")] == ["RUN x", "RUN y"]


def test_a_failed_step_has_an_error():
    records = Records(["runtime"])
    failed = vertex("[1/1] RUN false", "x", 1, 2, error="exit code: 1")
    (_, done) = records.feed(json.dumps(failed))

    assert done.kind == "done"
    assert [step.error for step in records.own_steps("runtime")] == ["exit code: 1"]
