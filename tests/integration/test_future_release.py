# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""A release of Dynamo that no release table has: its own wheels decide what is built.

The index has the made-up Dynamo 9.9 of `future`.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import future as future_release
import package_index
import pytest
from dynamo_container.testing.cli import Cli
from running import Docker


@pytest.fixture(scope="session")
def future(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheels of the index: the real uv and pip, and those of a Dynamo to come."""
    from dynamo_container_images.plugin import UV

    folder = tmp_path_factory.mktemp("future")
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    subprocess.run([*pip, "--dest", str(folder), f"uv=={UV}", "pip"], check=True)
    future_release.write(folder)
    return folder


@pytest.fixture
def build(cli: Cli, docker: Docker, future: Path, tmp_path: Path, tag):
    """Build a framework's target of Dynamo 9.9; return the output and the image."""
    gateway = "{{(index .IPAM.Config 0).Gateway}}"
    bridge = docker.run("network", "inspect", "bridge", "--format", gateway)

    def run(framework: str, target: str) -> tuple[str, str]:
        image = tag(f"future-{framework}")
        with package_index.serve(future, bridge, tmp_path, upload_times=False) as index:
            result = cli.ok(
                "build", framework, "--target", target, "--dynamo-version", "9.9",
                "--base-image", docker.base_image, "--index-url", index.url,
                "--ca-bundle", str(index.ca_bundle), "--tag", image, "--no-latest",
                "--progress", "plain",
            )  # fmt: skip
        return result.out + result.err, image

    return run


@pytest.mark.engine
def test_an_engine_is_built_as_the_wheels_of_the_release_say(build, docker: Docker):
    output, image = build("vllm", "runtime")

    listed = docker.run("run", "--rm", image, "uv", "pip", "list", "--format", "freeze")
    packages = dict(line.split("==") for line in listed.splitlines())
    assert packages.pop("pip")
    assert packages == {
        "ai-dynamo": "9.9",
        "ai-dynamo-runtime": "9.9",
        "cuda-toolkit": "14.1.0",
        "fast": "1",
        "nixl": "9.1",
        "nixl-cu14": "9.1",
        "nvidia-cuda-nvcc": "14.1.2",
        "nvidia-cuda-runtime": "14.1.1",
        "torch": "9.0",
        "vllm": "9.0",
    }
    assert "warning: Dynamo 9.9 is not in the plugin's release table" in output
    assert "As Dynamo requires: nixl[cu14]==9.1" in output
    assert "As PyTorch requires: cuda-toolkit[cccl,crt,nvcc,nvvm]==14.1.0" in output
    assert re.search(r"packages are for CUDA 14\.1, but the base image has CUDA 13\.0", output)


@pytest.mark.engine
def test_none_is_built_without_an_engine_and_without_what_rows_leave_out(build, docker: Docker):
    _, image = build("none", "runtime")

    listed = docker.run("run", "--rm", image, "uv", "pip", "list", "--format", "freeze")
    names = {line.partition("==")[0] for line in listed.splitlines()}
    assert names == {"ai-dynamo", "ai-dynamo-runtime", "nixl-cu13", "pip"}
