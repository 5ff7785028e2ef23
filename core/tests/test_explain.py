# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""explain: every value of a plan with its provenance, and the diagram of its stages."""

from __future__ import annotations

import dataclasses
import json
import shutil
import subprocess
import sys
from xml.etree import ElementTree as ET

import msgspec
import pytest
from dynamo_container import explain
from dynamo_container.containers.plan import RunPlan

BUILD = ("explain", "build", "none", "--target", "runtime")
OVERLAY = """
from dynamo_container.api import *

@hookimpl
def dynamo_container_base_images(request):
    yield BaseImage(stage="serving", image="company/ubuntu:24.04")
"""

PIN_OF_ENGINE = """
@hookimpl
def dynamo_container_pins(request):
    yield Pin(name="ENGINE", version="1")
"""


def kinds(values: list[dict[str, str]]) -> set[str]:
    return {value["kind"] for value in values}


def test_a_value_that_an_overlay_shadows_stays_visible_with_its_location(site, cli):
    site.install("acme-policy", OVERLAY, version="3.1")

    (image,) = cli.ok(*BUILD, "base-image serving", "--json").json["images"]

    (value,) = image["values"]
    assert value["value"] == "company/ubuntu:24.04"
    assert value["sources"][0]["layer"] == "overlay"
    assert value["sources"][0]["distribution"] == "acme-policy 3.1"
    assert value["sources"][0]["location"].endswith("acme_policy/__init__.py:4")
    (below,) = value["shadowed"]
    assert below["value"] == "ubuntu:24.04"
    assert "dynamo_container_none/plugin.py:" in below["source"]["location"]


@pytest.mark.processes
def test_every_value_of_a_plugin_has_its_file_and_line(cli):
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
def test_every_field_of_a_containers_plan_is_explained(cli):
    values = cli.ok(
        "explain", "run", "none", "--json", "-p", "80:80", "--name", "xyz", "--entrypoint", "a b",
        "-v", "vol:/data", "--", "echo", "it's",
    ).json["values"]  # fmt: skip

    plural = {"mounts": "mount", "flags": "flag", "ports": "port", "labels": "label"}
    options = {"remove": "--rm", **{flag: f"--{flag}" for flag in ("detach", "interactive", "tty")}}
    names = {**plural, **options}
    known = kinds(values) | {value["key"] for value in values}
    # Folders are those of mounts; the program is the first word of the command.
    omitted = {"entries", "warnings", "folders", "env", "program"}
    for field in dataclasses.fields(RunPlan):
        if field.name not in omitted:
            assert names.get(field.name, field.name) in known, field.name
    assert {"kind": "command", "value": "echo 'it'\"'\"'s'"}.items() <= next(
        value for value in values if value["kind"] == "command"
    ).items()


