# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`container/build.sh` and `container/run.sh` pass their arguments on to the command."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.processes

SCRIPTS = Path(__file__).parents[2] / "container"


@pytest.fixture
def call(scripts, tmp_path, monkeypatch):
    """Return a function that calls a script, with the command installed and without an engine."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/missing.sock")

    def call(script, *words, **options):
        return subprocess.run(
            [script, *words], capture_output=True, text=True, check=False, **options
        )

    return call


@pytest.fixture
def checkout(tmp_path):
    """Create a Dynamo checkout that contains the scripts."""
    folder = tmp_path / "my dynamo"
    (folder / "container").mkdir(parents=True)
    (folder / "pyproject.toml").write_text('[project]\nname = "ai-dynamo"\n')
    for name in ("build.sh", "run.sh"):
        shutil.copy(SCRIPTS / name, folder / "container")
    return folder


def test_run_sh_takes_the_arguments_of_its_predecessor(call):
    words = ["--framework", "NONE", "-it", "--rm", "FALSE", "--privileged", "TRUE", "--dry-run"]

    answer = call(SCRIPTS / "run.sh", *words, "-e", "A=a  b*", "--", "echo", "a  b")

    argv = shlex.split(answer.stdout)
    assert argv[:4] == ["docker", "run", "--interactive", "--tty"]
    assert {"--privileged", "--env=A=a  b*", "dynamo:latest-none"} <= set(argv)
    assert argv[-2:] == ["echo", "a  b"]


def test_build_sh_plans_a_build(call):
    answer = call(SCRIPTS / "build.sh", "--framework", "NONE", "--target", "runtime", "--dry-run")

    assert answer.returncode == 0, answer.stderr
    assert "docker buildx bake" in answer.stdout


def test_a_script_in_a_checkout_uses_that_checkout_from_any_folder(call, checkout, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    link = tmp_path / "link.sh"
    link.symlink_to(checkout / "container" / "run.sh")

    for script in (checkout / "container" / "run.sh", link):
        words = ["--framework", "none", "--mount-workspace", "--dry-run"]
        answer = call(script, *words, cwd=elsewhere)

        mount = f"--mount=type=bind,source={checkout},target=/workspace"
        assert mount in shlex.split(answer.stdout), answer.stderr


def test_a_script_outside_of_a_checkout_uses_the_checkout_of_the_current_folder(call, checkout):
    words = ["--framework", "none", "--mount-workspace", "--dry-run"]

    answer = call(SCRIPTS / "run.sh", *words, cwd=checkout / "container")

    assert f"source={checkout},target=/workspace" in answer.stdout, answer.stderr


def test_without_the_command_installed_the_error_names_the_next_step(call, checkout):
    environment = {**os.environ, "PATH": "/usr/bin:/bin"}

    answer = call(checkout / "container" / "run.sh", env=environment)

    assert answer.returncode == 127
    what, next_step = answer.stderr.splitlines()
    assert what == "error: dynamo-container is not installed"
    assert next_step.startswith("pip install ")
