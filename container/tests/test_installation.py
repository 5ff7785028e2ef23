# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What `resolve` writes and `create-venv` installs, as steps of a build run them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from running import Docker

pytestmark = pytest.mark.engine

PYTORCHS = "nvidia-nvtx-cu12==12.8.90"
REQUIREMENTS = f"{PYTORCHS} nvidia-ml-py==13.580.82 six==1.17.0"
CACHE = "/root/.cache/uv"
CREATE = "/opt/tools/create-venv /opt/dynamo/venv /wheels/{}"
# Every path with its mode and group, and of packages the inode, which a new installation changes.
FOUND = "cd /opt/dynamo && find . -printf '%m %g %P\\n' | sort"
INODES = "stat -c '%i %n' /opt/dynamo/venv/lib/python3*/site-packages/*.dist-info/METADATA"

Step = Callable[..., str]


@pytest.fixture
def tools(cli, docker: Docker, tag, engine_environment) -> str:
    """The image of the stage `tools`."""
    name: str = tag("tools")
    words = ("--base-image", docker.base_image, "--tag", name, "--no-latest")
    cli.ok("build", "none", "--target", "tools", *words, "--progress", "quiet")
    return name


@pytest.fixture
def step(docker: Docker, tools: str, tmp_path: Path) -> Step:
    """Runs a script in a container of its own, with the cache and the wheels of the others."""
    bundle = ["-v", f"{docker.ca_bundle}:/run/secrets/ca-bundle:ro"] if docker.ca_bundle else []
    mounts = ["-v", f"{tmp_path}/uv:{CACHE}", "-v", f"{tmp_path}/wheels:/wheels", *bundle]

    def run(*lines: str) -> str:
        return docker.run(
            "run", "--rm", *mounts, "-e", f"REQUIREMENTS={REQUIREMENTS}", tools,
            "sh", "-c", "; ".join(["set -e", *lines]),
        )  # fmt: skip

    return run


def distributions(text: str) -> set[str]:
    """The distributions of which a listing has the metadata."""
    return set(re.findall(r"([a-z_0-9]+)-[0-9.]+\.dist-info/METADATA", text))


def kept(folder: Path) -> set[str]:
    """The distributions that the step's cache holds."""
    paths = folder.glob("uv/archive-v0/*/*.dist-info/METADATA")
    return distributions("\n".join(str(path) for path in paths))


def test_pytorch_is_installed_first_and_stays(step: Step, tmp_path):
    step("with-index resolve /wheels")

    pinned = {
        file.name: [line.split()[0] for line in file.read_text().splitlines() if "==" in line]
        for file in (tmp_path / "wheels").glob("*.txt")
    }
    assert pinned["pytorch.txt"] == [PYTORCHS]
    assert set(REQUIREMENTS.split()) < set(pinned["requirements.txt"])

    first, both = (
        part.splitlines()
        for part in step(
            CREATE.format("pytorch.txt"), INODES, "echo ---",
            CREATE.format("requirements.txt"), INODES,
        ).split("---\n")
    )  # fmt: skip

    assert distributions("\n".join(first)) == {"nvidia_nvtx_cu12"}
    assert set(first) < set(both)
    assert {"nvidia_ml_py", "six"} < distributions("\n".join(both))


def test_only_a_builder_that_installs_again_keeps_what_was_downloaded(step: Step, tmp_path):
    step("with-index resolve /wheels")

    once = step(CREATE.format("requirements.txt"), FOUND)
    assert kept(tmp_path) == set()

    again = step(CREATE.format("requirements.txt"), FOUND)
    assert {"nvidia_ml_py", "six"} < kept(tmp_path)

    assert once == again
    assert "uv-cache" not in once
    assert [
        line for line in once.splitlines() if not re.match(r"[0-9]?.[67]. root |777 ", line)
    ] == []


@pytest.mark.parametrize(
    ("requirement", "wanted"),
    [("nvidia-cuda-nvcc==13.0.88", False), ("nvidia-cuda-nvcc-cu12==12.8.93", True)],
)
def test_nvcc_is_the_distributions_where_no_wheel_brings_it(
    step: Step, tmp_path, requirement, wanted
):
    (tmp_path / "wheels").mkdir()
    (tmp_path / "wheels" / "pytorch.txt").write_text(f"{requirement}\n")

    said = step("CUDA_VERSION=12.8 /opt/tools/install-nvcc /wheels/pytorch.txt 2>&1")

    # Which plain Debian has not.
    assert ("no package cuda-nvcc-12-8: left out" in said) == wanted
