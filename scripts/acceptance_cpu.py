#!/usr/bin/env python3
# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Build vLLM for CPUs, check the image, serve a model with it, and compare the answer.

    python scripts/acceptance_cpu.py [--base-image IMAGE] [--image IMAGE]

The model has weights from a seed, so its answer is known. It reports the seconds to build and to be
ready, and the image's size. This takes about 8 GB of disk space, and requires a running Docker
Engine and the installed packages; `make acceptance` provides both.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

import acceptance
import demo
import seeded_model

SERVE = """
python -m dynamo.frontend --http-port 8000 &
python -m dynamo.vllm --model /model --enforce-eager --max-model-len 256 \\
    --gpu-memory-utilization 0.3 &
wait -n
"""
QUESTION = {**demo.QUESTION, "model": "/model", "temperature": 0, "max_tokens": 8}
# It does not depend on the engine: transformers gives the same one.
ANSWER = " libi mogo lotu duti fiku bumo febo magi"
# Limit for the image's size, in bytes. The public index has no PyTorch for CPUs: 0.5 GB of it are
# kernels for CUDA.
SIZE = 3.6e9
HEADINGS = """
| device | build, s | image, MB | checks | ready, s | answers |
|---|---|---|---|---|---|"""


def main() -> int:
    """Build, check, serve, ask twice; return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--base-image", default="ubuntu:24.04")
    parser.add_argument("--image", help="an image that exists, instead of building one")
    options = parser.parse_args()
    mark = uuid.uuid4().hex[:12]
    image = options.image or f"dynamo-container-acceptance/vllm-cpu:{mark}"
    existing = frozenset(identity for identity, _ in acceptance.cache_records())
    started = time.monotonic()
    try:
        if not options.image:
            build(image, options.base_image, mark)
        built = time.monotonic() - started
        checked = acceptance.ours("check", image, check=False)
        print(checked.stdout, flush=True)
        ready, answers = serve(image)
        size = acceptance.size(image)
    finally:
        if not options.image:
            acceptance.docker("image", "rm", "--force", image)
            acceptance.prune(*acceptance.STEPS, f'with id "{mark}/', keep=existing)
    # None is skipped: an engine for CPUs generates its token without a GPU.
    passed, number = acceptance.results(checked.stdout)
    row = f"| cpu | {built:.0f} | {size / 1e6:,.0f} | {passed} of {number} | {ready:.0f} |"
    print(HEADINGS, f"{row} {' / '.join(map(repr, answers))} |", sep="\n", flush=True)
    return 0 if passed == number and answers == (ANSWER, ANSWER) and size <= SIZE else 1


def build(image: str, base_image: str, mark: str) -> None:
    """Build the image with caches of its own, so that all of them are empty."""
    acceptance.ours(
        "build", "vllm", "--device", "cpu", "--target", "runtime", "--base-image", base_image,
        "--source", "none", "--tag", image, "--no-latest", "--no-cache",
        "--build-arg", f"BUILDKIT_CACHE_MOUNT_NS={mark}",
    )  # fmt: skip


def serve(image: str) -> tuple[float, tuple[str, str]]:
    """Return after how many seconds the model is ready, and its answers to the same question."""
    port = demo.free_port()
    with tempfile.TemporaryDirectory(prefix="dynamo-container-cpu-") as directory:
        model = Path(directory)
        model.chmod(0o755)
        seeded_model.write(model)
        started = time.monotonic()
        container = demo.step(
            "run", "--image", image, "--device", "cpu", "--detach", "--wait",
            "--wait-timeout", "1800", "-p", f"127.0.0.1:{port}:8000", "-v", f"{model}:/model:ro",
            "-e", "DYN_DISCOVERY_BACKEND=file", "-e", "DYN_FILE_KV=/home/ubuntu/discovery",
            "-e", "HF_HUB_OFFLINE=1", "-e", "VLLM_CPU_KVCACHE_SPACE=1", "--", "bash", "-c", SERVE,
        )  # fmt: skip
        ready = time.monotonic() - started
        try:
            return ready, (ask(port), ask(port))
        finally:
            subprocess.run(["docker", "stop", container], check=False, stdout=subprocess.DEVNULL)


def ask(port: int) -> str:
    """Return the text of the model's answer."""
    answer = demo.ask(port, QUESTION)
    text: str = answer["choices"][0]["message"]["content"]
    return text


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as error:
        print(f"acceptance: {error}", file=sys.stderr)
        sys.exit(1)
