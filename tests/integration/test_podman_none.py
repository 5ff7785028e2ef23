# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""podman with a whole image: none serves a chat completion, and passes its checks.

Loading the image takes a minute: these tests are part of `make acceptance`, or skipped.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import tiny_model
from demo import QUESTION, ask
from engines import until
from podmans import Podman, podman
from running import Cli, Docker, free_port
from slow import slow

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("engine_environment"), slow]

SERVE = "python -m dynamo.frontend & python -m dynamo.mocker --model-path /model & wait -n"


@pytest.fixture(scope="module", params=["rootless", "rootful"])
def running(request: pytest.FixtureRequest) -> Iterator[Podman]:
    with podman(rootless=request.param == "rootless", name="none") as started:
        yield started


@pytest.fixture
def image(cli: Cli, docker: Docker, running: Podman) -> Iterator[str]:
    """The image `none`, built by docker and loaded into podman."""
    name = docker.unique("none")
    bundle = ["--ca-bundle", docker.ca_bundle] if docker.ca_bundle else []
    words = ["--target", "runtime", "--base-image", docker.base_image, "--tag", name, "--no-latest"]
    cli.ok("build", "none", *words, *bundle)
    environment = {**os.environ, **running.environment}
    pipe = f"docker save {name} | podman load --quiet"
    subprocess.run(["bash", "-o", "pipefail", "-c", pipe], env=environment, check=True)
    yield name
    running.run("rm", "--all", "--force", "--time=0")
    docker.run("image", "rm", "--force", name)


@pytest.fixture
def model() -> Iterator[str]:
    """A folder with a tiny model, which the user who runs podman can reach."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        Path(name).chmod(0o755)
        tiny_model.write(Path(name))
        yield name


def test_none_serves_a_chat_completion_and_passes_its_checks(
    cli: Cli, running: Podman, image: str, model: str, monkeypatch: pytest.MonkeyPatch
):
    running.use(monkeypatch)
    port = free_port()

    cli.ok(
        "run", "none", "--image", image, "--gpus", "none", "--detach", "--wait", "--name", "chat",
        "--port", f"127.0.0.1:{port}:8000", "-v", f"{model}:/model:ro", "-e", "HF_HUB_OFFLINE=1",
        "-e", "DYN_DISCOVERY_BACKEND=file", "-e", "DYN_FILE_KV=/tmp/kv", "--", "bash", "-c", SERVE,
    )  # fmt: skip
    answer = ask(port, {**QUESTION, "model": "/model"})
    [row] = cli.ok("ps", "--json").json
    checked = cli.ok("check", image).out
    cli.ok("stop", "chat", "--time", "1")

    assert answer["object"] == "chat.completion"
    assert answer["usage"]["completion_tokens"] > 0
    assert row["framework"] == "none"
    assert "ok       python3, curl and writable caches" in checked
    until(lambda: not running.run("ps", "--all", "--quiet"))
