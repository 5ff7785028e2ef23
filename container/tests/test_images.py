# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The shared stages in the plans of frameworks."""

from __future__ import annotations

import re

import pytest
from dynamo_container_images import plugin

SECRETS = ("ca-bundle", "index-url", "extra-index-url", "netrc")
DOCKERFILES = sorted(plugin.HERE.glob("*/Dockerfile"))
WITH_INDEX = [path for path in DOCKERFILES if "id=index-url" in path.read_text()]


def stages_of(cli, target):
    plan = cli.ok("explain", "build", "none", "--target", target, "--uid", "5", "--json").json
    return [
        {entry["key"] for entry in image["values"] if entry["kind"] == "stage"}
        for image in plan["images"]
    ]


def test_local_dev_is_built_with_dev_on_any_frameworks_runtime(cli):
    dev = {"dev", "runtime", "rust", "scripts", "serving", "tools", "wheels"}

    assert stages_of(cli, "local-dev") == [dev, {*dev, "local-dev"}]


def test_all_stages_use_one_pinned_uv(cli):
    definition = cli.ok("build", "none", "--dry-run").definition

    assert definition["target"]["tools"]["args"]["UV"] == f"uv=={plugin.UV}"


@pytest.mark.parametrize("dockerfile", WITH_INDEX, ids=lambda path: path.parent.name)
def test_a_step_that_uses_the_index_mounts_every_secret_and_declares_the_indexs_url(dockerfile):
    text = dockerfile.read_text().replace("\\\n", " ")
    steps = [
        line
        for line in text.splitlines()
        if re.search(r"RUN.*(with-index|install-uv|prepare-development|create-venv)", line)
    ]

    assert steps
    for step in steps:
        assert [name for name in SECRETS if f"type=secret,id={name}" not in step] == []
    assert {"ARG INDEX_URL", "ARG EXTRA_INDEX_URLS"} <= set(text.splitlines())


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.parent.name)
def test_no_dockerfile_requires_a_frontend(dockerfile):
    assert "syntax=" not in dockerfile.read_text()


def test_an_option_whose_stage_is_not_built_is_refused(cli):
    replaced = ("build", "none", "--stage", "runtime=my/runtime:1", "--dry-run")

    for option in (("--make-efa",), ("--nixl-ref", "1.3.2")):
        accepted = cli.ok("build", "none", *option, "--dry-run")
        result = cli(*replaced, *option)

        assert accepted.err == ""
        assert result.status == 2
        assert f"{option[0]} has no effect" in result.err


def test_stages_that_an_image_of_the_user_leaves_out_are_named(cli, site):
    harden = (
        "from pathlib import Path\nfrom dynamo_container.api import Stage, hookimpl\n\n"
        "@hookimpl\ndef dynamo_container_stages(request):\n"
        "    file = Path(__file__).parent / 'Dockerfile'\n"
        "    yield Stage(name='harden', dockerfile=file, extends='runtime')\n"
    )
    file = "FROM scratch AS runtime\nFROM runtime AS harden\n"
    site.install("acme-harden", harden, files={"Dockerfile": file})

    result = cli.ok("build", "none", "--stage", "runtime=my/runtime:1", "--dry-run")

    assert "used as it is" in result.err
    assert "harden of acme-harden (acme-harden 1.0)" in result.err
    assert cli.ok("build", "none", "--dry-run").err == ""