def test_settings_tags_and_proxies_of_a_build_are_explained(cli, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://user:hidden@proxy")

    result = cli.ok(*BUILD, "--tag", "mine:1", "--no-cache", "--pull", "--json")

    (image,) = result.json["images"]
    values = {(value["kind"], value["key"]): value for value in image["values"]}
    assert values["tag", "mine:1"]["sources"][0]["name"] == "--tag"
    assert values["tag", "dynamo:latest-none-runtime"]["sources"][0]["layer"] == "core"
    assert values["setting", "--no-cache"]["sources"][0]["distribution"] == "command line"
    assert values["setting", "--progress"]["sources"][0]["layer"] == "core"
    assert values["label", "ai.dynamo.container.plan"]["value"] == image["plan"]
    assert ("proxy", "HTTPS_PROXY") in values
    assert "hidden" not in result.out


@pytest.mark.processes
@pytest.mark.parametrize(
    ("words", "record"),
    [
        ((*BUILD, "--base-image", "debian:13"), explain.ExplainedBuild),
        (("explain", "run", "none", "--gpus", "none"), explain.ExplainedRun),
    ],
)
def test_the_documents_conform_to_their_schema(cli, words, record):
    text = cli.ok(*words, "--json").out

    document = msgspec.json.decode(text, type=record)

    assert msgspec.json.decode(msgspec.json.encode(document)) == json.loads(text)
    assert next(iter(json.loads(text))) == "schema"
    assert {"$ref": f"#/$defs/{record.__name__}"} in explain.schema()["oneOf"]


@pytest.mark.parametrize("word", ["fine", "finer"])
def test_a_key_can_have_the_name_of_a_framework_that_is_named_before_it(site, cli, word):
    for name in ("fine", "finer"):
        site.framework(name, PIN_OF_ENGINE.replace("ENGINE", name))

    lines = cli.ok("explain", "build", word, word).out.splitlines()

    assert [line for line in lines if not line.startswith("    ")] == [
        f"{word} runtime",
        f"  pin {word} = 1",
    ]
    both = cli.ok("explain", "build", "fine", "finer").out
    assert "fine runtime\n" in both
    assert "finer runtime\n" in both


def test_an_unknown_key_is_an_error_that_lists_the_known_keys(cli):
    result = cli(*BUILD, "nosuch")

    assert result.status == 2
    assert "the plan has no value with the key 'nosuch'" in result.err
    assert "known keys: " in result.err
    assert "UV" in result.err


def test_the_diagram_has_the_stages_with_their_images_and_versions(cli):
    text = cli.ok(*BUILD, "--graph").out

    lines = [line.strip() for line in text.splitlines()]
    assert lines[0] == "flowchart LR"
    boxes = dict(
        line.split("(", 1) if "([" in line else line.split("[", 1) for line in lines if '"' in line
    )
    (base,) = [name for name, text in boxes.items() if "ubuntu:24.04" in text]
    scripts, tools, wheels, serving, runtime = [name for name in boxes if name != base]
    assert "uv==" in boxes[tools]
    assert "dynamo-container-images" in boxes[tools]
    assert "ai-dynamo==1.6.1<br/>" in boxes[wheels]
    assert "python_version #60; '0'" in boxes[wheels]
    assert "dynamo:v1.6.1-none-runtime" in boxes[runtime]
    for arrow in (
        (base, tools),
        (scripts, tools),
        (tools, wheels),
        (base, serving),
        (scripts, serving),
        (tools, serving),
        (wheels, serving),
        (serving, runtime),
    ):
        assert f"{arrow[0]} --> {arrow[1]}" in lines


def test_the_diagram_names_the_plugin_of_each_framework(site, cli):
    site.framework("acme")

    text = cli.ok("explain", "build", "none", "acme", "--target", "runtime", "--graph", "dot").out

    (line,) = [line for line in text.splitlines() if "<b>acme-runtime</b>" in line]
    assert "acme (acme-acme 1.0)" in line
    (line,) = [line for line in text.splitlines() if "<b>none-runtime</b>" in line]
    assert "none (dynamo-container-none " in line


@pytest.mark.processes
def test_graphviz_draws_the_diagram(cli, tmp_path):
    if not shutil.which("dot"):
        pytest.skip("Graphviz is not installed")

    png = subprocess.run(
        [sys.executable, "-m", "dynamo_container", *BUILD, "--graph", "png"],
        capture_output=True, check=True,
    ).stdout  # fmt: skip

    assert png.startswith(b"\x89PNG")


@pytest.mark.processes
def test_no_text_of_a_plugin_breaks_the_diagram(site, cli):
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
        element.text for element in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")
    ]
    assert f"GREETING={odd} second line" in texts
    (line,) = [line for line in cli.ok(*words).out.splitlines() if "GREETING" in line]
    assert line.count('"') == 2


@pytest.mark.processes
def test_without_graphviz_the_error_says_what_to_install(cli, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))

    result = cli(*BUILD, "--graph", "png")

    assert result.status == 6
    assert "apt-get install graphviz" in result.err
    assert "--graph svg" in result.err


@pytest.mark.parametrize(
    ("word", "name"), [("--json", "--json"), ("base-image", "the key 'base-image'")]
)
def test_a_diagram_shows_the_whole_plan_in_its_own_format(cli, word, name):
    result = cli(*BUILD, word, "--graph", "dot")

    assert result.status == 2
    assert f"--graph cannot be used with {name}" in result.err
