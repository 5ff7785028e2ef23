# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The report as a page, and the drawing of stages: whole, safe, and without a network."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import TypeAlias

import pytest
from dynamo_container.images import drawing
from dynamo_container.images.critical_path import critical_path
from dynamo_container.images.diagram import diagram
from dynamo_container.images.records import Records
from dynamo_container.images.report import BuiltImage, report
from dynamo_container.inventory.sizes import Part, Sizes
from dynamo_container.report_page import page
from dynamo_container.report_sizes import Measured, measured, section
from dynamo_container.testing import PlanBuild

EVIL = '<script>alert(1)</script>" onload="x'
SVG = "{http://www.w3.org/2000/svg}"


def records(plan, *steps: tuple[str, float, float, dict[str, object]]) -> Records:
    """Return BuildKit's records of steps: name, start, end, and other fields."""

    def moment(seconds: float) -> str:
        return datetime.fromtimestamp(1_800_000_000 + seconds, UTC).isoformat()[:-6] + "Z"

    read = Records([target.name for target in plan.targets])
    vertexes = [
        {"digest": name, "name": name, "started": moment(start), "completed": moment(end), **more}
        for name, start, end, more in steps
    ]
    list(read.feed(json.dumps({"vertexes": vertexes})))
    return read


def page_of(plan, read: Records, *, status: int = 0) -> str:
    built = {plan.images[0].target: BuiltImage(size=1_050_000_000)}
    return page(plan, report(plan, read, built, status=status, elapsed=72), read)


@pytest.fixture
def plan(plan_build: PlanBuild):
    return plan_build("none", target="runtime")


