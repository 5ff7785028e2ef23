# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The plugin `sglang`: what it says about releases, and how its containers run."""

from __future__ import annotations

import pytest
from dynamo_container.containers import planner
from dynamo_container.model.requests import RunRequest
from dynamo_container.plugins.registry import Registry
from dynamo_container.testing import PluginContract
from running import Cli


class TestContract(PluginContract):
    distribution = "dynamo-container-sglang"
    build_targets = ()  # an image of SGLang's size is for `make acceptance`


@pytest.fixture
def values(cli: Cli):
    """The plan's values by kind and key."""

    def of(*words: str) -> dict[str, str]:
        return cli.values("build", "sglang", "--target", "runtime", *words)

    return of


def test_the_default_release_is_1_4_2_with_what_it_was_tested_with(values):
    said = values()

    assert said["build-arg REQUIREMENTS"] == (
        "ai-dynamo[sglang]==1.4.2 cuda-toolkit[cccl,crt,nvcc,nvvm]==13.0.2 "
        "nixl==1.3.0 sglang[diffusion]==0.5.16"
    )
    assert said["build-arg RESOLVE_AS_OF"] == "2026-08-30T00:00:00Z"
    assert said["base-image runtime"] == "nvcr.io/nvidia/cuda:13.0.2-runtime-ubuntu24.04"
    assert said["label ai.dynamo.container.cuda"] == "13.0"
    assert said["label ai.dynamo.container.driver"] == "580"


def test_services_that_an_old_release_needs_are_in_it(values):
    assert values("--dynamo-version", "0.7.1")["build-arg EXTRA_PACKAGES"] == (
        "etcd-server nats-server"
    )
    assert "build-arg EXTRA_PACKAGES" not in values("--dynamo-version", "0.8.0")


def test_kvbm_is_in_it_where_it_is_wanted(values):
    assert "pin kvbm" not in values()
    said = values("--enable-kvbm")

    assert said["pin kvbm"] == "1.4.2"
    # Its wheel asks for another NIXL than Dynamo's extra, and without this nothing resolves.
    assert said["build-arg OVERRIDES"] == "nixl[cu13]==1.3.0"


def test_what_is_compiled_in_a_container_stays_in_a_volume():
    registry = Registry.discover()
    registry.load("sglang")

    plan = planner.plan(
        registry, RunRequest(framework="sglang", image="x", target="runtime", gpus="none")
    )

    assert {mount.target: mount.source for mount in plan.mounts} == {
        "/home/ubuntu/.cache/sglang": "dynamo-sglang-cache-ubuntu"
    }
    env = {var.name: var.value for var in plan.env}
    assert env["HF_HOME"] == "/home/ubuntu/.cache/huggingface"
    assert env["TRITON_CACHE_DIR"] == "/home/ubuntu/.cache/sglang/triton"


def test_another_sglang_takes_the_place_of_what_dynamo_asks_for(values):
    said = values("--sglang-version", "0.5.15")

    assert said["pin sglang"] == "0.5.15"
    assert "sglang[diffusion]==0.5.15" in said["build-arg REQUIREMENTS"]
    assert said["build-arg OVERRIDES"] == "nixl[cu13]==1.3.0|sglang[diffusion]==0.5.15"


def test_a_version_is_one_version_as_packages_have_it(cli, values):
    assert values("--sglang-version", "0.5.16-POST1")["pin sglang"] == "0.5.16.post1"
    result = cli("build", "sglang", "--sglang-version", "0.5.16 other", "--dry-run")

    assert result.status == 2
    assert "--sglang-version '0.5.16 other' is no version" in result.err
