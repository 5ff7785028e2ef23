# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Caches, platforms, builders and pushes: the bake definition, and what is refused."""

from __future__ import annotations

import shlex

import pytest
from dynamo_container.errors import MachineError
from dynamo_container.images import outputs
from dynamo_container.model.facts import BuilderInfo
from dynamo_container.model.requests import Outputs

EXPORT = "mode=max,image-manifest=true,oci-mediatypes=true"
CACHE = "type=registry,ref=r.example:5000/cache"
LOADED = "type=docker,compression=zstd,compression-level=1"
PUSHED = "type=registry,compression=zstd,oci-mediatypes=true"


@pytest.fixture
def bake(cli):
    """Return the command and the targets of a build of `none`."""

    def render(*words):
        result = cli.ok("build", "none", *words, "--uid", "7", "--gid", "7", "--dry-run")
        return shlex.split(result.out.splitlines()[0]), result.definition["target"]

    return render


LOCAL_DEV = ("--target", "local-dev")


def test_each_stage_has_a_cache_for_its_platform(bake):
    _, targets = bake(*LOCAL_DEV, "--cache", "r.example:5000/cache", "--platform", "linux/amd64")

    own = {name: f"{CACHE}:none-{name.removeprefix('none-')}-linux-amd64" for name in targets}
    for name, target in targets.items():
        assert target["cache-to"] == [f"{own[name]},{EXPORT}"]
        shared = [] if name == "none-runtime" else [f"{CACHE}:{name}-linux-amd64"]
        assert target["cache-from"] == [own[name], *shared]


def test_the_cache_of_a_shared_stage_is_read_by_each_framework_alone(cli, site):
    site.framework("tiny", SHARES, dockerfile="FROM scratch AS tools\nFROM tools AS runtime\n")
    cache = ["--cache", "r.example:5000/cache", "--platform", "linux/arm64"]
    words = ["--target", "runtime", *cache, "--dry-run"]

    together = cli.ok("build", "none", "tiny", *words).definition["target"]["tools"]
    alone = cli.ok("build", "tiny", *words).definition["target"]["tools"]

    shared = f"{CACHE}:tools-linux-arm64"
    assert together["cache-to"] == [f"{shared},{EXPORT}"]
    assert shared in alone["cache-from"]
    assert alone["cache-to"] == [f"{CACHE}:tiny-tools-linux-arm64,{EXPORT}"]


SHARES = """
@hookimpl
def dynamo_container_stages(request):
    yield Stage(name="runtime", dockerfile=HERE / "Dockerfile", needs=("tools",))
"""


def test_an_image_for_several_platforms_reads_the_cache_of_each_of_them(bake):
    _, targets = bake(
        *LOCAL_DEV, "--platform", "linux/amd64,linux/aarch64", "--push",
        "--repository", "r.example/dynamo", "--cache", "r.example:5000/cache",
    )  # fmt: skip

    runtime = targets["none-runtime"]
    both = f"{CACHE}:none-runtime-linux-amd64-linux-arm64"
    assert runtime["platforms"] == targets["tools"]["platforms"] == ["linux/amd64", "linux/arm64"]
    assert runtime["cache-to"] == [f"{both},{EXPORT}"]
    assert runtime["cache-from"] == [
        both,
        f"{CACHE}:none-runtime-linux-amd64",
        f"{CACHE}:none-runtime-linux-arm64",
    ]
    assert targets["local-dev"]["output"] == [PUSHED]


def test_every_stage_reads_the_users_caches_and_the_image_writes_one(bake, tmp_path):
    _, targets = bake(
        *LOCAL_DEV,
        *("--cache-from", "r.example/a:1", "--cache-from", "type=local,src=here"),
        *("--cache-to", '"type=local","dest=there, or not"'),
    )

    read = ["type=registry,ref=r.example/a:1", f"type=local,src={tmp_path}/here"]
    assert all(target["cache-from"] == read for target in targets.values())
    assert targets["local-dev"]["cache-to"] == [f'type=local,"dest={tmp_path}/there, or not"']
    assert [name for name, target in targets.items() if "cache-to" in target] == ["local-dev"]


def test_builder_exporters_and_attestations_of_the_images(bake):
    argv, targets = bake(
        *LOCAL_DEV, "--builder", "far away", "--push", "--load",
        "--repository", "r.example/team/dynamo", "--sbom", "--provenance", "mode=max",
    )  # fmt: skip

    assert argv[argv.index("--builder") + 1] == "far away"
    for name in ("dev", "local-dev"):
        assert targets[name]["output"] == [LOADED, PUSHED]
        assert targets[name]["attest"] == ["type=sbom", "type=provenance,mode=max"]
    assert "attest" not in targets["tools"]
    assert targets["dev"]["tags"] == [
        "r.example/team/dynamo:v1.6.1-none",
        "r.example/team/dynamo:latest-none",
    ]