class Tags(HTMLParser):
    """Collects the tags that are open and the attributes that load something."""

    VOID = ("meta", "br", "link")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.names: set[str] = set()
        self.loads: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.names.add(tag)
        self.loads += [name for name, _ in attrs if name in ("src", "href", "onload")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.names.add(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_is_one_file_without_script_and_network(plan):
    text = page_of(plan, records(plan, (f"[tools 2/3] RUN {EVIL}", 0, 1, {})))

    tags = Tags()
    tags.feed(text)
    assert (tags.open, tags.loads) == ([], [])
    assert "script" not in tags.names
    assert "&lt;script&gt;alert(1)" in text
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")


def test_the_timeline_shows_when_each_step_ran(plan):
    read = records(
        plan,
        ("[tools 2/3] RUN first", 0, 10, {}),
        ("[tools 3/3] RUN second", 10, 40, {}),
        ("[serving 2/3] RUN third", 40, 40, {"cached": True}),
    )

    text = page_of(plan, read)

    bars = re.findall(r'class="bar (\w+)" style="left:([\d.]+)%;width:([\d.]+)%"', text)
    assert bars == [
        ("ran", "0.00", "25.00"),
        ("ran", "25.00", "75.00"),
        ("cached", "100.00", "0.00"),
    ]
    assert re.findall(r"<h3>(.*?)</h3>", text) == ["tools", "serving"]
    assert "It succeeded after 1 min 12 s." in text
    assert "1.05 GB" in text


def test_a_failure_is_seen(plan):
    read = records(plan, ("[tools 2/3] RUN false", 0, 1, {"error": "exit code: 1"}))

    text = page_of(plan, read, status=1)

    assert "It failed after" in text
    assert 'class="bar failed"' in text


def test_the_plan_has_the_source_of_each_value(plan):
    text = page_of(plan, records(plan))

    (image,) = plan.images
    assert f"Plan of {image.tags[0]}" in text
    assert text.count("<tr><td>") >= len(image.entries)
    assert "none (framework)" in text


def test_a_credential_is_not_shown(plan_build):
    plan = plan_build("none", target="runtime", build_args=(("A", "https://me:secret@x/y"),))

    assert "secret@" not in page_of(plan, records(plan))


def test_the_drawing_has_each_stage_right_of_what_it_reads(plan):
    drawn = diagram(plan)

    root = ET.fromstring(drawing.svg(drawn))

    boxes = {
        title.text: float(box.attrib["x"])
        for box, title in zip(
            root.iter(f"{SVG}rect"),
            (one for one in root.iter(f"{SVG}text") if one.get("class") == "title"),
            strict=True,
        )
    }
    assert boxes.keys() == {node.name for node in drawn.nodes}
    assert [edge for edge in drawn.edges if boxes[edge[0]] >= boxes[edge[1]]] == []
    assert len(list(root.iter(f"{SVG}path"))) == len(drawn.edges)


def test_boxes_do_not_overlap_and_fit_into_the_drawing(plan):
    root = ET.fromstring(drawing.svg(diagram(plan)))

    boxes = [
        tuple(float(box.attrib[name]) for name in ("x", "y", "width", "height"))
        for box in root.iter(f"{SVG}rect")
    ]
    for left, top, width, height in boxes:
        assert left + width <= float(root.attrib["width"])
        assert top + height <= float(root.attrib["height"])
        over = [
            one for one in boxes
            if left < one[0] + one[2] and one[0] < left + width
            and top < one[1] + one[3] and one[1] < top + height
        ]  # fmt: skip
        assert len(over) == 1


def test_explain_draws_svg_without_another_program(cli, monkeypatch):
    monkeypatch.setenv("PATH", "")

    svg = cli.ok("explain", "build", "none", "--target", "runtime", "--graph", "svg").out

    assert "tools" in [one.text for one in ET.fromstring(svg).iter(f"{SVG}text")]


Step: TypeAlias = tuple[str, float, float, dict[str, object]]


def path_of(plan, *steps: Step) -> list[str]:
    return [one.name for one in critical_path(records(plan, *steps))]


BASE: Step = ("[tools 2/3] RUN base", 0, 10, {})
FAST: Step = ("[wheels 2/2] RUN fast", 10, 20, {"inputs": [BASE[0]]})
SLOW: Step = ("[serving 2/3] RUN slow", 10, 50, {"inputs": [BASE[0]]})


def joined(start: float, end: float, *inputs: str) -> Step:
    return ("[none-runtime 2/2] RUN both", start, end, {"inputs": list(inputs)})


def test_the_critical_path_is_what_each_step_waited_for(plan):
    assert path_of(plan, BASE, FAST, SLOW, joined(50, 60, FAST[0], SLOW[0])) == [
        "[tools 2/3] RUN base", "[serving 2/3] RUN slow", "[none-runtime 2/2] RUN both",
    ]  # fmt: skip


def test_a_step_that_nothing_waits_for_is_not_on_the_critical_path(plan):
    assert path_of(plan, BASE, FAST, SLOW, joined(20, 70, FAST[0])) == [
        "[tools 2/3] RUN base", "[wheels 2/2] RUN fast", "[none-runtime 2/2] RUN both",
    ]  # fmt: skip


def test_an_export_waits_for_the_steps_of_its_target(plan):
    export: Step = ("[none-runtime] exporting to image", 60, 90, {})

    path = path_of(plan, BASE, SLOW, joined(50, 60, SLOW[0]), export)

    assert path[-2:] == ["[none-runtime 2/2] RUN both", "[none-runtime] exporting to image"]


def test_what_came_from_the_cache_is_not_on_the_critical_path(plan):
    cached: Step = (BASE[0], 0, 0.1, {"cached": True})

    assert path_of(plan, cached, joined(1, 9, BASE[0], "an unknown vertex")) == [
        "[none-runtime 2/2] RUN both"
    ]
    assert path_of(plan) == []


def test_vertexes_between_steps_connect_them(plan):
    between: Step = ("mount a cache", 10, 11, {"inputs": [BASE[0]]})

    assert path_of(plan, BASE, between, joined(11, 20, "mount a cache")) == [
        "[tools 2/3] RUN base", "[none-runtime 2/2] RUN both",
    ]  # fmt: skip


def test_the_page_lists_the_critical_path_and_marks_its_steps(plan):
    text = page_of(plan, records(plan, BASE, FAST, SLOW, joined(50, 60, FAST[0], SLOW[0])))

    section = text.partition('id="critical-path"')[2].partition("<h2>")[0]
    assert section.count("<tr><td>") == 3
    assert "Together they ran for 1 min 00 s of\n1 min 12 s" in section
    assert text.count('class="step critical"') == 3
    assert text.count('class="step"') == 1


def sizes_of(by, *parts: tuple[str, int]) -> Sizes:
    named = tuple(Part(name=name, size=size) for name, size in parts)
    return Sizes(image="x:1", by=by, size=sum(part.size for part in named), parts=named)


def test_the_page_shows_the_layers_and_the_largest_packages(plan):
    layers = sizes_of("layer", ("RUN install", 75_000_000), ("(base image)", 25_000_000))
    packages = sizes_of("package", *((f"python p{n:02}", 100 - n) for n in range(40)))
    document = report(plan, records(plan), {}, status=0, elapsed=1)

    text = page(plan, document, records(plan), [Measured("x:1", (layers, packages))])

    part = text.partition('id="sizes"')[2].partition("<h2")[0]
    rows = re.findall(r'<tr><td>(.*?)</td><td class="number">(.*?)</td>', part)
    assert rows[:2] == [("RUN install", "75.0 MB"), ("(base image)", "25.0 MB")]
    assert [name for name, _ in rows[2:]] == [*(f"python p{n:02}" for n in range(12)), "28 others"]
    assert re.findall(r'style="width:(.*?)"', part)[:2] == ["75.0%", "25.0%"]
    tags = Tags()
    tags.feed(text)
    assert tags.open == []


def test_what_an_image_says_about_its_parts_is_only_text():
    text = "\n".join(section([Measured(EVIL, (sizes_of("package", (EVIL, 1)),), absent=EVIL)]))

    assert "<script" not in text
    assert text.count("&lt;script&gt;alert(1)") == 3


def test_an_image_that_only_a_registry_has_is_not_measured(plan):
    document = report(plan, records(plan), {}, status=0, elapsed=1)

    text = "\n".join(section(measured(document, loaded=False)))

    assert "Sizes are not measured: the engine&#x27;s own store does not have the image." in text
    assert "<table" not in text


def test_a_build_that_failed_has_no_sizes(plan):
    document = report(plan, records(plan), {}, status=1, elapsed=1)

    assert measured(document, loaded=True) == ()
    assert list(section(())) == []


def test_a_step_that_another_build_was_running_counts_from_the_beginning_of_this_one(plan):
    definition: Step = ("[tools internal] load build definition from Dockerfile", 100, 101, {})
    joined_later: Step = ("[tools 2/3] RUN long", 20, 130, {})
    ended_before: Step = ("[wheels 2/2] RUN before", 20, 60, {})
    own: Step = ("[serving 2/3] RUN own", 130, 140, {"inputs": [joined_later[0]]})

    document = report(
        plan, records(plan, definition, joined_later, ended_before, own), {}, status=0, elapsed=40
    )

    took = {step.instruction: step.seconds for one in document.stages for step in one.steps}
    assert took == {"RUN long": 30, "RUN before": 0, "RUN own": 10}


def test_without_a_beginning_steps_have_the_times_of_the_records(plan):
    document = report(plan, records(plan, BASE, SLOW), {}, status=0, elapsed=50)

    took = {step.instruction: step.seconds for one in document.stages for step in one.steps}
    assert took == {"RUN base": 10, "RUN slow": 40}
