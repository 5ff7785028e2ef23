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
from running import Docker, free_port

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("engine_environment")]

ROOT = Path(__file__).parents[2]
NAME = "acme-walk"
# Dynamo's operator starts components by commands of its own, but this image has its own.
FORMATS = {"compose": (), "kubernetes": ("--without-operator",), "quadlet": ()}
# What a server answers, as far as it is read here.
Answer = dict[str, list[dict[str, dict[str, str]]]]


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
    words = ("--format={{.Repository}}:{{.Tag}}", f"--filter=reference=dynamo:*-{NAME}-*")
    for image in docker.run("images", *words).split():
        docker.run("image", "rm", "--force", image)


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
    served = serve(user, NAME, port := free_port())
    exported = {form: export(user, form, *words) for form, words in FORMATS.items()}

    # hadolint may not be installed; everything else ran, and the image was built.
    skipped = [line for line in tested.splitlines() if line.startswith("SKIPPED")]
    assert [line for line in skipped if "hadolint" not in line] == []
    assert " passed" in tested
    assert answer["choices"][0]["message"]["content"].split() == ["hello", "there"]
    assert served["choices"][0]["message"]["content"].split() == ["hello", "there"]
    assert docker.run("ps", "--all", "--quiet", "--filter", f"publish={port}") == ""
    for form, text in exported.items():
        assert f"dynamo:latest-{NAME}-runtime" in text, form


def serve(user: NewUser, name: str, port: int) -> Answer:
    """Serve the plugin's model by `serve`, ask it, and stop it."""
    project = f"{name}-{port}"
    words = ("--name", project, "--port", str(port), "--gpus", "none", "--detach", "--wait")
    user("dynamo-container", "serve", name, *words)
    try:
        return question(f"http://127.0.0.1:{port}")
    finally:
        user("dynamo-container", "serve", "stop", project)


def export(user: NewUser, form: str, *more: str) -> str:
    """Return the files that `export` writes, after `--check` has found them current."""
    words = ("export", form, f"out-{form}", NAME, "--gpus", "none", *more)
    user("dynamo-container", *words)
    user("dynamo-container", *words, "--check")
    files = sorted(path for path in (user.folder / f"out-{form}").rglob("*") if path.is_file())
    return "".join(path.read_text() for path in files)


def ask(docker: Docker, container: str) -> Answer:
    """Request a chat completion from a container."""
    return question(f"http://{docker.run('port', container, '8000/tcp')}")


def question(url: str) -> Answer:
    """Request a chat completion."""
    body = {"model": NAME, "messages": [{"role": "user", "content": "hello there"}]}
    request = urllib.request.Request(
        f"{url}/v1/chat/completions",
        data=json.dumps(body).encode(),
        headers={"content-type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        answer: Answer = json.load(response)
    return answer
