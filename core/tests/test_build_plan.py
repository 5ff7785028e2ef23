# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The plan of a build: graph, extensions, replacements, tags, hashes, and errors with sources."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from dynamo_container.errors import ConflictError, DynamoContainerError, PluginError, UsageError
from dynamo_container.images import bake, planner
from dynamo_container.images.plan import BuildPlan
from dynamo_container.model.requests import BuildRequest, BuildSettings
from dynamo_container.model.values import BuildSecret
from dynamo_container.plugins.registry import Registry

BASE = "ARG BASE_IMAGE=scratch\nFROM ${BASE_IMAGE} AS base\nARG GREETING\n"
RUNTIME = "FROM scratch AS base\nFROM base AS runtime\nARG GREETING\nARG COLOR=blue\n"
HARDENED = "FROM scratch AS runtime\nFROM runtime AS hardened\n"
HARDENED_STAGE = "Stage(name='hardened', dockerfile=HERE / 'Dockerfile'"
SHARED = """
    from pathlib import Path
    from dynamo_container.api import *

    HERE = Path(__file__).parent

    @hookimpl
    def dynamo_container_stages(request):
        yield Stage(name="base", dockerfile=HERE / "base" / "Dockerfile")

    @hookimpl
    def dynamo_container_base_images(request):
        yield BaseImage(stage="base", image="ubuntu:24.04")
"""
FRAMEWORK = """
    from pathlib import Path
    from dynamo_container.api import *

    HERE = Path(__file__).parent

    @hookimpl
    def dynamo_container_framework():
        return Framework(summary="a test's")

    @hookimpl
    def dynamo_container_stages(request):
        yield Stage(name="runtime", dockerfile=HERE / "Dockerfile", needs=("base",))
"""
OVERLAY = """
    from pathlib import Path
    from dynamo_container.api import *

    HERE = Path(__file__).parent
"""


@pytest.fixture
def frameworks(site):
    """Two frameworks on one shared stage, and no plugins but those of a test."""
    site.install("shared", SHARED, files={"base/Dockerfile": BASE})
    for name in ("acme", "other"):
        site.install(
            f"fw-{name}",
            FRAMEWORK,
            group="dynamo_container.frameworks",
            name=name,
            files={"Dockerfile": RUNTIME},
        )
    return site


def overlay(site, body: str, name: str = "extra", **files: str) -> None:
    indented = "\n".join(f"    {line}" for line in body.splitlines())
    site.install(
        name,
        OVERLAY + indented,
        files={file.replace("_", "/"): text for file, text in files.items()},
    )


def plan(*requests: BuildRequest, **settings) -> BuildPlan:
    installed = Registry.discover().candidates
    registry = Registry(
        candidate for candidate in installed if not candidate.distribution.startswith("dynamo-")
    )
    requests = requests or (BuildRequest(framework="acme", target="runtime"),)
    registry.load(*(request.framework for request in requests))
    return planner.plan(registry, requests, BuildSettings(**settings))


def request(framework: str = "acme", target: str = "runtime", **fields) -> BuildRequest:
    return BuildRequest(framework=framework, target=target, **fields)


def contexts(built: BuildPlan, target: str) -> dict[str, str]:
    by_name = {built_target.name: built_target for built_target in built.targets}
    return {context.name: context.source for context in by_name[target].contexts}


def test_a_stage_reads_another_through_a_named_context(frameworks):
    built = plan()

    assert [target.name for target in built.targets] == ["base", "acme-runtime"]
    assert contexts(built, "acme-runtime") == {"base": "target:base"}
    assert built.images[0].target == "acme-runtime"


def test_frameworks_share_a_stage_that_is_the_same_for_both(frameworks):
    built = plan(request("acme"), request("other"))

    assert sorted(target.name for target in built.targets) == [
        "acme-runtime",
        "base",
        "other-runtime",
    ]


def test_a_stage_that_differs_between_frameworks_is_built_for_each(frameworks):
    overlay(
        frameworks,
        "@hookimpl\ndef dynamo_container_build_args(request):\n"
        "    yield BuildArg(name='GREETING', value=request.framework, stage='base')",
    )

    built = plan(request("acme"), request("other"))

    assert sorted(target.name for target in built.targets) == [
        "acme-base",
        "acme-runtime",
        "other-base",
        "other-runtime",
    ]


EXTENSION = (
    "@hookimpl\ndef dynamo_container_stages(request):\n"
    "    yield Stage(name='{name}', dockerfile=HERE / 'Dockerfile', target='hardened',\n"
    "                extends='runtime', order={order})"
)


