# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The plugin `llama-cpp`: what it says about runs."""

from __future__ import annotations

import pytest
from dynamo_container.api import RunRequest, UsageError
from dynamo_container.containers import planner
from dynamo_container.containers.plan import RunPlan
from dynamo_container.plugins.registry import Registry

from dynamo_container_llama_cpp import plugin


def run(**options: str) -> RunPlan:
    """The plan of a run with these options of the plugin's."""
    registry = Registry.discover()
    registry.load("llama-cpp")
    given = tuple(options.items())
    request = RunRequest(framework="llama-cpp", image="x", gpus="none", options=given)
    return planner.plan(registry, request)


def test_a_model_is_mounted_under_its_name_and_named_to_the_program():
    plan = run(gguf="/data/my model.gguf")

    (mount,) = plan.mounts
    assert (mount.source, mount.target) == ("/data/my model.gguf", "/models/my model.gguf")
    assert mount.options == ("ro",)
    assert {var.name: var.value for var in plan.env}["LLAMA_CPP_MODEL"] == mount.target


def test_a_run_without_a_model_has_no_mount():
    assert run().mounts == ()


def test_a_relative_path_is_refused_with_what_to_say():
    with pytest.raises(UsageError, match="PWD/FILE"):
        run(gguf="x.gguf")


@pytest.mark.parametrize("threads", ["0", "-1", "many", "²"])
def test_threads_are_a_number(threads):
    with pytest.raises(UsageError, match="no number of threads"):
        run(llama_cpp_threads=threads)

    env = {var.name: var.value for var in run(llama_cpp_threads="3").env}
    assert env["LLAMA_CPP_THREADS"] == "3"


def test_its_options_are_its_own(cli):
    result = cli("run", "none", "--gpus", "none", "--dry-run", "--gguf", "/x.gguf")

    assert result.status == 2
    assert "'llama-cpp'" in result.err


def test_a_release_has_the_llama_cpp_of_its_day(cli):
    for row in plugin.RELEASES.rows:
        words = ("llama-cpp", "--dynamo-version", row.dynamo, "--json")
        (image,) = cli.ok("explain", "build", *words).json["images"]
        said = {one["key"]: one["value"] for one in image["values"]}
        assert said["REQUIREMENTS"] == f"ai-dynamo=={row.dynamo} {row.wheels[0].requirement}"
