# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The image of `llama-cpp`, built and run by a real engine: a model in a GGUF file answers."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tiny_gguf
from dynamo_container.testing import Cli
from running import free_port

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("engine_environment")]


@pytest.fixture
def addresses(cli: Cli, docker, tag, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """The addresses of two containers that serve a tiny model: of `run`, and of `serve`."""
    image = tag("llama-cpp")
    build = ("--base-image", docker.base_image, "--tag", image, "--no-latest")
    cli.ok("build", "llama-cpp", *build, "--progress", "plain")
    checked = cli.ok("check", image).out
    assert "ok       import" in checked
    assert "skipped" not in checked
    tiny_gguf.write(tmp_path / "tiny.gguf")
    tmp_path.chmod(0o755)
    run = ("--image", image, "--detach", "--wait", "--gpus", "none", "--port", "127.0.0.1:0:8000")
    model = str(tmp_path / "tiny.gguf")
    container = cli.ok("run", "llama-cpp", *run, "--gguf", model).out.strip()
    project = f"llama-cpp-{uuid.uuid4().hex[:8]}"
    published = f"127.0.0.1:{free_port()}"
    try:
        serve = ("--image", image, "--name", project, "--port", published, "--detach", "--wait")
        served = cli.ok("serve", "llama-cpp", *serve, "--gpus", "none", "--gguf", model).out
        assert served.strip() == f"http://{published}/v1"
        yield docker.run("port", container, "8000/tcp").strip(), published
    finally:
        docker.run("stop", container)
        cli("serve", "stop", project)
    label = f"label=com.docker.compose.project={project}"
    assert docker.run("ps", "--all", "--quiet", "--filter", label) == ""


def complete(address: str, **options: object) -> Any:  # JSON of OpenAI's API
    """Request a chat completion of five tokens."""
    body = {
        "model": "tiny",
        "messages": [{"role": "user", "content": "what is inference"}],
        "max_tokens": 5,
        **options,
    }
    request = urllib.request.Request(
        f"http://{address}/v1/chat/completions",
        data=json.dumps(body).encode(),
        headers={"content-type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        text = response.read().decode()
    return text if options.get("stream") else json.loads(text)


def test_model_completes_streams_and_refuses_a_prompt_that_is_too_long(
    addresses: tuple[str, str],
) -> None:
    for address in addresses:
        answers(address)


def answers(address: str) -> None:
    words = complete(address, temperature=0)["choices"][0]["message"]["content"].split()
    assert len(words) == 5
    assert set(words) <= set(tiny_gguf.WORDS)

    text = complete(address, stream=True)
    events = [line for line in text.splitlines() if line.startswith("data: ")]
    assert events[-1] == "data: [DONE]"
    assert len(events) >= 5

    with pytest.raises(urllib.error.HTTPError) as error:
        complete(address, messages=[{"role": "user", "content": "is " * 1000}])
    with error.value as response:
        assert response.code == 400
