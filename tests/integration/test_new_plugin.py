# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""A stranger's first plugin, by the commands of `docs/plugins.md`, from an empty directory: made,
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


class Stranger:
    """Somebody with a virtual environment in an empty folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.call(sys.executable, "-m", "venv", "venv")
        self("pip", "install", "--quiet", ROOT / "core", ROOT / "container")

    def __call__(self, program: str, *words: str | Path) -> str:
        """Run a program of the environment; the result is its standard output."""
        return self.call(self.folder / "venv" / "bin" / program, *words)

    def call(self, *words: str | Path) -> str:
        answer = subprocess.run(
            [str(word) for word in words],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert answer.returncode == 0, answer.stdout + answer.stderr
        return answer.stdout


@pytest.fixture
def stranger(tmp_path: Path, docker: Docker) -> Iterator[Stranger]:
    yield Stranger(tmp_path)
    for version in ("v1.4.2", "latest"):
        image = f"dynamo:{version}-{NAME}-runtime"
        docker.run("image", "rm", "--force", image, check=False)


def test_a_new_plugin_is_installed_tested_built_and_answers(stranger, docker):
    stranger("dynamo-container", "new-plugin", NAME)
    stranger("pip", "install", "--quiet", f"./dynamo-container-{NAME}[test]")

    tested = stranger("pytest", f"dynamo-container-{NAME}", "-rs")
    stranger("dynamo-container", "build", NAME, "--base-image", docker.base_image)
    options = ["--detach", "--wait", "--gpus", "none", "--port", "127.0.0.1:0:8000"]
    container = stranger("dynamo-container", "run", NAME, *options).strip()
    try:
        answer = ask(docker, container)
    finally:
        docker.run("stop", container)

    # hadolint is not on everybody's machine; all else has run, and the image was built.
    skipped = [line for line in tested.splitlines() if line.startswith("SKIPPED")]
    assert [line for line in skipped if "hadolint" not in line] == []
    assert f"{18 - len(skipped)} passed" in tested
    assert answer["choices"][0]["message"]["content"].split() == ["hello", "there"]


def ask(docker: Docker, container: str) -> dict[str, list[dict[str, dict[str, str]]]]:
    """A chat completion of a container."""
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
