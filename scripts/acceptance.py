#!/usr/bin/env python3
# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The engines' images from real wheels: built, checked, measured, and deleted again.

    python scripts/acceptance.py [--base-image IMAGE] [FRAMEWORK...]

For each framework: the seconds of a build on a builder that has nothing in its caches against those
of installing the same packages alone (uv, in a container of the same base image, with nothing in
its cache either), the image's size against that of its base and its venv, and what `check` says. It
takes some 30 GB of disk, and needs a docker engine that answers and the packages installed: `make
acceptance` sees to both.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

DYNAMO = "1.4.2"
FRAMEWORKS = ("vllm", "sglang")
WHEELS = ("ai-dynamo", "kvbm", "nixl", "sglang", "torch", "transformers", "vllm")
CA_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
CA_VARIABLES = ("CARGO_HTTP_CAINFO", "PIP_CERT", "SSL_CERT_FILE")
VENV = "/opt/dynamo/venv"
# The large layers of an engine's image.
STEPS = ("/opt/tools/create-venv", "/opt/tools/link-cuda", "/opt/tools/install-dynamo")
HEADINGS = """
| framework | uv alone, s | build, s | ratio | image, MB | base | venv | besides | checks | wheels |
|---|---|---|---|---|---|---|---|---|---|"""
# What an image may have besides its base and its venv, in bytes.
OVERHEAD = 200e6
# Installs the packages and says how long that took; what compiles some of them comes before.
ALONE = """
set -e
apt-get -qq update >/dev/null
apt-get -qq -y --no-install-recommends install \\
    cargo g++ libpython3-dev libssl-dev pkg-config python3-venv rustc >/dev/null 2>&1
python3 -m venv /v
/v/bin/python -m pip --quiet --disable-pip-version-check install "$UV"
export UV_HTTP_CONNECT_TIMEOUT=30 UV_HTTP_RETRIES=8
export VIRTUAL_ENV=/v CARGO_RESOLVER_INCOMPATIBLE_RUST_VERSIONS=fallback
started=$(date +%s%N)
/v/bin/uv pip install --quiet --exclude-newer "$RESOLVE_AS_OF" "$REQUIREMENT"
echo "took $(($(date +%s%N) - started))"
"""
VERSIONS = """
import importlib.metadata, json, sys
found = {}
for name in sys.argv[1:]:
    try:
        found[name] = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        pass
print(json.dumps(found))
"""


@dataclass(frozen=True)
class Row:
    """What came of one framework; seconds and bytes."""

    framework: str
    alone: float
    build: float
    image: int
    base: int
    venv: int
    checks: str
    passed: bool
    wheels: dict[str, str]

    @property
    def overhead(self) -> int:
        """What is in the image besides its base and its venv."""
        return self.image - self.base - self.venv

    def __str__(self) -> str:
        sizes = (self.image, self.base, self.venv, self.overhead)
        return " | ".join(
            [
                f"| {self.framework}",
                f"{self.alone:.0f}",
                f"{self.build:.0f}",
                f"{self.build / self.alone:.2f}",
                *(f"{size / 1e6:,.0f}" for size in sizes),
                self.checks,
                ", ".join(f"{name} {version}" for name, version in self.wheels.items()) + " |",
            ]
        )


