# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The plugin `llama-cpp`: what it says about runs."""

from __future__ import annotations

import pytest
from dynamo_container_llama_cpp import plugin


def run(cli, *words: str) -> str:
    return cli.ok("run", "llama-cpp", "--gpus", "none", "--dry-run", *words).out


def test_a_model_is_mounted_under_its_name_and_named_to_the_program(cli):
    shown = run(cli, "--gguf", "/data/my model.gguf")

    assert "source=/data/my model.gguf,target=/models/my model.gguf,readonly" in shown
    assert "LLAMA_CPP_MODEL=/models/my model.gguf" in shown


def test_a_run_without_a_model_has_no_mount(cli):
    assert "/models" not in run(cli)


def test_a_relative_path_is_refused_with_what_to_say(cli):
    result = cli("run", "llama-cpp", "--gpus", "none", "--dry-run", "--gguf", "x.gguf")

    assert result.status == 2
    assert "$PWD/FILE" in result.err


@pytest.mark.parametrize("threads", ["0", "-1", "many"])
def test_threads_are_a_number(cli, threads):
    words = (f"--llama-cpp-threads={threads}", "--dry-run", "--gpus", "none")

    assert cli("run", "llama-cpp", *words).status == 2
    assert "LLAMA_CPP_THREADS=3" in run(cli, "--llama-cpp-threads", "3")


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
