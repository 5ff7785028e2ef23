# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""A new user's first plugin, by the commands of `docs/plugins.md`, from an empty folder: created,
installed, tested, built, and it answers.
"""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from running import Docker

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("engine_environment")]

ROOT = Path(__file__).parents[2]
NAME = "acme-walk"


class NewUser:
    """A user with a virtual environment in an empty folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.call(sys.executable, "-m", "venv", "venv")
        self("pip", "install", "--quiet", ROOT / "core", ROOT / "container")

    def __call__(self, program: str, *words: str | Path) -> str:
        """Run a program of the environment, and return its standard output."""
        return self.call(self.folder / "venv" / "bin" / program, *words)

    def call(self, *words: str | Path) -> str:
        process = subprocess.run(
            [str(word) for word in words],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert process.returncode == 0, process.stdout + process.stderr
        return process.stdout


@pytest.fixture
def user(tmp_path: Path, docker: Docker) -> Iterator[NewUser]:
    yield NewUser(tmp_path)
    for version in ("v1.4.2", "latest"):
        image = f"dynamo:{version}-{NAME}-runtime"
        docker.run("image", "rm", "--force", image, check=False)


def test_a_new_plugin_is_installed_tested_built_and_answers(user, docker):
    user("dynamo-container", "new-plugin", NAME)
    user("pip", "install", "--quiet", f"./dynamo-container-{NAME}[test]")

    tested = user("pytest", f"dynamo-container-{NAME}", "-rs")
    user("dynamo-container", "build", NAME, "--base-image", docker.base_image)
    options = ["--detach", "--wait", "--gpus", "none", "--port", "127.0.0.1:0:8000"]
    container = user("dynamo-container", "run", NAME, *options).strip()
    try:
        answer = ask(docker, container)
    finally:
        docker.run("stop", container)

    # hadolint may not be installed; everything else ran, and the image was built.
    skipped = [line for line in tested.splitlines() if line.startswith("SKIPPED")]
    assert [line for line in skipped if "hadolint" not in line] == []
    assert " passed" in tested
    assert answer["choices"][0]["message"]["content"].split() == ["hello", "there"]


def ask(docker: Docker, container: str) -> dict[str, list[dict[str, dict[str, str]]]]:
    """Request a chat completion from a container."""
    port = docker.run("port", container, "8000/tcp").rpartition(":")[2]
    question = {"model": NAME, "messages": [{"role": "user", "content": "hello there"}]}
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/chat/completions",
        data=json.dumps(question).encode(),
        headers={"content-type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        answer: dict[str, list[dict[str, dict[str, str]]]] = json.load(response)
    return answer
