# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`make demo`, as described in the README."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from engines import until

SCRIPT = Path(__file__).parents[2] / "scripts" / "demo.py"


@pytest.mark.engine
@pytest.mark.usefixtures("engine_environment")
def test_the_demo_prints_a_chat_completion_and_removes_its_containers(docker, tag):
    image = tag("demo")

    answer = subprocess.run(
        [sys.executable, str(SCRIPT), "--base-image", docker.base_image, "--tag", image],
        capture_output=True,
        text=True,
        check=False,
    )

    assert answer.returncode == 0, answer.stderr[-3000:]
    start = answer.stdout.index("\n{")
    completion, _ = json.JSONDecoder().raw_decode(answer.stdout[start + 1 :])
    assert completion["object"] == "chat.completion"
    assert completion["usage"]["completion_tokens"] > 0
    assert "service worker = 2 x python -m dynamo.mocker" in answer.stdout
    # `docker stop` can return a moment before the engine has removed the container.
    until(lambda: not docker.run("ps", "--all", "--quiet", "--filter", f"ancestor={image}"))
