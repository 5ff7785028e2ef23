# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What a framework declares: features, the stages of its options, and the user of its images."""

from __future__ import annotations

import checkouts
import pytest

FEATURES = """
@hookimpl
def dynamo_container_framework():
    return Framework(summary="x", default_target="runtime", supports={supports!r})

@hookimpl
def dynamo_container_pins(request):
    yield Pin(name="cuda", kind="cuda", version=request.cuda_version or "13.0")
"""
OPTION = """
@hookimpl
def dynamo_container_options(command):
    if command == "build":
        yield Option(flag="--polish", help="x", default="fine", stages=("polished",))

@hookimpl
def dynamo_container_stages(request):
    yield Stage(name="runtime", dockerfile=HERE / "Dockerfile")
    yield Stage(name="polished", dockerfile=HERE / "Dockerfile", needs=("runtime",))

@hookimpl
def dynamo_container_build_args(request):
    yield BuildArg(name="GREETING", value=request.option("polish"), stage="runtime")
"""
POLISHED = """\
FROM scratch AS runtime
ARG GREETING
FROM runtime AS polished
"""
USER = """
@hookimpl
def dynamo_container_framework():
    return Framework(
        summary="x", default_target="runtime", user="acme", home="/srv/acme"
    )
"""
USER_LABEL = """
@hookimpl
def dynamo_container_labels(request):
    yield Label(key="ai.dynamo.container.user", value="other")
"""
ON_SERVING = """
@hookimpl
def dynamo_container_stages(request):
    yield Stage(name="runtime", dockerfile=HERE / "Dockerfile", needs=("serving",))
"""


def labels(cli, *words: str) -> dict[str, str]:
    """Return the labels of the only image that is built."""
    definition = cli.ok("build", *words, "--dry-run").definition
    (target,) = definition["group"]["default"]["targets"]
    labels: dict[str, str] = definition["target"][target]["labels"]
    return labels


@pytest.mark.parametrize(
    ("words", "feature"),
    [
        (("--cuda-version", "13.0"), "cuda"),
        (("--enable-kvbm",), "kvbm"),
        (("--no-enable-kvbm",), "kvbm"),
    ],
)
def test_an_option_of_a_feature_requires_a_framework_that_supports_it(cli, site, words, feature):
    others = tuple({"cuda", "kvbm", "source"} - {feature})
    site.framework("without", FEATURES.format(supports=others))
    site.framework("with", FEATURES.format(supports=(feature,)))

    refused = cli("build", "without", *words, "--dry-run")

    assert refused.status == 2
    assert f"{words[0]} cannot be used with 'without', which does not support it" in refused.err
    assert "omit it" in refused.err
    cli.ok("build", "with", *words, "--dry-run")


@pytest.mark.processes
def test_source_requires_a_framework_that_supports_it(cli, site, tmp_path):
    site.framework("without")
    site.framework("with", FEATURES.format(supports=("source",)))
    words = ("--source", str(checkouts.write(tmp_path / "dynamo")), "--dry-run")

    refused = cli("build", "without", *words)

    assert refused.status == 2
    assert "--source cannot be used with 'without'" in refused.err
    cli.ok("build", "with", *words)


def test_an_option_whose_stages_are_not_built_is_an_error(cli, site):
    site.framework("acme", OPTION, POLISHED)

    refused = cli("build", "acme", "--polish", "rough", "--dry-run")

    assert refused.status == 2
    assert "--polish has no effect: the stage 'polished' is not part of this build" in refused.err
    cli.ok("build", "acme", "--target", "polished", "--polish", "rough", "--dry-run")


def test_an_option_whose_stage_is_replaced_by_an_image_is_an_error(cli, site):
    site.framework("acme", OPTION, POLISHED)
    words = ("build", "acme", "--target", "dev", "--stage", "runtime=my/image:1")

    refused = cli(*words, "--polish", "rough", "--dry-run")

    assert refused.status == 2
    assert "--polish has no effect" in refused.err


def test_an_options_default_is_never_without_effect(cli, site):
    site.framework("acme", OPTION, POLISHED)

    definition = cli.ok("build", "acme", "--dry-run").definition

    assert definition["target"]["acme-runtime"]["args"]["GREETING"] == "fine"


@pytest.mark.parametrize("origin", ["environment", "project file"])
def test_an_option_without_an_effect_is_an_error_wherever_it_is_set(
    cli, site, monkeypatch, tmp_path, origin
):
    site.framework("acme", OPTION, POLISHED)
    if origin == "environment":
        monkeypatch.setenv("DYNAMO_CONTAINER_BUILD_POLISH", "rough")
    else:
        (tmp_path / "dynamo-container.toml").write_text('[build.acme]\npolish = "rough"\n')

    refused = cli("--trust", "build", "acme", "--dry-run")

    assert refused.status == 2
    assert "--polish has no effect" in refused.err


def test_user_and_home_of_the_framework_are_labels_with_its_provenance(cli, site):
    site.framework("acme", USER)

    assert labels(cli, "acme")["ai.dynamo.container.user"] == "acme"
    (image,) = cli.ok("explain", "build", "acme", "ai.dynamo.container.home", "--json").json[
        "images"
    ]
    (value,) = image["values"]
    assert value["value"] == "/srv/acme"
    assert value["sources"][0]["layer"] == "framework"
    assert value["sources"][0]["distribution"] == "acme-acme 1.0"


def test_a_label_of_the_framework_wins_over_its_declared_user(cli, site):
    site.framework("acme", USER + USER_LABEL)

    shown = labels(cli, "acme")

    assert shown["ai.dynamo.container.user"] == "other"
    assert shown["ai.dynamo.container.home"] == "/srv/acme"


def test_the_development_images_have_their_own_user(cli, site):
    site.framework("acme", USER)

    shown = labels(cli, "acme", "--target", "dev")

    assert shown["ai.dynamo.container.user"] == "root"
    assert shown["ai.dynamo.container.home"] == "/root"


def runtime_image(cli) -> dict[str, str | None]:
    """Return the base image of each target of a build of acme with --runtime-image."""
    words = ("build", "acme", "--target", "runtime", "--runtime-image", "own:1", "--dry-run")
    targets = cli.ok(*words).definition["target"]
    return {name: target.get("args", {}).get("BASE_IMAGE") for name, target in targets.items()}


def test_runtime_image_replaces_the_image_that_serving_starts_from(cli, site):
    site.framework("acme", ON_SERVING, "FROM scratch AS serving\nFROM serving AS runtime\n")

    bases = runtime_image(cli)

    assert bases["serving"] == "own:1"
    assert bases["acme-runtime"] is None
    assert bases["tools"] != "own:1"


def test_runtime_image_replaces_the_runtimes_own_base_image(cli, site):
    site.framework("acme")

    assert runtime_image(cli) == {"acme-runtime": "own:1"}


def test_runtime_image_requires_a_base_image_argument(cli, site):
    site.framework("acme", dockerfile="FROM scratch AS runtime\n")

    refused = cli("build", "acme", "--runtime-image", "own:1", "--dry-run")

    assert refused.status == 2
    assert "--runtime-image cannot be used with 'acme'" in refused.err
    assert "omit it" in refused.err
