# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The plugin `sglang`: which packages its images are built with, and how its containers run."""

from __future__ import annotations

import re

import pytest
from dynamo_container.api import UsageError
from dynamo_container.testing import PlanBuild, PlanRun, PlanServe, plan_values


def test_default_release_is_built_with_the_packages_it_was_tested_with(
    plan_build: PlanBuild,
) -> None:
    values = plan_values(plan_build("sglang"))

    assert values["build-arg REQUIREMENTS"] == (
        "ai-dynamo[sglang]==1.6.1 cuda-toolkit[cccl,crt,nvcc,nvvm]==13.0.3 "
        "nixl==1.5.0 sglang[diffusion]==0.5.21"
    )
    assert values["build-arg RESOLVE_AS_OF"] == "2026-10-29T00:00:00Z"
    assert "cuda-tile==1.6.0" in values["build-arg OVERRIDES"].split("|")
    assert values["label org.opencontainers.image.base.name"] == (
        "nvcr.io/nvidia/cuda:13.0.2-runtime-ubuntu24.04"
    )
    assert values["label ai.dynamo.container.cuda"] == "13.0"
    assert values["label ai.dynamo.container.driver"] == "580"


def test_releases_before_0_8_include_etcd_and_nats(plan_build: PlanBuild) -> None:
    old = plan_values(plan_build("sglang", dynamo_version="0.7.1"))
    new = plan_values(plan_build("sglang", dynamo_version="0.8.0"))

    assert {"etcd-server", "nats-server"} <= set(old["build-arg EXTRA_PACKAGES"].split())
    assert "etcd-server" not in new.get("build-arg EXTRA_PACKAGES", "")


def test_kvbm_is_installed_only_if_it_is_enabled(plan_build: PlanBuild) -> None:
    """KVBM's wheel requires another NIXL than Dynamo, so that it is an override."""
    values = plan_values(plan_build("sglang", enable_kvbm=True))

    assert "pin kvbm" not in plan_values(plan_build("sglang"))
    assert values["pin kvbm"] == "1.6.1"
    assert "nixl[cu13]==1.5.0" in values["build-arg OVERRIDES"].split("|")


def test_compiled_kernels_are_kept_in_a_volume(plan_run: PlanRun) -> None:
    values = plan_values(plan_run("sglang"))

    volume = values["mount /home/ubuntu/.cache/sglang"]
    assert re.fullmatch("volume dynamo-sglang-cache-[0-9a-f]{12}", volume)
    assert values["env TRITON_CACHE_DIR"] == "/home/ubuntu/.cache/sglang/triton"
    assert values["env HF_HOME"] == "/home/ubuntu/.cache/huggingface"


def test_workers_for_prefill_are_reached_from_other_containers(plan_serve: PlanServe) -> None:
    plan = plan_serve("sglang", "Qwen/Qwen3-0.6B", topology="disagg")

    (prefill,) = (one.service for one in plan.services if one.name == "prefill")
    assert prefill.command[-2:] == ("--host", "0.0.0.0")


def test_another_sglang_replaces_the_one_that_dynamo_requires(plan_build: PlanBuild) -> None:
    values = plan_values(plan_build("sglang", options={"sglang_version": "0.5.15"}))

    assert values["pin sglang"] == "0.5.15"
    assert "sglang[diffusion]==0.5.15" in values["build-arg REQUIREMENTS"].split()
    assert values["build-arg OVERRIDES"].endswith("|sglang[diffusion]==0.5.15")
    assert "label ai.dynamo.container.kernels" in plan_values(plan_build("sglang"))
    assert "label ai.dynamo.container.kernels" not in values


def test_version_of_sglang_is_normalized(plan_build: PlanBuild) -> None:
    values = plan_values(plan_build("sglang", options={"sglang_version": "0.5.16-POST1"}))

    assert values["pin sglang"] == "0.5.16.post1"


def test_invalid_version_of_sglang_is_refused(plan_build: PlanBuild) -> None:
    with pytest.raises(UsageError, match=r"--sglang-version '0\.5\.16 other'"):
        plan_build("sglang", options={"sglang_version": "0.5.16 other"})