def test_extensions_stack_by_order_and_their_stage_is_the_top_of_the_stack(frameworks):
    overlay(frameworks, EXTENSION.format(name="outer", order=9), "one", Dockerfile=HARDENED)
    overlay(frameworks, EXTENSION.format(name="inner", order=1), "two", Dockerfile=HARDENED)

    built = plan()

    assert built.images[0].target == "outer"
    assert contexts(built, "outer") == {"runtime": "target:inner"}
    assert contexts(built, "inner") == {"runtime": "target:acme-runtime"}
    assert built.images[0].tags[1] == "dynamo:latest-acme-runtime"


def test_uninstalling_an_overlay_restores_the_plan_byte_for_byte(frameworks):
    before = bake.command(plan()).stdin
    overlay(frameworks, EXTENSION.format(name="outer", order=0), Dockerfile=HARDENED)
    assert bake.command(plan()).stdin != before

    frameworks.uninstall("extra")

    assert bake.command(plan()).stdin == before


def test_the_stage_option_replaces_a_stage_by_an_image(frameworks):
    built = plan(stages=(("base", "my/base:1"),))

    assert [target.name for target in built.targets] == ["acme-runtime"]
    assert contexts(built, "acme-runtime") == {"base": "docker-image://my/base:1"}


@pytest.mark.parametrize(
    ("fields", "settings", "texts"),
    [
        ({"target": "nosuch"}, {}, ["no target 'nosuch'", "known targets: base, runtime"]),
        ({}, {"stages": (("nosuch", "x"),)}, ["--stage nosuch", "known stages: base, runtime"]),
        (
            {"target": "base"},
            {"stages": (("runtime", "x"),)},
            ["--stage runtime: nothing in this build needs this stage", "omit it"],
        ),
        ({}, {"stages": (("runtime", "x"),)}, ["'runtime' is an existing image"]),
        ({"dynamo_version": "1.0"}, {}, ["--dynamo-version cannot be used with 'acme'", "omit it"]),
        ({}, {"tags": ("No Good",)}, ["'No Good' is not a valid image reference"]),
    ],
)
def test_invalid_requests_are_usage_errors_with_a_next_step(frameworks, fields, settings, texts):
    with pytest.raises(UsageError) as error:
        plan(request(**fields), **settings)

    for text in texts:
        assert text in str(error.value)


def test_an_image_has_a_version_tag_or_the_users_tags_and_latest(frameworks):
    assert plan().images[0].tags == ("dynamo:v1.0-acme-runtime", "dynamo:latest-acme-runtime")
    assert plan(tags=("a:1", "b"), latest=False).images[0].tags == ("a:1", "b")
    assert plan(tags=("a:1",)).images[0].tags == ("a:1", "dynamo:latest-acme-runtime")
    with pytest.raises(UsageError, match="--tag cannot be used with several images"):
        plan(request("acme"), request("other"), tags=("a:1",))


def test_an_argument_goes_to_the_stages_that_declare_it_and_the_users_value_wins(frameworks):
    overlay(
        frameworks,
        "@hookimpl\ndef dynamo_container_build_args(request):\n"
        "    yield BuildArg(name='GREETING', value='hello')\n"
        "    yield BuildArg(name='COLOR', value='red')",
    )

    built = plan(build_args=(("COLOR", "green"),))

    args = {target.name: dict(target.args) for target in built.targets}
    assert args["base"] == {"BASE_IMAGE": "ubuntu:24.04", "GREETING": "hello"}
    assert args["acme-runtime"] == {"COLOR": "green", "GREETING": "hello"}


def test_an_undeclared_argument_of_a_plugin_is_an_error_with_its_location(frameworks):
    overlay(
        frameworks,
        "@hookimpl\ndef dynamo_container_build_args(request):\n"
        "    yield BuildArg(name='GREETNIG', value='hello')",
    )

    with pytest.raises(PluginError, match=r"GREETNIG of extra \(extra 1.0\).*__init__.py:\d+"):
        plan()


def test_an_undeclared_argument_of_the_user_is_a_warning_without_its_value(frameworks):
    (warning,) = plan(build_args=(("CUSTOM_ARG", "value"),)).warnings

    assert "CUSTOM_ARG" in warning
    assert "value" not in warning


