#!/usr/bin/env python3
# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Show the main use case: build the image `none`, serve a tiny model with two workers, ask it a
question.

    python scripts/demo.py [--base-image IMAGE] [--tag IMAGE] [--image IMAGE]

Requires a running Docker Engine and the installed packages; `make demo` provides both. With
`--image` it only serves: `DYNAMO_CONTAINER_ENGINE=podman python scripts/demo.py --image IMAGE`.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import tiny_model

# The frontend and the mocker, which stands in for an engine, in one container. It ends as soon as
# one of them does.
SERVE = """
python -m dynamo.frontend --http-port 8000 &
python -m dynamo.mocker --model-path /model --model-name tiny &
wait -n
"""
QUESTION: dict[str, Any] = {
    "model": "tiny",
    "messages": [{"role": "user", "content": "What is inference?"}],
    "max_tokens": 16,
}


def main() -> int:
    """Build, serve, ask, stop; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--base-image", help="base image, instead of ubuntu:24.04")
    parser.add_argument("--tag", help="name of the image, instead of the default ones")
    parser.add_argument("--image", help="serve with this image, and build none")
    options = parser.parse_args()
    started = time.monotonic()
    # Directly in the folder for temporary files: the engine must be able to mount it, too.
    with tempfile.TemporaryDirectory(prefix="dynamo-container-demo-") as directory:
        model = Path(directory)
        model.chmod(0o755)
        tiny_model.write(model)
        image = options.image or options.tag
        if not options.image:
            build(options)
        # docker compose starts the services; podman has none, and gets them in one container.
        podman = os.environ.get("DYNAMO_CONTAINER_ENGINE") == "podman"
        with (in_one_container if podman else served)(model, image or "") as port:
            answer = ask(port)
    print(json.dumps(answer, indent=2))
    if answer.get("object") != "chat.completion" or not answer["usage"]["completion_tokens"]:
        print("demo: the response is not a chat completion", file=sys.stderr)
        return 1
    print(EPILOGUE.format(seconds=time.monotonic() - started))
    return 0


def build(options: argparse.Namespace) -> None:
    """Build the image."""
    base_image = ["--base-image", options.base_image] if options.base_image else []
    tag = ["--tag", options.tag, "--no-latest"] if options.tag else []
    step("build", "none", "--target", "runtime", *base_image, *tag)


@contextmanager
def served(model: Path, image: str) -> Iterator[int]:
    """Serve the model with two workers until the block ends, and yield the port when it is ready.

    Args:
        model: its folder.
        image: empty for the framework's own.
    """
    port = free_port()
    options = ["none", *(["--image", image] if image else []), "--model", str(model)]
    options += ["--served-model-name", "tiny", "--workers", "2"]
    options += ["--name", f"demo-{port}", "--port", str(port), "--gpus", "none"]
    step("serve", *options, "--detach", "--wait")
    try:
        yield port
        # What is served, and the source of it.
        step("explain", "serve", *options, "service")
    finally:
        step("serve", "stop", f"demo-{port}")


@contextmanager
def in_one_container(model: Path, image: str) -> Iterator[int]:
    """Serve the model in one container until the block ends; see `served`."""
    port = free_port()
    selected = ["none", "--image", image] if image else ["none", "--target", "runtime"]
    container = step(
        "run", *selected, "--detach", "--wait", "--gpus", "none", "-p", f"127.0.0.1:{port}:8000",
        "-v", f"{model}:/model:ro", "-e", "DYN_DISCOVERY_BACKEND=file",
        "-e", "DYN_FILE_KV=/home/ubuntu/discovery", "-e", "HF_HUB_OFFLINE=1",
        "--", "bash", "-c", SERVE,
    )  # fmt: skip
    try:
        yield port
    finally:
        step("stop", container, "--time", "2")


def step(*arguments: str) -> str:
    """Run dynamo-container as a user would and return the last line of its output."""
    shown = [argument if "\n" not in argument else "'...'" for argument in arguments]
    print(f"$ dynamo-container {' '.join(shown)}", flush=True)
    command = [sys.executable, "-m", "dynamo_container", *arguments]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    print(output, flush=True)
    return output.strip().rpartition("\n")[2]


def ask(port: int, question: dict[str, Any] = QUESTION) -> dict[str, Any]:
    """Return a chat completion from the frontend."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/chat/completions",
        data=json.dumps(question).encode(),
        headers={"content-type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=300) as response:
        answer: dict[str, Any] = json.load(response)
    return answer


def free_port() -> int:
    """Return a free port of the loopback interface."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


EPILOGUE = """
That was a chat completion from Dynamo's frontend and its mocker (random words), in {seconds:.0f} s.
Try next:

  eval "$(scripts/engine env)"                                      # use the demo's engine
  .venv/bin/dynamo-container explain build none --target runtime    # the source of each value
  .venv/bin/dynamo-container build none --target runtime --dry-run  # the command that built it
  .venv/bin/dynamo-container serve none --model ./my-model          # serve a model of yours
  .venv/bin/dynamo-container export kubernetes ./deploy none --model ./my-model  # on a cluster
"""


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)