def main() -> int:
    """Build and check; print the table; the result is the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("frameworks", nargs="*", default=FRAMEWORKS, metavar="FRAMEWORK")
    parser.add_argument("--base-image", default="ubuntu:24.04")
    options = parser.parse_args()
    rows = []
    for framework in options.frameworks:
        rows.append(accept(framework, options.base_image))
        # Each as it comes: the next may take long, or fail.
        print(HEADINGS, *rows, "", sep="\n", flush=True)
    too_large = [row.framework for row in rows if row.overhead > OVERHEAD]
    if too_large:
        print(f"more than {OVERHEAD / 1e6:.0f} MB besides base and venv: {', '.join(too_large)}")
    return 0 if all(row.passed for row in rows) and not too_large else 1


def accept(framework: str, base_image: str) -> Row:
    """Install a framework's packages alone, build its image, check it, delete it."""
    mark = uuid.uuid4().hex[:12]
    tag = f"dynamo-container-acceptance/{framework}:{mark}"
    alone = seconds_alone(framework, base_image)
    before = frozenset(identity for identity, _ in cache_records())
    try:
        started = time.monotonic()
        words = ("--target", "runtime", "--base-image", base_image, "--dynamo-version", DYNAMO)
        # Caches of its own, which nobody has filled.
        fresh = ("--no-cache", "--build-arg", f"BUILDKIT_CACHE_MOUNT_NS={mark}")
        ours("build", framework, *words, "--tag", tag, "--no-latest", *fresh)
        build = time.monotonic() - started
        checked = ours("check", tag, check=False)
        lines = checked.stdout.splitlines()
        return Row(
            framework=framework,
            alone=alone,
            build=build,
            image=size(tag),
            base=size(base_image),
            venv=int(docker("run", "--rm", tag, "du", "-sb", VENV).split()[0]),
            checks=f"{sum(line.startswith('ok') for line in lines)} of {len(lines)}",
            passed=checked.returncode == 0,
            wheels=json.loads(docker("run", "--rm", tag, "python", "-c", VERSIONS, *WHEELS)),
        )
    finally:
        docker("image", "rm", "--force", tag)
        # Ten gigabytes that nobody builds upon.
        forget(*STEPS, f'with id "{mark}/', but=before)


def seconds_alone(framework: str, base_image: str) -> float:
    """How long uv takes for a framework's packages as of the release, with nothing in its cache."""
    values = json.loads(
        ours("explain", "build", framework, "--target", "runtime", "--json").stdout
    )["images"][0]["values"]
    said = {one["key"]: one["value"] for one in values}
    bundle = ("-v", f"{CA_BUNDLE}:/ca.pem:ro")
    environment = (
        f"UV={said['UV']}",
        f"RESOLVE_AS_OF={said['RESOLVE_AS_OF']}",
        f"REQUIREMENT=ai-dynamo[{framework}]=={DYNAMO}",
        *(f"{name}=/ca.pem" for name in CA_VARIABLES if CA_BUNDLE.is_file()),
    )
    print(f"$ uv pip install 'ai-dynamo[{framework}]=={DYNAMO}', in {base_image}", flush=True)
    said_last = docker(
        "run", "--rm", "--network", "host", *(bundle if CA_BUNDLE.is_file() else ()),
        *(word for one in environment for word in ("-e", one)), base_image, "sh", "-c", ALONE,
    )  # fmt: skip
    seconds = int(said_last.split()[-1]) / 1e9
    print(f"{seconds:.0f} s", flush=True)
    return seconds


def forget(*descriptions: str, but: frozenset[str] = frozenset()) -> None:
    """Delete records of the builder's cache, each after those that are made from it; not those
    that are to stay.
    """
    while records := [
        identity
        for identity, description in cache_records()
        if identity not in but and any(one in description for one in descriptions)
    ]:
        before = len(cache_records())
        for identity in records:
            docker("buildx", "prune", "--force", "--filter", f"id={identity}", check=False)
        if len(cache_records()) == before:
            return


def cache_records() -> list[tuple[str, str]]:
    """The records of the builder's cache: identity and description."""
    text = docker("buildx", "du", "--verbose")
    return re.findall(r"^ID:\s+(\S+)$.*?^Description:\s+(.*?)$", text, re.MULTILINE | re.DOTALL)


def ours(*words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """dynamo-container, as a user would type it."""
    print(f"$ dynamo-container {' '.join(words)}", flush=True)
    return subprocess.run(
        [sys.executable, "-m", "dynamo_container", *words],
        check=check,
        stdout=subprocess.PIPE,
        text=True,
    )


def size(image: str) -> int:
    """An image's size, in bytes."""
    return int(docker("image", "inspect", "--format", "{{.Size}}", image))


def docker(*words: str, check: bool = True) -> str:
    """A docker command's standard output."""
    answer = subprocess.run(["docker", *words], check=check, stdout=subprocess.PIPE, text=True)
    return answer.stdout.strip()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as error:
        print(f"acceptance: {error}", file=sys.stderr)
        sys.exit(1)