def test_arguments_that_buildkit_defines_go_to_every_stage(frameworks):
    built = plan(build_args=(("SOURCE_DATE_EPOCH", "0"),))

    assert built.warnings == ()
    assert {("SOURCE_DATE_EPOCH", "0") in target.args for target in built.targets} == {True}


def test_pins_that_share_an_argument_are_joined_and_dynamo_names_the_version_tag(frameworks):
    overlay(
        frameworks,
        "@hookimpl\ndef dynamo_container_pins(request):\n"
        "    yield Pin(name='ai-dynamo', extras=('x',), version='1.4.2', build_arg='GREETING')\n"
        "    yield Pin(name='uv', version='0.1', build_arg='GREETING')",
    )

    built = plan(request(dynamo_version="0.7.1"))

    assert dict(built.targets[0].args)["GREETING"] == "ai-dynamo[x]==0.7.1 uv==0.1"
    assert built.images[0].tags[0] == "dynamo:v0.7.1-acme-runtime"


def test_the_users_base_image_wins_and_the_plugins_stays_visible(frameworks):
    built = plan(request(base_image="debian:13"))

    (entry,) = [entry for entry in built.images[0].entries if entry.kind == "base-image"]
    assert (entry.value, entry.sources[0].name) == ("debian:13", "--base-image")
    assert [contribution.value for contribution in entry.shadowed] == ["ubuntu:24.04"]
    assert dict(built.targets[0].args)["BASE_IMAGE"] == "debian:13"


def test_a_stage_of_two_plugins_is_a_conflict(frameworks):
    overlay(
        frameworks,
        "@hookimpl\ndef dynamo_container_stages(request):\n"
        "    yield Stage(name='runtime', dockerfile=HERE / 'Dockerfile', target='hardened')",
        Dockerfile=HARDENED,
    )

    with pytest.raises(ConflictError, match=r"stage runtime .*fw-acme 1.0.*extra 1.0"):
        plan()


@pytest.mark.parametrize(
    ("stage", "message"),
    [
        ("Stage(name='x', dockerfile=HERE / 'nosuch')", "cannot be read"),
        ("Stage(name='x', dockerfile=HERE / 'Dockerfile')", "no 'FROM ... AS x'"),
        (
            f"{HARDENED_STAGE}, needs=('y',), extends='runtime')",
            "needs the stage 'y'",
        ),
        (
            f"{HARDENED_STAGE}, needs=('runtime',), extends='base')",
            "in a cycle: runtime -> base -> runtime",
        ),
    ],
)
def test_a_stage_that_cannot_be_built_is_an_error_of_the_plan(frameworks, stage, message):
    overlay(
        frameworks,
        f"@hookimpl\ndef dynamo_container_stages(request):\n    yield {stage}",
        Dockerfile=HARDENED,
    )

    with pytest.raises(PluginError) as error:
        plan()

    assert message in str(error.value)


def test_the_hash_covers_what_shapes_the_image_and_nothing_else(frameworks, tmp_path):
    first = plan().images[0].plan_hash

    secret = BuildSecret(id="netrc", path=str(tmp_path / "netrc"))
    assert plan(tags=("a:1",), secrets=(secret,), no_cache=True).images[0].plan_hash == first
    assert plan(build_args=(("COLOR", "x"),)).images[0].plan_hash != first
    assert plan(request(base_image="x:y")).images[0].plan_hash != first
    Path(frameworks.folder / "shared" / "base" / "a-new-file-of-the-context").write_text("x")
    assert plan().images[0].plan_hash != first


def test_labels_describe_the_image(frameworks):
    labels = {label.key: label.value for label in plan().images[0].labels}

    assert labels.pop("ai.dynamo.container.plan").startswith("sha256:")
    assert labels == {
        "ai.dynamo.container.framework": "acme",
        "ai.dynamo.container.home": "/home/ubuntu",
        "ai.dynamo.container.plugins": "fw-acme 1.0, shared 1.0",
        "ai.dynamo.container.target": "runtime",
        "ai.dynamo.container.user": "ubuntu",
        "org.opencontainers.image.base.name": "ubuntu:24.04",
        "org.opencontainers.image.title": "Dynamo acme runtime",
    }


def test_the_same_target_of_two_frameworks_is_two_images(frameworks):
    built = plan(request("acme", "base"), request("other", "base"))

    assert len({image.target for image in built.images}) == 2
    assert [image.labels[0].value for image in built.images] == ["acme", "other"]


