# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What the command imports: builds, runs and dry runs do without docker's SDK, which is slow."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.processes

SLOW = {"docker", "requests", "urllib3", "pynvml", "yaml"}
FRAMEWORKS = {"dynamo_container_vllm", "dynamo_container_sglang", "dynamo_container_trtllm"}


def imported(*arguments: str) -> set[str]:
    """Run the command and return the names of all modules that it imports."""
    answer = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "dynamo_container", *arguments],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    lines = answer.stderr.splitlines()
    times = [line for line in lines if line.startswith("import time:")]
    assert answer.returncode == 0, "\n".join(line for line in lines if line not in times)
    return {line.rpartition("|")[2].strip() for line in times}


@pytest.mark.parametrize(
    "arguments",
    [
        ("build", "none", "--dry-run"),
        ("explain", "build", "none"),
        ("run", "none", "--image", "example:1", "--gpus", "none", "--dry-run"),
        ("explain", "run", "none", "--image", "example:1", "--gpus", "none"),
        ("build", "none", "--help"),
        ("--help",),
    ],
    ids=lambda arguments: " ".join(arguments[:2]),
)
def test_dry_runs_and_help_import_neither_the_sdk_nor_other_frameworks(
    arguments, tmp_path, monkeypatch
):
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/missing.sock")

    modules = imported(*arguments)

    assert "dynamo_container.cli" in modules
    assert sorted(modules & (SLOW | FRAMEWORKS)) == []


@pytest.mark.engine
@pytest.mark.usefixtures("docker")
def test_a_build_does_not_import_the_sdk(tag):
    modules = imported(
        "-q", "build", "none", "--target", "scripts", "--tag", tag("start-up"), "--no-latest",
        "--progress", "quiet",
    )  # fmt: skip

    assert "dynamo_container.docker" in modules
    assert sorted(modules & {"docker", "requests", "urllib3"}) == []