def test_provenance_can_be_disabled(bake):
    _, targets = bake(*LOCAL_DEV, "--provenance", "false")

    assert targets["dev"]["attest"] == ["type=provenance,disabled=true"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--push", "--push requires a registry, which dynamo:v1.6.1-none does not"),
        (
            "--push --tag r.example/x:1",
            "--push requires a registry, which dynamo:latest-none does not",
        ),
        ("--platform linux", "is not a valid platform"),
        ("--repository r.example/x:1", "is not a valid repository"),
        ("--cache r.example/x:1", "is not a valid repository"),
        ("--cache-to ref=x", "is not in docker's syntax"),
        ("--cache-from type=local,src", "is not in docker's syntax"),
        ("--sbom maybe", "is not in docker's syntax"),
    ],
)
def test_invalid_options_are_errors(cli, words, message):
    result = cli("build", "none", *words.split(), "--dry-run")

    assert result.status == 2
    assert message in result.err


def test_a_cache_that_two_images_would_write_is_refused(cli, site):
    site.framework("tiny")

    result = cli("build", "none", "tiny", "--cache-to", "r.example/x:1", "--dry-run")

    assert result.status == 2
    assert "would be written by 2 images" in result.err


def test_a_cache_of_github_actions_outside_of_it_is_a_warning(cli, monkeypatch):
    words = ("build", "none", "--cache-to", "type=gha,mode=max", "--dry-run")
    monkeypatch.setenv("ACTIONS_RUNTIME_TOKEN", "x")
    inside = cli.ok(*words)
    monkeypatch.delenv("ACTIONS_RUNTIME_TOKEN")

    assert "type=gha has no effect" in cli.ok(*words).err
    assert "type=gha" not in inside.err


@pytest.mark.parametrize("field", ["secret_access_key", "session_token", "token"])
def test_a_secret_of_a_cache_is_refused_without_being_shown(cli, field):
    result = cli("build", "none", "--cache-to", f"type=s3,{field}=S3CRET", "--dry-run")

    assert result.status == 2
    assert field in result.err
    assert "S3CRET" not in result.out + result.err


def test_an_inline_cache_can_be_in_several_images(cli):
    words = ["--target", "runtime", "--target", "dev", "--target", "tools"]

    cli.ok("build", "none", *words, "--cache-to", "type=inline", "--dry-run")


PLAIN = BuilderInfo(name="default", driver="docker", platforms=("linux/amd64", "linux/386"))
STORE = BuilderInfo(name="default", driver="docker", image_store=True)
CONTAINER = BuilderInfo(name="c", driver="docker-container")
BOTH = ("linux/amd64", "linux/arm64")


@pytest.mark.parametrize(
    ("requested", "builder", "message"),
    [
        (Outputs(cache="r/c"), PLAIN, "cannot write a cache"),
        (Outputs(cache_to=("type=gha",)), PLAIN, "cannot write a cache"),
        (Outputs(platforms=BOTH), PLAIN, "one image for several platforms"),
        (Outputs(attests=("type=sbom",)), PLAIN, "attestations"),
        (Outputs(platforms=BOTH), CONTAINER, "cannot load an image for several platforms"),
        (Outputs(attests=("type=sbom",)), CONTAINER, "cannot load an image with attestations"),
        (Outputs(compression="zstd", push=True), PLAIN, "cannot compress layers with zstd"),
        (
            Outputs(compression="estargz", push=True),
            PLAIN,
            "cannot make layers of the form estargz",
        ),
        (
            Outputs(compression="estargz", push=True),
            STORE,
            "cannot make layers of the form estargz",
        ),
    ],
)
def test_a_missing_capability_of_the_builder_is_an_error_with_a_next_step(
    requested, builder, message
):
    with pytest.raises(MachineError) as error:
        outputs.require_capabilities(requested, builder)

    assert message in error.value.what
    assert "docker" in error.value.next_step or "--push" in error.value.next_step


@pytest.mark.parametrize(
    ("requested", "builder"),
    [
        (Outputs(cache_to=("type=inline",), attests=("type=provenance,disabled=true",)), PLAIN),
        (Outputs(cache="r/c", platforms=BOTH, attests=("type=sbom",)), STORE),
        (Outputs(cache="r/c", platforms=BOTH, load=False, push=True), CONTAINER),
        (Outputs(compression="estargz", load=False, push=True), CONTAINER),
        (Outputs(compression="zstd", push=True), STORE),
        (Outputs(compression="gzip", push=True), PLAIN),
    ],
)
def test_a_builder_with_the_capabilities_is_accepted(requested, builder):
    outputs.require_capabilities(requested, builder)


def test_a_platform_that_the_builder_does_not_list_is_a_warning():
    (warning,) = outputs.platform_warnings(Outputs(platforms=BOTH), PLAIN)

    assert "does not support linux/arm64" in warning
    assert "binfmt --install arm64" in warning


@pytest.mark.processes
def test_without_an_engine_the_name_of_a_cache_assumes_the_platform_of_this_machine(
    cli, monkeypatch
):
    monkeypatch.setenv("PATH", "")

    result = cli.ok("build", "none", "--cache", "r.example/c", "--dry-run")

    assert "assuming that it builds for this machine's platform" in result.err
    assert "ref=r.example/c:none-tools-linux-" in result.out