def test_the_bake_definition_is_golden(frameworks):
    mounts = "RUN --mount=type=secret,id=a --mount=type=secret,id=b true\n"
    for file in ("shared/base/Dockerfile", "fw_acme/Dockerfile"):
        with (frameworks.folder / file).open("a") as dockerfile:
            dockerfile.write(mounts)
    secrets = (BuildSecret(id="a", path="/x y,z"), BuildSecret(id="b", env="B"))
    built = plan(secrets=secrets, proxies=("HTTP_PROXY",), pull=True, no_cache=True)

    command = bake.command(built)

    folder = str(frameworks.folder)
    expected = json.loads(json.dumps(EXPECTED).replace("SITE", folder))
    document = json.loads(command.stdin)
    document["target"]["acme-runtime"]["labels"].pop("ai.dynamo.container.plan")
    assert document == expected
    assert command.cwd == "/"
    assert command.argv == ("docker", "buildx", "bake", "--progress", "auto", "--file", "-")


_COMMON = {
    "secret": ['id=a,"src=/x y,z"', "id=b,env=B"],
    "no-cache": True,
    "pull": True,
}
EXPECTED = {
    "group": {"default": {"targets": ["acme-runtime"]}},
    "variable": {"HTTP_PROXY": {"default": ""}},
    "target": {
        "base": {
            "context": "SITE/shared/base",
            "dockerfile": "SITE/shared/base/Dockerfile",
            "target": "base",
            "args": {"BASE_IMAGE": "ubuntu:24.04", "HTTP_PROXY": "${HTTP_PROXY}"},
            **_COMMON,
        },
        "acme-runtime": {
            "context": "SITE/fw_acme",
            "dockerfile": "SITE/fw_acme/Dockerfile",
            "target": "runtime",
            "args": {"HTTP_PROXY": "${HTTP_PROXY}"},
            "contexts": {"base": "target:base"},
            **_COMMON,
            "labels": {
                "ai.dynamo.container.framework": "acme",
                "ai.dynamo.container.home": "/home/ubuntu",
                "ai.dynamo.container.plugins": "fw-acme 1.0, shared 1.0",
                "ai.dynamo.container.target": "runtime",
                "ai.dynamo.container.user": "ubuntu",
                "org.opencontainers.image.base.name": "ubuntu:24.04",
                "org.opencontainers.image.title": "Dynamo acme runtime",
            },
            "tags": ["dynamo:v1.0-acme-runtime", "dynamo:latest-acme-runtime"],
            "output": ["type=docker,compression=zstd,compression-level=1"],
        },
    },
}


def test_planning_has_no_effects_and_is_repeatable(frameworks):
    """The guard in conftest.py raises if a process or a connection is started."""
    assert bake.command(plan()) == bake.command(plan())


def test_every_class_of_errors_has_its_own_exit_status():
    statuses = {error.exit_status for error in DynamoContainerError.__subclasses__()}

    assert statuses == {1, 2, 3, 4, 5, 6}


HARDEN = f"""\
@hookimpl
def dynamo_container_stages(request):
    yield {HARDENED_STAGE}, extends="{{extends}}")
    yield Stage(name="more", dockerfile=HERE / "More", extends="hardened")
"""
MORE = "FROM scratch AS hardened\nFROM hardened AS more\n"


def test_an_extension_can_be_extended_and_each_can_be_the_target(frameworks):
    overlay(frameworks, HARDEN.format(extends="runtime"), Dockerfile=HARDENED, More=MORE)

    for requested in ("runtime", "hardened", "more"):
        built = plan(request(target=requested))
        (image,) = built.images
        assert [target.stage for target in built.targets] == ["base", "runtime", "hardened", "more"]
        assert contexts(built, image.target) == {"hardened": "target:hardened"}
        assert contexts(built, "hardened") == {"runtime": "target:acme-runtime"}


def test_an_extension_of_a_missing_stage_is_an_error_if_it_is_the_target(frameworks):
    overlay(frameworks, HARDEN.format(extends="nosuch"), Dockerfile=HARDENED, More=MORE)

    assert plan().images
    with pytest.raises(PluginError, match="needs the stage 'nosuch'"):
        plan(request(target="hardened"))


def test_a_stage_that_the_user_replaced_shadows_the_plugins(frameworks):
    (image,) = plan(stages=(("base", "my/base:1"),)).images

    (entry,) = [entry for entry in image.entries if (entry.kind, entry.key) == ("stage", "base")]
    assert entry.value == "my/base:1"
    assert entry.sources[0].name == "--stage"
    assert len(entry.shadowed) == 1
