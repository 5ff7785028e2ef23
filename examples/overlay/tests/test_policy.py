# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The example of an overlay: in every framework's plans, told, overruled, gone without a trace."""

from __future__ import annotations

import sys

import pytest
from dynamo_container.plugins.discovery import known_frameworks
from dynamo_container.plugins.registry import Registry

pytestmark = pytest.mark.processes  # the overlay is installed for these tests

# All of ours, and the example of a framework; the overlay knows none of them.
FRAMEWORKS = [*known_frameworks(), "llama-cpp"]
POLICY = "acme-policy"


def explained(cli, *words: str):
    """What `explain` says of a build's only image: values by kind and key."""
    (image,) = cli.ok("explain", "build", *words, "--target", "runtime", "--json").json["images"]
    return {f"{one['kind']} {one['key']}": one for one in image["values"]}


def said_by(value) -> list[str]:
    return [source["name"] for source in value["sources"]]


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_every_frameworks_plan_carries_it_and_explain_says_who_said_so(cli, framework):
    said = explained(cli, framework)

    ours = {key for key, value in said.items() if POLICY in said_by(value)}
    assert {
        "stage acme-hardened",
        "base-image runtime",
        "base-image tools",
        "build-arg INDEX_URL",
        "secret ca-bundle",
        "label com.acme.owner",
        "label com.acme.policy",
    } <= ours
    base = said["base-image runtime"]
    assert base["value"].startswith("registry.acme.example/")
    assert base["shadowed"][0]["source"]["name"] == framework
    assert POLICY in said["label ai.dynamo.container.plugins"]["value"]


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_the_hardened_stage_is_what_ships(cli, framework):
    words = (framework, "--target", "runtime", "--dry-run")
    definition = cli.ok("build", *words).definition

    (wanted,) = definition["group"]["default"]["targets"]
    shipped = definition["target"][wanted]
    assert shipped["target"] == "acme-hardened"
    assert shipped["contexts"] == {"runtime": f"target:{framework}-runtime"}


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_without_it_plans_are_what_they_were_byte_for_byte(cli, framework, overlay, monkeypatch):
    words = ("build", framework, "--target", "runtime", "--dry-run")
    having = cli.ok(*words).out
    left_out = cli.ok("--no-plugin", POLICY, *words).out
    with monkeypatch.context() as patch:
        patch.setattr("sys.path", [one for one in sys.path if one != str(overlay)])
        assert POLICY not in [one.name for one in Registry.discover().candidates]
        without = cli.ok(*words).out

    assert having != without
    assert left_out == without
    assert "acme" not in without


def test_what_the_user_says_wins(cli):
    said = explained(
        cli, "none", "--base-image", "debian:trixie-slim",
        "--index-url", "https://other.example/simple",
    )  # fmt: skip

    assert said["base-image runtime"]["value"] == "debian:trixie-slim"
    assert said["build-arg INDEX_URL"]["value"] == "https://other.example/simple"
    assert said_by(said["build-arg INDEX_URL"]) == ["--index-url"]


def test_a_development_image_is_made_on_the_hardened_runtime(cli):
    definition = cli.ok("build", "none", "--target", "dev", "--dry-run").definition

    assert definition["target"]["dev"]["contexts"]["runtime"] == "target:acme-hardened"
