# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Builds of several frameworks, targets and CUDA versions: every combination in one graph."""

from __future__ import annotations

import pytest

SHARED = """
from pathlib import Path
from dynamo_container.api import *

@hookimpl
def dynamo_container_stages(request):
    yield Stage(name="shared", dockerfile=Path(__file__).parent / "Dockerfile")
"""
# dev and local-dev are stages of the shared images.
STAGES = """
@hookimpl
def dynamo_container_stages(request):
    yield Stage(name="runtime", dockerfile=HERE / "Dockerfile", needs=("shared",))
"""
CUDA = """
@hookimpl
def dynamo_container_framework():
    return Framework(summary="x", default_target="runtime", supports=("cuda", "kvbm"))

@hookimpl
def dynamo_container_base_images(request):
    yield BaseImage(stage="runtime", image=f"cuda:{request.cuda_version or '13.0'}")

@hookimpl
def dynamo_container_pins(request):
    version = request.cuda_version or "13.0"
    if version == "11.8":
        version = "13.0"
    yield Pin(name="cuda", kind="cuda", version=version)

@hookimpl
def dynamo_container_build_args(request):
    if request.enable_kvbm is not False:
        yield BuildArg(name="KVBM", value="true", stage="runtime")
"""
DOCKERFILE = """\
ARG BASE_IMAGE=scratch
FROM scratch AS shared
FROM ${BASE_IMAGE} AS runtime
ARG KVBM
"""


@pytest.fixture(autouse=True)
def frameworks(site):
    site.install("shared", SHARED, files={"Dockerfile": "FROM scratch AS shared\n"})
    for name in ("one", "two"):
        site.framework(name, STAGES + CUDA, DOCKERFILE)
    site.framework("plain", STAGES, DOCKERFILE)


@pytest.fixture
def bake(cli):
    """Return the bake definition of a build."""

    def render(*words):
        return cli.ok("build", *words, "--dry-run").definition

    return render


def tags(definition) -> dict[str, list[str]]:
    return {
        name: target["tags"] for name, target in definition["target"].items() if "tags" in target
    }


def test_every_combination_is_one_graph_with_shared_stages_once(bake):
    words = ["--target", "runtime", "--target", "local-dev", "--uid", "7", "--gid", "7"]
    cuda = ["--cuda-version", "12.9", "--cuda-version", "13.0"]

    definition = bake("one", "two", *words, *cuda)

    assert set(definition["target"]) == {
        *(
            f"{framework}-{version}-{stage}"
            for framework in ("one", "two")
            for version in ("cu129", "cu130")
            for stage in ("dev", "local-dev", "runtime")
        ),
        "scripts",
        "shared",
        "tools",
    }
    assert len(definition["group"]["default"]["targets"]) == 12
    runtime = definition["target"]["two-cu129-runtime"]
    assert runtime["args"] == {"BASE_IMAGE": "cuda:12.9", "KVBM": "true"}
    assert runtime["contexts"] == {"shared": "target:shared"}
    assert runtime["labels"]["ai.dynamo.container.cuda"] == "12.9"


def test_several_cuda_versions_are_part_of_the_tags_and_latest_is_the_default_version(bake):
    named = tags(bake("one", "--target", "runtime", *_cuda("12.9", "13.0")))

    assert named == {
        "one-cu129-runtime": ["dynamo:v1.0-one-cu129-runtime"],
        "one-cu130-runtime": ["dynamo:v1.0-one-cu130-runtime", "dynamo:latest-one-runtime"],
    }


def test_one_cuda_version_has_the_usual_tags(bake):
    named = tags(bake("one", "--target", "runtime", *_cuda("12.9")))

    assert named == {"one-runtime": ["dynamo:v1.0-one-runtime", "dynamo:latest-one-runtime"]}


def test_no_image_is_latest_without_the_default_cuda_version_and_a_note_reports_it(cli):
    result = cli.ok("build", "one", "--target", "dev", *_cuda("12.8", "12.9"), "--dry-run")

    assert "latest" not in str(tags(result.definition))
    assert "default CUDA version, 13.0" in result.err


def test_a_target_that_is_built_with_another_one_is_built_once_if_both_are_requested(bake):
    words = ["--target", "dev", "--target", "local-dev", "--uid", "7", "--gid", "7"]

    named = tags(bake("one", *words))

    assert list(named) == ["dev", "local-dev"]


def test_an_image_is_the_same_whatever_is_built_with_it(bake):
    def plan(definition, target):
        return definition["target"][target]["labels"]["ai.dynamo.container.plan"]

    together = bake("one", "two", "--target", "shared", *_cuda("12.9", "13.0"))

    for framework in ("one", "two"):
        for version in ("12.9", "13.0"):
            alone = bake(framework, "--target", "shared", *_cuda(version))
            target = f"{framework}-cu{version.replace('.', '')}-shared"
            (name,) = alone["group"]["default"]["targets"]
            assert plan(together, target) == plan(alone, name)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["plain", "--cuda-version", "12.9"], "--cuda-version cannot be used with 'plain'"),
        (["one", "--cuda-version", "11.8"], "cannot be built with CUDA 11.8: one (acme-one 1.0)"),
        (["one", "--cuda-version", "cu129"], "is not a valid CUDA version"),
        (["one", "plain", "--enable-kvbm"], "--enable-kvbm cannot be used with 'plain'"),
        (
            ["one", "--dev-image", "x:1", "--no-enable-kvbm"],
            "--enable-kvbm cannot be used with --dev-image",
        ),
        (
            ["one", "--target", "dev", "--target", "runtime", "--tag", "a"],
            "--tag cannot be used with several images",
        ),
        (["one", "--runtime-image", "a b"], "is not a valid image reference"),
    ],
)
def test_options_without_an_effect_are_errors(cli, words, message):
    result = cli("build", *words, "--dry-run")

    assert result.status == 2
    assert message in result.err


def test_kvbm_is_the_users_choice_or_the_plugins_default(bake):
    assert "KVBM" in bake("one")["target"]["one-runtime"]["args"]
    assert "KVBM" in bake("one", "--enable-kvbm")["target"]["one-runtime"]["args"]
    assert "KVBM" not in bake("one", "--no-enable-kvbm")["target"]["one-runtime"]["args"]


def test_the_runtime_image_wins_over_the_base_image_of_all_stages(cli):
    words = ["build", "one", "--base-image", "all:1", "--runtime-image", "own:1"]

    (explained,) = cli.ok("explain", *words, "base-image", "--json").json["images"]
    definition = cli.ok(*words, "--dry-run").definition

    assert definition["target"]["one-runtime"]["args"]["BASE_IMAGE"] == "own:1"
    values = {value["key"]: value["sources"][0]["name"] for value in explained["values"]}
    assert values["runtime"] == "--runtime-image"


def test_an_option_of_the_project_file_has_one_value_or_a_list(bake, tmp_path):
    file = tmp_path / "dynamo-container.toml"

    file.write_text('[build]\ntarget = "runtime"\ncuda-version = 12.9\nenable-kvbm = false\n')
    (name,) = bake("one")["group"]["default"]["targets"]
    assert name == "one-runtime"

    file.write_text('[build]\nframework = "two"\ncuda-version = ["12.9", "13.0"]\n')
    assert len(bake()["group"]["default"]["targets"]) == 2


def _cuda(*versions: str) -> list[str]:
    return [word for version in versions for word in ("--cuda-version", version)]
