# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The image of llama-cpp, built and run by the real engine: a model in a GGUF file answers."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import tiny_gguf
from running import Cli, Docker

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("engine_environment")]


@pytest.fixture
def address(cli: Cli, docker: Docker, tag: Callable[[str], str], tmp_path: Path) -> Iterator[str]:
    """Where a container serves a tiny model."""
    image = tag("llama-cpp")
    cli.ok(
        "build", "llama-cpp", "--base-image", docker.base_image, "--tag", image, "--no-latest",
        "--progress", "plain",
    )  # fmt: skip
    assert cli.ok("check", image).out.count("ok  ") == 3
    tiny_gguf.write(tmp_path / "tiny.gguf")
    tmp_path.chmod(0o755)
    container = cli.ok(
        "run", "llama-cpp", "--image", image, "--detach", "--wait", "--gpus", "none",
        "--gguf", str(tmp_path / "tiny.gguf"), "--port", "127.0.0.1:0:8000",
    ).out.strip()  # fmt: skip
    yield docker.run("port", container, "8000/tcp")
    docker.run("stop", container)


def ask(address: str, **more: object) -> Any:  # JSON as OpenAI's API has it
    """A chat completion of five tokens."""
    question = {
        "model": "tiny",
        "messages": [{"role": "user", "content": "what is inference"}],
        "max_tokens": 5,
        **more,
    }
    request = urllib.request.Request(
        f"http://{address}/v1/chat/completions",
        data=json.dumps(question).encode(),
        headers={"content-type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        text = response.read().decode()
    return text if more.get("stream") else json.loads(text)


def test_a_model_answers_whole_in_pieces_and_says_what_it_cannot_do(address):
    words = ask(address, temperature=0)["choices"][0]["message"]["content"].split()
    assert len(words) == 5
    assert set(words) <= set(tiny_gguf.WORDS)

    pieces = [line for line in ask(address, stream=True).splitlines() if line.startswith("data: ")]
    assert pieces[-1] == "data: [DONE]"
    assert len(pieces) >= 5

    with pytest.raises(urllib.error.HTTPError) as error:
        ask(address, messages=[{"role": "user", "content": "is " * 1000}])
    assert error.value.code == 400
    assert "exceeds the available context size" in error.value.read().decode()
