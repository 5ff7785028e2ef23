#!/usr/bin/env python3
# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Measure how long the engine's image store takes for the layers of an image, by compression.

    python bench/image_store.py IMAGE [--rounds N]

IMAGE is one that the engine has, such as one of `none`: its files become new layers, as a build has
them. Prints a table of medians: seconds for writing the layers, for unpacking them (containerd's
store keeps both forms), and for both. It has no limit, because the disk decides.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

CHOICES = (
    "",
    "compression=uncompressed",
    "compression=zstd,compression-level=1",
    "compression=zstd",
    "compression=gzip",
)
TAG = "dynamo-container-bench/store:1"
# Some layers, as an engine's image has. What is below them is new, and so are they.
DOCKERFILE = """
FROM {image} AS files
FROM scratch
COPY <<EOF /marker
{marker}
EOF
COPY --from=files /usr /usr
COPY --from=files /opt/dynamo /opt/dynamo
COPY --from=files /etc /etc
"""


def main() -> int:
    """Measure, print the table, delete the image; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("image")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    found: dict[str, list[tuple[float, float]]] = {choice: [] for choice in CHOICES}
    try:
        for number in range(arguments.rounds):
            for choice in CHOICES:
                found[choice].append(
                    measure(arguments.image, choice, f"{os.getpid()} {number} {choice}")
                )
    finally:
        subprocess.run(["docker", "image", "rm", "--force", TAG], check=False, capture_output=True)
    print("| `type=docker` with | write | unpack | both |\n|---|---|---|---|")
    for choice, times in found.items():
        write, unpack = (statistics.median(column) for column in zip(*times, strict=True))
        print(f"| {choice or 'no setting'} | {write:.1f} | {unpack:.1f} | {write + unpack:.1f} |")
    return 0


def measure(image: str, choice: str, marker: str) -> tuple[float, float]:
    """Build an image whose layers are new, and return the seconds of writing and unpacking."""
    subprocess.run(["docker", "image", "rm", "--force", TAG], check=False, capture_output=True)
    output = ",".join(filter(None, ("type=docker", choice)))
    completed = subprocess.run(
        [
            "docker", "buildx", "build", "--progress", "rawjson", "--provenance=false",
            "--output", output, "--tag", TAG, "-",
        ],
        input=DOCKERFILE.format(image=image, marker=marker).encode(),
        capture_output=True, check=True,
    )  # fmt: skip
    times = dict(durations(map(json.loads, completed.stderr.splitlines())))
    write = sum(seconds for name, seconds in times.items() if name == "exporting layers")
    unpack = sum(seconds for name, seconds in times.items() if name.startswith("unpacking"))
    return write, unpack


def durations(records: Iterable[dict[str, Any]]) -> Iterator[tuple[str, float]]:
    """Yield the name and the seconds of each part of the export that has ended."""
    for record in records:
        for status in record.get("statuses") or ():
            if status.get("completed"):
                start, end = (
                    datetime.fromisoformat(status[key]) for key in ("started", "completed")
                )
                yield status.get("name") or status["id"], (end - start).total_seconds()


if __name__ == "__main__":
    raise SystemExit(main())
