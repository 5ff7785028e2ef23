# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The report of a build, and the schema of its document."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from dynamo_container.images import report
from dynamo_container.images.plan import BuildPlan, Image, Target
from dynamo_container.images.records import Records
from dynamo_container.images.report import BuildReport, BuiltImage


def target(name: str, stage: str) -> Target:
    return Target(
        name=name, stage=stage, dockerfile=Path("/d"), context=Path("/"), dockerfile_target=stage,
        args=(), contexts=(), digest="",
    )  # fmt: skip


PLAN = BuildPlan(
    images=(
        Image(
            framework="acme",
            stage="runtime",
            target="acme-runtime",
            tags=("a:1", "a:latest"),
            labels=(),
            plan_hash="abc",
            entries=(),
        ),
    ),
    targets=(target("tools", "tools"), target("acme-runtime", "runtime")),
)
STEPS = (
    ("[tools 1/1] COPY a b", 0, True, ""),
    ("[acme-runtime 1/2] RUN one", 2, False, ""),
    ("[acme-runtime 2/2] RUN two", 3, False, ""),
    ("[acme-runtime] exporting to image", 1, False, ""),
)
FAILED = (("[acme-runtime 1/1] RUN false", 1, False, "exit code: 1"),)


def records(steps: tuple[tuple[str, int, bool, str], ...]) -> Records:
    """Return the records of steps: name, duration in seconds, whether cached, error."""
    read = Records([target.name for target in PLAN.targets])
    start = 0
    for name, duration, cached, error in steps:
        vertex = {
            "digest": name,
            "name": name,
            "started": f"2026-11-24T09:10:{start:02}Z",
            "completed": f"2026-11-24T09:10:{start + duration:02}Z",
            "cached": cached,
            "error": error,
        }
        list(read.feed(json.dumps({"vertexes": [vertex]})))
        start += duration
    return read


BUILT = {"acme-runtime": BuiltImage(digest="sha256:1", size=612_000_000)}


def succeeded() -> BuildReport:
    return report.report(PLAN, records(STEPS), BUILT, status=0, elapsed=6.12345)


def failed() -> BuildReport:
    return report.report(PLAN, records(FAILED), {}, status=1, elapsed=1.0)


def test_a_report_has_the_images_and_the_steps_of_each_stage():
    document = json.loads(succeeded().as_json())

    assert document == {
        "schema": 1,
        "command": "build",
        "status": 0,
        "seconds": 6.123,
        "images": [
            {
                "framework": "acme",
                "target": "runtime",
                "tags": ["a:1", "a:latest"],
                "plan": "sha256:abc",
                "digest": "sha256:1",
                "size": 612_000_000,
                "seconds": 5.0,
                "export_seconds": 1.0,
                "steps": 2,
                "cached": 0,
            }
        ],
        "stages": [
            {
                "name": "tools",
                "stage": "tools",
                "seconds": 0.0,
                "steps": [{"instruction": "COPY a b", "cached": True, "seconds": 0.0, "error": ""}],
            },
            {
                "name": "acme-runtime",
                "stage": "runtime",
                "seconds": 5.0,
                "steps": [
                    {"instruction": "RUN one", "cached": False, "seconds": 2.0, "error": ""},
                    {"instruction": "RUN two", "cached": False, "seconds": 3.0, "error": ""},
                ],
            },
        ],
    }
    assert next(iter(document)) == "schema"


def test_the_report_of_a_failed_build_has_the_error_and_no_digest():
    document = json.loads(failed().as_json())

    assert document["status"] == 1
    assert document["images"][0]["digest"] is None
    assert document["images"][0]["size"] is None
    assert document["stages"][1]["steps"][0]["error"] == "exit code: 1"


@pytest.mark.parametrize("build", [succeeded, failed])
def test_a_report_conforms_to_its_schema(build):
    text = build().as_json()

    document = msgspec.json.decode(text, type=BuildReport)

    assert msgspec.json.decode(msgspec.json.encode(document)) == json.loads(text)
    assert report.schema()["$ref"] == "#/$defs/BuildReport"


def test_every_key_of_the_schema_is_required():
    for definition in report.schema()["$defs"].values():
        assert definition["required"] == list(definition["properties"])


def test_the_table_has_a_row_for_each_tag():
    assert report.rows(PLAN, records(STEPS), BUILT) == (
        ("image", "size", "seconds", "cached steps"),
        ("a:1", "612 MB", "6.0", "0 of 2"),
        ("a:latest", "", "", ""),
    )
    assert report.rows(PLAN, records(STEPS), {})[1][1] == "-"
