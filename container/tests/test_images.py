# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The shared stages, as every framework's plan has them."""

from __future__ import annotations

import json
import re

import pytest
from dynamo_container_images import plugin

SECRETS = ("ca-bundle", "index-url", "extra-index-url", "netrc")
DOCKERFILES = sorted(plugin.HERE.glob("*/Dockerfile"))


def test_there_are_two(cli):
    plan = cli.ok("explain", "build", "none", "--json").json
    stages = {one["key"] for one in plan["images"][0]["values"] if one["kind"] == "stage"}

    assert stages == {"runtime", "tools", "wheels"}


def test_one_uv_is_pinned_for_all_of_them(cli):
    shown = cli.ok("build", "none", "--dry-run").out
    definition = json.loads(shown.split("EOF'\n")[1].split("\nEOF")[0])

    assert definition["target"]["tools"]["args"]["UV"] == f"uv=={plugin.UV}"


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.parent.name)
def test_a_step_that_uses_the_index_mounts_every_secret_and_declares_the_indexs_url(dockerfile):
    text = dockerfile.read_text().replace("\\\n", " ")
    steps = [line for line in text.splitlines() if re.search(r"RUN.*(with-index|install-uv)", line)]

    assert steps
    for step in steps:
        assert [name for name in SECRETS if f"type=secret,id={name}" not in step] == []
    assert {"ARG INDEX_URL", "ARG EXTRA_INDEX_URLS"} <= set(text.splitlines())


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.parent.name)
def test_no_dockerfile_asks_for_a_frontend(dockerfile):
    assert "syntax=" not in dockerfile.read_text()
