#!/usr/bin/env python3
# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Measure whether a locked build is as fast as one without a lock.

    python bench/locked.py --base-image IMAGE [--framework NAME] [--rounds N]

Builds the runtime image without a cache, in turns with a lock that it has written, and without one.
Builds download what they install. Prints a table of medians, with the load of the machine, and
exits with status 1 if the locked build takes longer by more than a tenth.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

OURS = (sys.executable, "-P", "-m", "dynamo_container", "--quiet")
LIMIT = 1.1


def main() -> int:
    """Measure, print the table, delete the image; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--base-image", default="ubuntu:24.04")
    parser.add_argument("--framework", default="none")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    tag = f"dynamo-container-bench/locked:{os.getpid()}"
    words = (options.framework, "--target", "runtime", "--base-image", options.base_image)
    build = ("build", *words, "--tag", tag, "--no-latest", "--no-cache")
    taken: dict[str, list[float]] = {"--lock none": [], "--locked": []}
    loads: list[float] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            lock = run(folder, "lock", *words)
            for _ in range(options.rounds):
                for choice, times in taken.items():
                    times.append(run(folder, *build, *choice.split()))
                    loads.append(os.getloadavg()[0])
        finally:
            remove = ["docker", "image", "rm", "--force", tag]
            subprocess.run(remove, check=False, capture_output=True)
    print(f"| {options.framework} runtime, `--no-cache` | seconds | all |\n|---|---|---|")
    for choice, times in taken.items():
        every = ", ".join(f"{one:.0f}" for one in times)
        print(f"| `{choice}` | {statistics.median(times):.1f} | {every} |")
    print(
        f"\nlock: {lock:.1f} s; load: {min(loads):.1f} to {max(loads):.1f}, {os.cpu_count()} CPUs"
    )
    without, locked = (statistics.median(times) for times in taken.values())
    return int(locked > LIMIT * without)


def run(folder: Path, *words: str) -> float:
    """Run one of our commands in a folder, and return its seconds."""
    started = time.perf_counter()
    subprocess.run([*OURS, *words], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


if __name__ == "__main__":
    sys.exit(main())
