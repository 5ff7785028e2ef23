#!/usr/bin/env python3
# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Serve the tiny model with 1 and with 4 workers, and kill a worker under load.

    python bench/serve.py [--image IMAGE] [--rate N] [--seconds N]

Requires a running Docker Engine with an image of `none`. It reports the time until the model is
served, whether the router finds prefixes in the caches, and how many of the requests fail after one
of four workers is killed (`kill -9`), which is started again. All requests stay on this machine.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

import tiny_model  # noqa: E402  # a script beside this one
from demo import free_port  # noqa: E402  # as above

# Long enough for several blocks of the KV cache.
PROMPT = "Tell me about the sea, and about its ships. " * 40
# At most so many seconds of load.
MAX_SECONDS = 60
# A container that is not healthy again by then never is.
MAX_RECOVERY = 120
OK = 200


def main() -> int:
    """Measure, and print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--image", help="image instead of the framework's")
    parser.add_argument("--rate", type=int, default=50, help="requests per second (default: 50)")
    parser.add_argument("--seconds", type=int, default=30, help="length of the load (default: 30)")
    options = parser.parse_args()
    image = ["--image", options.image] if options.image else []
    with tempfile.TemporaryDirectory(prefix="dynamo-container-bench-") as directory:
        model = Path(directory)
        model.chmod(0o755)
        tiny_model.write(model)
        for workers in (1, 4):
            with served(model, workers, image) as (project, port):
                cached = [ask(port) for _ in range(6)]
                print(f"{workers} workers: tokens found in a cache: {cached}; {metric(port)}")
                if workers > 1:
                    seconds = min(options.seconds, MAX_SECONDS)
                    asyncio.run(kill_under_load(project, port, options.rate, seconds))
    return 0


@contextmanager
def served(model: Path, workers: int, image: list[str]) -> Iterator[tuple[str, int]]:
    """Serve the model until the block ends; yield the project and its port."""
    project, port = f"bench-{uuid.uuid4().hex[:8]}", free_port()
    program = [sys.executable, "-m", "dynamo_container", "--quiet", "serve"]
    started = time.monotonic()
    subprocess.run(
        [*program, "none", *image, "--model", str(model), "--served-model-name", "tiny",
         "--workers", str(workers), "--name", project, "--port", str(port), "--gpus", "none",
         "--detach", "--wait"],
        check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    print(f"{workers} workers: served after {time.monotonic() - started:.1f} s")
    try:
        yield project, port
    finally:
        subprocess.run([*program, "stop", project], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)  # fmt: skip
        for kind in ("container", "network", "volume"):
            label = f"--filter=label=com.docker.compose.project={project}"
            words = ["docker", kind, "ls", "--quiet", label, *(["--all"] * (kind == "container"))]
            left = subprocess.run(words, check=True, capture_output=True, text=True).stdout.split()
            print(f"{workers} workers: left after stop: {len(left)} {kind}s")


def body(prompt: str) -> bytes:
    """Return the body of a request."""
    message = {"role": "user", "content": prompt}
    return json.dumps({"model": "tiny", "messages": [message], "max_tokens": 4}).encode()


def ask(port: int) -> int:
    """Ask the model, and return how many tokens of the prompt were in a cache."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/chat/completions",
        data=body(PROMPT),
        headers={"content-type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310  # our own
        usage = json.load(response)["usage"]
    return int((usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0)


def metric(port: int) -> str:
    """Return the frontend's sum of tokens that were in a cache."""
    url = f"http://127.0.0.1:{port}/metrics"
    with urllib.request.urlopen(url, timeout=10) as response:
        lines: list[str] = response.read().decode().splitlines()
    return next(line for line in lines if line.startswith("dynamo_frontend_cached_tokens_sum"))


async def kill_under_load(project: str, port: int, rate: int, seconds: int) -> None:
    """Send requests at a rate, kill a worker after a quarter of the time, and report."""
    results: list[tuple[float, int]] = []
    pending: set[asyncio.Task[None]] = set()
    container = f"{project}-worker-1"
    ending: asyncio.Task[float] | None = None
    started = time.monotonic()
    killed = 0.0
    for number in range(rate * seconds):
        await asyncio.sleep(max(0.0, started + number / rate - time.monotonic()))
        if not killed and number >= rate * seconds / 4:
            killed = time.monotonic() - started
            ending = asyncio.create_task(kill(container))
        task = asyncio.create_task(request(port, number, started, results))
        pending.add(task)
        task.add_done_callback(pending.discard)
    await asyncio.gather(*pending, return_exceptions=True)
    report(results, killed, container)
    if ending:
        print(f"killed {container}: healthy again {await ending:.1f} s after the kill")


async def kill(container: str) -> float:
    """Kill all processes of a container; return the seconds until it was healthy again."""
    killed = time.monotonic()
    await output("docker", "exec", container, "bash", "-c", "kill -9 -1")
    form = "{{.RestartCount}} {{.State.Health.Status}}"
    while await output("docker", "inspect", container, "--format", form) != "1 healthy":
        if time.monotonic() - killed > MAX_RECOVERY:
            raise SystemExit(f"{container} was not healthy again after {MAX_RECOVERY} s")
        await asyncio.sleep(0.5)
    return time.monotonic() - killed


async def output(*words: str) -> str:
    """Run a command, and return what it prints."""
    process = await asyncio.create_subprocess_exec(*words, stdout=asyncio.subprocess.PIPE)
    printed, _ = await process.communicate()
    return printed.decode().strip()


async def request(port: int, number: int, started: float, results: list[tuple[float, int]]) -> None:
    """Send a request, and add when it was sent and the status of the answer; 0 for none."""
    sent, status = time.monotonic() - started, 0
    data = body(f"{number} {PROMPT[: 44 * (number % 8 + 1)]}")
    head = (
        "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
    )
    try:
        async with asyncio.timeout(30):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(head.encode() + data)
            answer = await reader.read()
            writer.close()
        status = int(answer.split(b" ", 2)[1])
    except (OSError, TimeoutError, IndexError, ValueError):
        pass
    results.append((sent, status))


def report(results: list[tuple[float, int]], killed: float, container: str) -> None:
    """Print how many requests failed before and after the kill, and how."""
    print(f"killed {container} after {killed:.1f} s: {len(results)} requests")
    before = [row for row in results if row[0] < killed]
    after = [row for row in results if row[0] >= killed]
    for name, rows in (("before", before), ("after", after)):
        failed = sorted(sent - killed for sent, status in rows if status != OK)
        span = f", sent {failed[0]:.1f} to {failed[-1]:.1f} s from the kill on" if failed else ""
        statuses = dict(Counter(status for _, status in rows))
        print(f"sent {name} the kill: {len(failed)} of {len(rows)} failed{span}; {statuses}")


if __name__ == "__main__":
    sys.exit(main())
