# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What `resolve` writes and `create-venv` installs, as steps of a build run them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from running import Docker

pytestmark = pytest.mark.engine

# nvidia-ml-py stands for what PyTorch brings: it goes by the name.
REQUIREMENTS = "nvidia-ml-py==13.580.82 six==1.17.0"
CACHE = "/root/.cache/uv"
CREATE = "/opt/tools/create-venv /opt/dynamo/venv /wheels/{}"
INSTALLED = "ls /opt/dynamo; ls /opt/dynamo/venv/lib/python3*/site-packages"

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


def kept(folder: Path) -> set[str]:
    """What a step's cache holds of packages."""
    archives = folder / "uv" / "archive-v0"
    return {one.name for path in archives.glob("*") for one in path.glob("*.py")}


def test_a_new_dynamo_or_engine_leaves_what_is_below_it(step: Step, tmp_path):
    step("with-index resolve /wheels")

    pinned = {
        file.name: [line.split()[0] for line in file.read_text().splitlines() if "==" in line]
        for file in (tmp_path / "wheels").glob("*.txt")
    }
    assert pinned["pytorch.txt"] == ["nvidia-ml-py==13.580.82"]
    assert {*pinned["pytorch.txt"], "six==1.17.0"} < set(pinned["requirements.txt"])

    first = step(CREATE.format("pytorch.txt"), INSTALLED)
    both = step(CREATE.format("pytorch.txt"), CREATE.format("requirements.txt"), INSTALLED)

    assert "pynvml.py" in first
    assert "six.py" not in first
    assert {"pynvml.py", "six.py"} < set(both.split())


def test_only_a_builder_that_installs_again_keeps_what_was_downloaded(step: Step, tmp_path):
    step("with-index resolve /wheels")

    once = step(CREATE.format("requirements.txt"), INSTALLED)
    assert kept(tmp_path) == set()

    again = step(CREATE.format("requirements.txt"), INSTALLED)
    assert {"pynvml.py", "six.py"} <= kept(tmp_path)

    assert once == again
    assert once.split()[0] == "venv"
