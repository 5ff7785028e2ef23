# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The plugin `vllm`: what it says about releases, and how its containers run."""

from __future__ import annotations

import pytest
from dynamo_container.containers import planner
from dynamo_container.model.requests import RunRequest
from dynamo_container.plugins.registry import Registry
from dynamo_container.testing import PluginContract
from running import Cli


class TestContract(PluginContract):
    distribution = "dynamo-container-vllm"
    build_targets = ()  # an image of vLLM's size is for `make acceptance`


@pytest.fixture
def values(cli: Cli):
    """The plan's values by kind and key."""

    def of(*words: str) -> dict[str, str]:
        return cli.values("build", "vllm", "--target", "runtime", *words)

    return of


def test_the_default_release_is_1_4_2_with_what_it_was_tested_with(values):
    said = values()

    assert said["build-arg REQUIREMENTS"] == (
        "ai-dynamo[vllm]==1.4.2 cuda-toolkit[cccl,crt,nvcc,nvvm]==13.0.2 "
        "kvbm==1.4.2 nixl==1.3.2 vllm[flashinfer,otel,runai]==0.26.0"
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


def test_kvbm_is_in_it_unless_it_is_not_wanted(values):
    assert "pin kvbm" in values()
    assert "pin kvbm" not in values("--no-enable-kvbm")


def test_kvbm_is_a_wheel_from_0_7_on(cli, values):
    assert "pin kvbm" not in values("--dynamo-version", "0.6.1")
    result = cli("build", "vllm", "--dynamo-version", "0.6.1", "--enable-kvbm", "--dry-run")

    assert result.status == 2
    assert "Dynamo 0.6.1 has no wheel of it" in result.err


def test_what_is_compiled_in_a_container_stays_in_a_volume():
    registry = Registry.discover()
    registry.load("vllm")

    plan = planner.plan(
        registry, RunRequest(framework="vllm", image="x", target="runtime", gpus="none")
    )

    assert {mount.target: mount.source for mount in plan.mounts} == {
        "/home/ubuntu/.cache/vllm": "dynamo-vllm-cache-ubuntu"
    }
    env = {var.name: var.value for var in plan.env}
    assert env["HF_HOME"] == "/home/ubuntu/.cache/huggingface"
    assert env["TRITON_CACHE_DIR"] == "/home/ubuntu/.cache/vllm/triton"


def test_what_is_compiled_from_git_takes_the_place_of_a_wheel(cli):
    words = ("--vllm-ref", "v0.27.0", "--deepgemm-ref", "abc", "--max-jobs", "3")
    targets = cli.ok("build", "vllm", "--target", "runtime", *words, "--dry-run").definition[
        "target"
    ]

    source = targets["vllm-vllm-wheels"]
    assert source["args"]["VLLM_REF"] == "v0.27.0"
    assert source["args"]["DEEPGEMM_REF"] == "abc"
    assert source["args"]["MAX_JOBS"] == "3"
    assert "FLASHINFER_REF" not in source["args"]
    assert "devel" in source["args"]["BASE_IMAGE"]
    args = targets["wheels"]["args"]
    assert "vllm[flashinfer,otel,runai]==" not in args["REQUIREMENTS"]
    assert args["OVERRIDES"] == "nixl[cu13]==1.3.2|vllm[flashinfer,otel,runai]"
    assert targets["wheels"]["contexts"] == {"tools": "target:vllm-vllm-wheels"}


def test_without_a_ref_nothing_is_compiled(cli):
    targets = cli.ok("build", "vllm", "--target", "runtime", "--dry-run").definition["target"]

    assert set(targets) == {"scripts", "tools", "wheels", "vllm-runtime"}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--vllm-git-url", "https://a.b/c"), "means nothing without a ref"),
        (("--vllm-git-url", "https://u:p@a.b/c", "--vllm-ref", "x"), "has credentials in it"),
    ],
)
def test_a_repository_alone_or_with_a_password_is_told(cli, words, says):
    result = cli("build", "vllm", *words, "--dry-run")

    assert result.status == 2
    assert says in result.err
