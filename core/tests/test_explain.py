# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""explain: every value of a plan is told, and the picture of its stages."""

from __future__ import annotations

import dataclasses
import shutil
from xml.etree import ElementTree as ET

import pytest
from dynamo_container.containers.plan import RunPlan

BUILD = ("explain", "build", "none", "--target", "runtime")
OVERLAY = """
from dynamo_container.api import *

@hookimpl
def dynamo_container_base_images(request):
    yield BaseImage(stage="runtime", image="company/ubuntu:24.04")
"""


def kinds(values: list[dict[str, str]]) -> set[str]:
    return {value["kind"] for value in values}


def test_what_an_overlay_shadows_stays_visible_with_its_place(site, cli):
    site.install("acme-policy", OVERLAY, version="3.1")

    (image,) = cli.ok(*BUILD, "base-image runtime", "--json").json["images"]

    (value,) = image["values"]
    assert value["value"] == "company/ubuntu:24.04"
    assert value["sources"][0]["layer"] == "overlay"
    assert value["sources"][0]["distribution"] == "acme-policy 3.1"
    assert value["sources"][0]["location"].endswith("acme_policy/__init__.py:4")
    (below,) = value["shadowed"]
    assert below["value"] == "ubuntu:24.04"
    assert "dynamo_container_none/plugin.py:" in below["source"]["location"]


@pytest.mark.processes
def test_every_value_of_a_plugin_tells_its_file_and_line(cli):
    for words in (BUILD, ("explain", "run", "none")):
        document = cli.ok(*words, "--json").json
        values = [
            *document.get("values", ()),
            *(document.get("images") or [{}])[0].get("values", ()),
        ]
        assert values
        for value in values:
            for source in value["sources"]:
                if source["layer"] in ("framework", "overlay"):
                    assert source["location"].rpartition(":")[2].isdigit()
                    assert source["distribution"].startswith("dynamo-container-")


@pytest.mark.processes
def test_every_part_of_a_containers_plan_is_told(cli):
    values = cli.ok(
        "explain", "run", "none", "--json", "-p", "80:80", "--name", "x", "--entrypoint", "a b",
        "-v", "vol:/data", "--", "echo", "it's",
    ).json["values"]  # fmt: skip

    plural = {"mounts": "mount", "flags": "flag", "ports": "port", "labels": "label"}
    options = {"remove": "--rm", **{one: f"--{one}" for one in ("detach", "interactive", "tty")}}
    told = {**plural, **options}
    known = kinds(values) | {value["key"] for value in values}
    silent = {"entries", "warnings", "folders", "env"}  # folders are those of mounts
    for field in dataclasses.fields(RunPlan):
        if field.name not in silent:
            assert told.get(field.name, field.name) in known, field.name
    assert {"kind": "command", "value": "echo 'it'\"'\"'s'"}.items() <= next(
        value for value in values if value["kind"] == "command"
    ).items()


def test_how_an_image_is_built_and_named_is_told(cli, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://user:hidden@proxy")

    result = cli.ok(*BUILD, "--tag", "mine:1", "--no-cache", "--pull", "--json")

    (image,) = result.json["images"]
    told = {(value["kind"], value["key"]): value for value in image["values"]}
    assert told["tag", "mine:1"]["sources"][0]["name"] == "--tag"
    assert told["tag", "dynamo:latest-none-runtime"]["sources"][0]["layer"] == "core"
    assert told["setting", "--no-cache"]["sources"][0]["distribution"] == "command line"
    assert told["setting", "--progress"]["sources"][0]["layer"] == "core"
    assert told["label", "ai.dynamo.container.plan"]["value"] == image["plan"]
    assert ("proxy", "HTTPS_PROXY") in told
    assert "hidden" not in result.out


def test_the_picture_has_the_stages_their_images_and_their_versions(cli):
    text = cli.ok(*BUILD, "--graph").out

    lines = [line.strip() for line in text.splitlines()]
    assert lines[0] == "flowchart LR"
    boxes = dict(
        line.split("(", 1) if "([" in line else line.split("[", 1) for line in lines if '"' in line
    )
    (base,) = [name for name, text in boxes.items() if "ubuntu:24.04" in text]
    scripts, tools, wheels, runtime = [name for name in boxes if name != base]
    assert "uv==" in boxes[tools]
    assert "dynamo-container-images" in boxes[tools]
    assert "ai-dynamo==1.4.2<br/>" in boxes[wheels]
    assert "python_version #60; '0'" in boxes[wheels]
    assert "dynamo:v1.4.2-none-runtime" in boxes[runtime]
    for arrow in (
        (base, tools),
        (scripts, tools),
        (tools, wheels),
        (base, runtime),
        (scripts, runtime),
        (tools, runtime),
        (wheels, runtime),
    ):
        assert f"{arrow[0]} --> {arrow[1]}" in lines


def test_the_picture_names_each_frameworks_own_plugin(site, cli):
    site.framework("acme")

    text = cli.ok("explain", "build", "none", "acme", "--target", "runtime", "--graph", "dot").out

    (line,) = [line for line in text.splitlines() if "<b>acme-runtime</b>" in line]
    assert "acme (acme-acme 1.0)" in line
    (line,) = [line for line in text.splitlines() if "<b>none-runtime</b>" in line]
    assert "none (dynamo-container-none " in line


@pytest.mark.processes
def test_graphviz_draws_it(cli):
    if not shutil.which("dot"):
        pytest.skip("Graphviz is not installed")

    svg = cli.ok(*BUILD, "--graph", "svg").out

    texts = [one.text for one in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]
    assert "tools" in texts
    assert "OVERRIDES=torch; python_version < '0'" in [
        (text or "").replace("\xa0", " ") for text in texts
    ]


@pytest.mark.processes
def test_nothing_that_a_plugin_says_breaks_the_picture(site, cli):
    if not shutil.which("dot"):
        pytest.skip("Graphviz is not installed")
    odd = '<b>&amp;</b> "q" `x` #1; [a]\\n\\l'
    body = f"""
        @hookimpl
        def dynamo_container_build_args(request):
            yield BuildArg(name="GREETING", value={odd!r} + "\\nsecond line")
    """
    site.framework("acme", body)
    words = ("explain", "build", "acme", "--graph")

    svg = cli.ok(*words, "svg").out

    texts = [
        (one.text or "").replace("\xa0", " ")
        for one in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")
    ]
    assert f"GREETING={odd} second line" in texts
    (line,) = [line for line in cli.ok(*words).out.splitlines() if "GREETING" in line]
    assert line.count('"') == 2


@pytest.mark.processes
def test_without_graphviz_it_says_what_to_install(cli, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))

    result = cli(*BUILD, "--graph", "png")

    assert result.status == 6
    assert "apt-get install graphviz" in result.err
    assert "--graph mermaid" in result.err


@pytest.mark.parametrize("words", [("--json",), ("base-image",)])
def test_a_picture_is_of_the_whole_plan(cli, words):
    assert "--graph shows the whole plan" in cli(*BUILD, *words, "--graph", "dot").err
