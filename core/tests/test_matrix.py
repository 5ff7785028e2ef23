# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Many at once: frameworks, targets and CUDA versions, every combination in one graph."""

from __future__ import annotations

import pytest

SHARED = """
from pathlib import Path
from dynamo_container.api import *

@hookimpl
def dynamo_container_stages(request):
    yield Stage(name="shared", dockerfile=Path(__file__).parent / "Dockerfile")
"""
# dev and local-dev are the shared images' own.
STAGES = """
@hookimpl
def dynamo_container_stages(request):
    yield Stage(name="runtime", dockerfile=HERE / "Dockerfile", needs=("shared",))
"""
CUDA = """
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
    """The bake definition of a build."""

    def render(*words):
        return cli.ok("build", *words, "--dry-run").definition

    return render


def tags(definition) -> dict[str, list[str]]:
    return {name: one["tags"] for name, one in definition["target"].items() if "tags" in one}


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


def test_tags_tell_the_cuda_version_where_there_are_several_and_latest_is_the_default(bake):
    named = tags(bake("one", "--target", "runtime", *_cuda("12.9", "13.0")))

    assert named == {
        "one-cu129-runtime": ["dynamo:v1.0-one-cu129-runtime"],
        "one-cu130-runtime": ["dynamo:v1.0-one-cu130-runtime", "dynamo:latest-one-runtime"],
    }


def test_one_cuda_version_has_the_usual_tags(bake):
    named = tags(bake("one", "--target", "runtime", *_cuda("12.9")))

    assert named == {"one-runtime": ["dynamo:v1.0-one-runtime", "dynamo:latest-one-runtime"]}


def test_without_the_default_cuda_version_nothing_is_latest_and_that_is_said(cli):
    result = cli.ok("build", "one", "--target", "dev", *_cuda("12.8", "12.9"), "--dry-run")

    assert "latest" not in str(tags(result.definition))
    assert "default CUDA version, 13.0" in result.err


def test_a_stage_that_comes_with_another_is_built_once_where_it_is_wanted_too(bake):
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
    ("words", "said"),
    [
        (["plain", "--cuda-version", "12.9"], "--cuda-version means nothing for 'plain'"),
        (["one", "--cuda-version", "11.8"], "cannot be built with CUDA 11.8: one (acme-one 1.0)"),
        (["one", "--cuda-version", "cu129"], "is no CUDA version"),
        (["one", "plain", "--enable-kvbm"], "--enable-kvbm means nothing for plain"),
        (["one", "--target", "shared", "--no-enable-kvbm"], "--no-enable-kvbm means nothing"),
        (["one", "--dev-image", "x:1", "--no-enable-kvbm"], "means nothing with --dev-image"),
        (["one", "--target", "dev", "--target", "runtime", "--tag", "a"], "several are built"),
        (["one", "--runtime-image", "a b"], "no image reference"),
    ],
)
def test_what_would_be_ignored_is_an_error(cli, words, said):
    result = cli("build", *words, "--dry-run")

    assert result.status == 2
    assert said in result.err


def test_kvbm_is_asked_for_or_left_to_the_plugin(bake):
    assert "KVBM" in bake("one")["target"]["one-runtime"]["args"]
    assert "KVBM" in bake("one", "--enable-kvbm")["target"]["one-runtime"]["args"]
    assert "KVBM" not in bake("one", "--no-enable-kvbm")["target"]["one-runtime"]["args"]


def test_the_runtimes_own_base_image_wins_over_that_of_all(cli):
    words = ["build", "one", "--base-image", "all:1", "--runtime-image", "own:1"]

    (explained,) = cli.ok("explain", *words, "base-image", "--json").json["images"]
    definition = cli.ok(*words, "--dry-run").definition

    assert definition["target"]["one-runtime"]["args"]["BASE_IMAGE"] == "own:1"
    values = {fact["key"]: fact["sources"][0]["name"] for fact in explained["values"]}
    assert values["runtime"] == "--runtime-image"


def test_a_project_file_gives_one_value_or_several(bake, tmp_path):
    file = tmp_path / "dynamo-container.toml"

    file.write_text('[build]\ntarget = "runtime"\ncuda-version = 12.9\nenable-kvbm = false\n')
    (name,) = bake("one")["group"]["default"]["targets"]
    assert name == "one-runtime"

    file.write_text('[build]\nframework = "two"\ncuda-version = ["12.9", "13.0"]\n')
    assert len(bake()["group"]["default"]["targets"]) == 2


def _cuda(*versions: str) -> list[str]:
    return [word for version in versions for word in ("--cuda-version", version)]
