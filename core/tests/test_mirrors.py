# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Mirrors of registries: they apply to images that plugins name, and to no others."""

from __future__ import annotations

import pytest
from dynamo_container.model.references import registry_of
from dynamo_container.model.values import Mirror

MIRROR = """
from dynamo_container.api import *

@hookimpl
def dynamo_container_mirrors(request):
    yield Mirror(registry="docker.io", mirror="mirror.acme.example/hub")
"""
BASE = """
@hookimpl
def dynamo_container_base_images(request):
    yield BaseImage(stage="runtime", image="{image}")
"""


def base_image(cli, *words: str):
    """Return the base image of acme's runtime, as `explain` shows it."""
    (image,) = cli.ok("explain", "build", "acme", *words, "--json").json["images"]
    (base,) = [value for value in image["values"] if value["kind"] == "base-image"]
    return base


@pytest.mark.parametrize(
    ("image", "pulled"),
    [
        ("ubuntu:24.04", "mirror.acme.example/hub/library/ubuntu:24.04"),
        ("nvidia/cuda@sha256:1", "mirror.acme.example/hub/nvidia/cuda@sha256:1"),
        ("docker.io/library/a", "mirror.acme.example/hub/library/a"),
        ("nvcr.io/nvidia/cuda:13", "nvcr.io/nvidia/cuda:13"),
        ("localhost/a", "localhost/a"),
    ],
)
def test_an_image_of_a_plugin_is_pulled_from_the_mirror_of_its_registry(cli, site, image, pulled):
    site.framework("acme", BASE.format(image=image))
    site.install("policy", MIRROR)

    assert base_image(cli)["value"] == pulled


def test_explain_shows_the_mirrors_plugin_and_the_original_image(cli, site):
    site.framework("acme", BASE.format(image="ubuntu:24.04"))
    site.install("policy", MIRROR)

    base = base_image(cli)

    assert [source["name"] for source in base["sources"]] == ["policy"]
    (original,) = base["shadowed"]
    assert original["value"] == "ubuntu:24.04"
    assert original["source"]["name"] == "acme"


def test_a_stage_that_is_an_image_is_pulled_from_the_mirror_too(cli, site):
    stage = "\n@hookimpl\ndef dynamo_container_stages(request):\n    yield Stage("
    site.framework("acme", dockerfile="FROM scratch AS rust\nFROM rust AS runtime\n")
    site.install("rusty", MIRROR + stage + 'name="rust2", image="rust:1.95")\n')
    body = '\nStage_ = Stage(name="runtime", dockerfile=HERE / "Dockerfile", needs=("rust2",))\n'
    (site.folder / "acme_acme" / "__init__.py").write_text(
        (site.folder / "acme_acme" / "__init__.py")
        .read_text()
        .replace('[Stage(name="runtime", dockerfile=HERE / "Dockerfile")]', "[Stage_]")
        + body
    )

    definition = cli.ok("build", "acme", "--dry-run").definition

    contexts = definition["target"]["acme-runtime"]["contexts"]
    assert contexts == {"rust2": "docker-image://mirror.acme.example/hub/library/rust:1.95"}


def test_an_image_of_the_user_is_not_pulled_from_a_mirror(cli, site):
    site.framework("acme", BASE.format(image="ubuntu:24.04"))
    site.install("policy", MIRROR)

    assert base_image(cli, "--base-image", "debian:trixie")["value"] == "debian:trixie"


def test_two_mirrors_of_one_registry_are_a_conflict(cli, site):
    site.framework("acme")
    site.install("policy", MIRROR)
    site.install("rival", MIRROR.replace("hub", "other"))

    result = cli("build", "acme", "--dry-run")

    assert result.status == 5
    assert "mirror of docker.io" in result.err
    assert "policy" in result.err
    assert "rival" in result.err


@pytest.mark.parametrize(
    ("registry", "mirror"),
    [
        ("ubuntu", "a.example"),
        ("docker.io/library", "a.example"),
        ("docker.io", "https://a.example"),
        ("docker.io", "hub"),
        ("docker.io", "a.example/hub/"),
    ],
)
def test_invalid_registries_and_mirrors_are_refused(registry, mirror):
    with pytest.raises(ValueError, match="is no"):
        Mirror(registry=registry, mirror=mirror)


def test_the_registry_of_a_reference_is_the_one_that_docker_uses():
    assert registry_of("ubuntu") == ("docker.io", "library/ubuntu")
    assert registry_of("a/b:1") == ("docker.io", "a/b:1")
    assert registry_of("host:5000/a") == ("host:5000", "a")
    assert registry_of("localhost/a") == ("localhost", "a")
