#!/usr/bin/env python3
# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Measure the overhead of the command itself.

    python bench/overhead.py [--base-image IMAGE] [--rounds N]

Compares whole processes: an interpreter that only imports the libraries which the command line is
made of; dry runs of `run` and `build`; and `run` with the `docker run` that it prints. Each figure
is a median. The commands take turns, so that load on the machine affects all of them. Prints a
table and exits with status 1 if a figure is over the limit.
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
# Times the imports. The goal is 1.9; docs/design.md says why it is not met. This keeps what is.
LIMIT = 2.8
OURS = (sys.executable, "-m", "dynamo_container")


def main() -> int:
    """Measure, print the table, compare with the limit; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--base-image", default="ubuntu:24.04")
    parser.add_argument("--rounds", type=int, default=21)
    options = parser.parse_args()
    run = (*OURS, "run", "none", "--image", options.base_image, "--gpus", "none", "--workdir", "/")
    printed = subprocess.run(
        [*run, "--dry-run", "--", "true"], check=True, capture_output=True, text=True
    ).stdout
    seconds = medians(
        {
            "imports": (sys.executable, "-c", IMPORTS),
            "run --dry-run": (*run, "--dry-run", "--", "true"),
            "build --dry-run": (*OURS, "build", "none", "--dry-run"),
            "docker run": tuple(shlex.split(printed)),
            "run": (*run, "--", "true"),
        },
        options.rounds,
    )
    imports = seconds["imports"]
    figures = [
        ("run --dry-run", seconds["run --dry-run"]),
        ("build --dry-run", seconds["build --dry-run"]),
        ("run, in addition to docker run", seconds["run"] - seconds["docker run"]),
    ]
    print(f"| | ms | times the imports ({imports * 1000:.0f} ms) |\n|---|---|---|")
    for name, taken in figures:
        print(f"| {name} | {taken * 1000:.0f} | {taken / imports:.2f} |")
    return int(any(taken > LIMIT * imports for _, taken in figures))


def medians(commands: dict[str, tuple[str, ...]], rounds: int) -> dict[str, float]:
    """Return the median time of each command, in seconds."""
    taken: dict[str, list[float]] = {name: [] for name in commands}
    # As after an installation: with compiled bytecode, and outside of any project.
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
    # The first round compiles bytecode.
    return {name: statistics.median(times[1:]) for name, times in taken.items()}


if __name__ == "__main__":
    sys.exit(main())
