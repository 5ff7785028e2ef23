#!/usr/bin/env python3
# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What the command itself takes, beside what is below it.

    python bench/overhead.py [--base-image IMAGE] [--rounds N]

Medians of whole processes, taken in turns, so that a busy moment hits all of them: the same
interpreter that only imports what the command line stands on; dry runs of `run` and `build`; `run`
beside the `docker run` that it prints. Prints a table; status 1 where a line is over its limit.
"""

from __future__ import annotations

import argparse
import os
import shlex
import statistics
import subprocess
import sys
import tempfile
import time

IMPORTS = "import click, pluggy, importlib_metadata, packaging"
MOST = 1.6
OURS = (sys.executable, "-m", "dynamo_container")


def main() -> int:
    """Measure, print, compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--base-image", default="ubuntu:24.04")
    parser.add_argument("--rounds", type=int, default=21)
    options = parser.parse_args()
    run = (*OURS, "run", "none", "--image", options.base_image, "--gpus", "none", "--workdir", "/")
    shown = subprocess.run(
        [*run, "--dry-run", "--", "true"], check=True, capture_output=True, text=True
    ).stdout
    seconds = medians(
        {
            "imports": (sys.executable, "-c", IMPORTS),
            "run --dry-run": (*run, "--dry-run", "--", "true"),
            "build --dry-run": (*OURS, "build", "none", "--dry-run"),
            "docker run": tuple(shlex.split(shown)),
            "run": (*run, "--", "true"),
        },
        options.rounds,
    )
    base = seconds["imports"]
    lines = [
        ("run --dry-run", seconds["run --dry-run"]),
        ("build --dry-run", seconds["build --dry-run"]),
        ("run, beyond the docker run that it prints", seconds["run"] - seconds["docker run"]),
    ]
    print(f"| | ms | of the imports' {base * 1000:.0f} ms |\n|---|---|---|")
    for name, taken in lines:
        print(f"| {name} | {taken * 1000:.0f} | {taken / base:.2f} |")
    return int(any(taken > MOST * base for _, taken in lines))


def medians(commands: dict[str, tuple[str, ...]], rounds: int) -> dict[str, float]:
    """Seconds that each command takes."""
    taken: dict[str, list[float]] = {name: [] for name in commands}
    # As it is installed: with what Python has compiled, and in no project.
    environment = {
        name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"
    }
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(rounds + 1):
            for name, command in commands.items():
                started = time.perf_counter()
                subprocess.run(
                    command,
                    check=True,
                    cwd=folder,
                    env=environment,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
                taken[name].append(time.perf_counter() - started)
    # The first round only compiles.
    return {name: statistics.median(times[1:]) for name, times in taken.items()}


if __name__ == "__main__":
    sys.exit(main())
