#!/usr/bin/env python3
# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What local-dev costs over dev, beside a Dockerfile that copies the venv to change its owner.

    python bench/local_dev.py [--base-image IMAGE]

The dev image is a stand-in with a venv of 1 GB in 20,000 files. Prints a table: seconds of the
build, bytes that the image adds. It deletes what it made.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MOST_SECONDS, MOST_BYTES = 3, 1_000_000
PREFIX = "dynamo-container-bench/"
DEV = """
FROM {base}
RUN mkdir -p /opt/dynamo/venv/lib /etc/sudoers.d && cd /opt/dynamo/venv/lib \\
    && head -c 1000000000 /dev/urandom | split -b 50000 -a 5 - file && ls | wc -l
LABEL ai.dynamo.container.framework=none ai.dynamo.container.target=dev
"""
COPIES = """
FROM {dev}
RUN useradd --uid 4711 --no-create-home developer
COPY --from={dev} --chown=4711:4711 /opt/dynamo/venv /opt/dynamo/venv
"""
CHOWNS = """
FROM {dev}
RUN useradd --uid 4711 --no-create-home developer && chown -R 4711:4711 /opt/dynamo/venv
"""


def main() -> int:
    """Measure, print, clean up."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--base-image", default="ubuntu:24.04")
    base = parser.parse_args().base_image
    names = {name: f"{PREFIX}{name}:1" for name in ("dev", "ours", "copies", "chowns")}
    try:
        docker_build(names["dev"], DEV.format(base=base))
        ours = [
            sys.executable, "-m", "dynamo_container", "build", "none", "--dev-image", names["dev"],
            "--uid", "4711", "--tag", names["ours"], "--no-cache", "--progress", "quiet",
        ]  # fmt: skip
        rows = [
            ("dynamo-container, --target local-dev", timed(ours), names["ours"]),
            *(
                (title, docker_build(names[name], text.format(dev=names["dev"])), names[name])
                for title, name, text in (
                    ("a Dockerfile that copies with --chown", "copies", COPIES),
                    ("a Dockerfile that runs chown -R", "chowns", CHOWNS),
                )
            ),
        ]
        below = size(names["dev"])
        print(f"| over a venv of {below / 1e9:.1f} GB | seconds | adds |\n|---|---|---|")
        for title, seconds, image in rows:
            print(f"| {title} | {seconds:.1f} | {(size(image) - below) / 1e6:,.3f} MB |")
        if rows[0][1] > MOST_SECONDS or size(names["ours"]) - below > MOST_BYTES:
            print(f"local-dev takes more than {MOST_SECONDS} s or 1 MB", file=sys.stderr)
            return 1
    finally:
        subprocess.run(
            ["docker", "image", "rm", "--force", *names.values()],
            check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
    return 0


def timed(command: list[str], text: str | None = None) -> float:
    """Seconds that a command takes."""
    started = time.monotonic()
    subprocess.run(command, input=text, text=True, check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - started


def docker_build(tag: str, dockerfile: str) -> float:
    """Seconds that docker takes to build this, without its cache."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "Dockerfile")
        path.write_text(dockerfile)
        words = ["docker", "build", "--quiet", "--no-cache", "--tag", tag, folder]
        return timed(words)


def size(image: str) -> int:
    """Bytes of an image."""
    words = ["docker", "image", "inspect", image]
    answer = subprocess.run(words, check=True, capture_output=True, text=True)
    found: int = json.loads(answer.stdout)[0]["Size"]
    return found


if __name__ == "__main__":
    sys.exit(main())
