# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The plugin `llama-cpp`: how its containers run, and which packages its images are built with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from dynamo_container.api import UsageError, read_toml
from dynamo_container.testing import Cli, PlanBuild, PlanRun, plan_values

RELEASES = read_toml(Path(__file__).parents[1] / "src/dynamo_container_llama_cpp/releases.toml")


def test_model_is_mounted_read_only_under_its_name(plan_run: PlanRun) -> None:
    values = plan_values(plan_run("llama-cpp", options={"gguf": "/data/my model.gguf"}))

    assert values["mount /models/my model.gguf"] == "bind /data/my model.gguf (ro)"
    assert values["env LLAMA_CPP_MODEL"] == "/models/my model.gguf"


def test_model_can_be_a_relative_path(plan_run: PlanRun) -> None:
    values = plan_values(plan_run("llama-cpp", options={"gguf": "model.gguf"}))

    assert values["mount /models/model.gguf"] == f"bind {Path('model.gguf').absolute()} (ro)"


def test_run_without_a_model_has_no_mount(plan_run: PlanRun) -> None:
    plan = plan_run("llama-cpp")

    assert plan.mounts == ()
    assert "env LLAMA_CPP_MODEL" not in plan_values(plan)


def test_number_of_threads_is_passed_to_the_server(plan_run: PlanRun) -> None:
    values = plan_values(plan_run("llama-cpp", options={"llama_cpp_threads": 3}))

    assert values["env LLAMA_CPP_THREADS"] == "3"


@pytest.mark.parametrize("threads", ["0", "-1"])
def test_number_of_threads_must_be_positive(plan_run: PlanRun, threads: str) -> None:
    with pytest.raises(UsageError, match="--llama-cpp-threads"):
        plan_run("llama-cpp", options={"llama_cpp_threads": threads})


def test_container_is_ready_when_its_server_answers(plan_run: PlanRun) -> None:
    values = plan_values(plan_run("llama-cpp"))

    assert values["readiness readiness"] == "serves: model"


def test_options_cannot_be_used_with_another_framework(cli: Cli) -> None:
    result = cli("run", "none", "--gpus", "none", "--dry-run", "--gguf", "/x.gguf")

    assert result.status == 2
    assert "--gguf" in result.err
    assert "llama-cpp" in result.err


@pytest.mark.parametrize("row", RELEASES["release"], ids=lambda row: str(row["dynamo"]))
def test_every_release_is_built_with_the_llama_cpp_of_its_row(
    plan_build: PlanBuild, row: dict[str, Any]
) -> None:
    values = plan_values(plan_build("llama-cpp", dynamo_version=row["dynamo"]))

    assert values["build-arg REQUIREMENTS"] == f"ai-dynamo=={row['dynamo']} {row['wheels'][0]}"
