#!/usr/bin/env python3
# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Measure what local-dev adds to dev, compared with Dockerfiles that change the venv's owner.

    python bench/local_dev.py [--base-image IMAGE]

The dev image is a stand-in with a venv of 1 GB in 20,000 files. Prints a table with the build time
and the size that each image adds, and exits with status 1 if local-dev is over a limit. All images
are deleted afterwards.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

LIMIT_SECONDS, LIMIT_BYTES = 3, 1_000_000
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
    """Measure, print the table, delete the images; return the exit status."""
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
        below = image_size(names["dev"])
        print(f"| dev image of {below / 1e9:.1f} GB | seconds | adds |\n|---|---|---|")
        for title, seconds, image in rows:
            print(f"| {title} | {seconds:.1f} | {(image_size(image) - below) / 1e6:,.3f} MB |")
        if rows[0][1] > LIMIT_SECONDS or image_size(names["ours"]) - below > LIMIT_BYTES:
            print(
                f"local-dev takes more than {LIMIT_SECONDS} s or adds more than 1 MB",
                file=sys.stderr,
            )
            return 1
    finally:
        subprocess.run(
            ["docker", "image", "rm", "--force", *names.values()],
            check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
    return 0


def timed(command: list[str], text: str | None = None) -> float:
    """Run a command and return the seconds that it takes."""
    started = time.monotonic()
    subprocess.run(command, input=text, text=True, check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - started


def docker_build(tag: str, dockerfile: str) -> float:
    """Build a Dockerfile without the cache and return the seconds that it takes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "Dockerfile")
        path.write_text(dockerfile)
        return timed(["docker", "build", "--quiet", "--no-cache", "--tag", tag, folder])


def image_size(image: str) -> int:
    """Return the size of an image, in bytes."""
    command = ["docker", "image", "inspect", image]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)
    size: int = json.loads(answer.stdout)[0]["Size"]
    return size


if __name__ == "__main__":
    sys.exit(main())
