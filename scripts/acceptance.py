#!/usr/bin/env python3
# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Build the engines' images of the default release, check and measure them, and delete them.

    python scripts/acceptance.py [--base-image IMAGE] [FRAMEWORK...]

For each framework it reports: the time of a build with empty caches, compared with uv installing
the same packages in a container of the same base image, also with an empty cache; the size of the
image, compared with its base image and its venv; the result of `check`; and whether `size` and
`sbom` agree with docker, uv and dpkg. This takes about 30 GB of disk space, and requires a running
Docker Engine and the installed packages; `make acceptance` provides both.
"""

from __future__ import annotations

import argparse
import importlib
import json
import re
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

import acceptance_contents

FRAMEWORKS = ("none", "vllm", "sglang")
WHEELS = ("ai-dynamo", "kvbm", "nixl", "sglang", "torch", "transformers", "vllm")
CA_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
CA_VARIABLES = ("CARGO_HTTP_CAINFO", "PIP_CERT", "SSL_CERT_FILE")
VENV = "/opt/dynamo/venv"
# The large layers of an engine's image.
STEPS = ("/opt/tools/create-venv", "/opt/tools/link-cuda", "/opt/tools/install-dynamo")
HEADINGS = """
| framework | uv alone, s | build, s | ratio | image, MB | base | venv | besides | checks | wheels |
|---|---|---|---|---|---|---|---|---|---|"""
# Limit for the content of an image besides its base image and its venv, in bytes.
OVERHEAD = 200e6
# Installs the packages and prints the time for that. Compilers that some of them need are installed
# before.
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
echo "$OVERRIDES" | tr '|' '\\n' >/overrides.txt
/v/bin/uv pip install --quiet --exclude-newer "$RESOLVE_AS_OF" --overrides /overrides.txt \\
    $REQUIREMENTS
echo "took $(($(date +%s%N) - started))"
"""
VERSIONS = """
import importlib.metadata, json, sys
versions = {}
for name in sys.argv[1:]:
    try:
        versions[name] = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        pass
print(json.dumps(versions))
"""


@dataclass(frozen=True)
class Row:
    """The results of a framework; times in seconds, sizes in bytes."""

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
        """Return the size of everything besides the base image and the venv."""
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
    """Build, check, print the table; return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("frameworks", nargs="*", default=FRAMEWORKS, metavar="FRAMEWORK")
    parser.add_argument("--base-image", default="ubuntu:24.04")
    options = parser.parse_args()
    rows = []
    for framework in options.frameworks:
        rows.append(accept(framework, options.base_image))
        # Print each result at once: the next framework may take long, or fail.
        print(HEADINGS, *rows, "", sep="\n", flush=True)
    too_large = [row.framework for row in rows if row.overhead > OVERHEAD]
    if too_large:
        print(
            f"more than {OVERHEAD / 1e6:.0f} MB besides base image and venv: {', '.join(too_large)}"
        )
    return 0 if all(row.passed for row in rows) and not too_large else 1


def accept(framework: str, base_image: str) -> Row:
    """Install the packages with uv alone, then build, check and delete the image."""
    mark = uuid.uuid4().hex[:12]
    tag = f"dynamo-container-acceptance/{framework}:{mark}"
    alone = seconds_alone(framework, base_image)
    existing = frozenset(identity for identity, _ in cache_records())
    try:
        started = time.monotonic()
        words = ("--target", "runtime", "--base-image", base_image)
        # A cache namespace for this build, so that all of its caches are empty.
        fresh = ("--no-cache", "--build-arg", f"BUILDKIT_CACHE_MOUNT_NS={mark}")
        ours("build", framework, *words, "--tag", tag, "--no-latest", *fresh)
        build = time.monotonic() - started
        checked = ours("check", tag, check=False)
        print(checked.stdout, flush=True)
        passed, number = results(checked.stdout)
        found = acceptance_contents.find(tag, modules(framework))
        problems = tuple(found.problems())
        print(found, *problems, sep="\n", flush=True)
        return Row(
            framework=framework,
            alone=alone,
            build=build,
            image=size(tag),
            base=size(base_image),
            venv=int(docker("run", "--rm", tag, "du", "-sb", VENV).split()[0]),
            checks=f"{passed} of {number}",
            passed=checked.returncode == 0 and not problems,
            wheels=json.loads(docker("run", "--rm", tag, "python", "-c", VERSIONS, *WHEELS)),
        )
    finally:
        docker("image", "rm", "--force", tag)
        # They take ten gigabytes, and no other build uses them.
        prune(*STEPS, f'with id "{mark}/', keep=existing)


def modules(framework: str) -> tuple[str, ...]:
    """Return the modules that `check` imports in a framework's image."""
    plugin = importlib.import_module(f"dynamo_container_{framework}.plugin").plugin
    return tuple(name for names in plugin.modules for name in names)


def seconds_alone(framework: str, base_image: str) -> float:
    """Return how long uv takes to install a framework's packages with an empty cache."""
    values = plan(framework)
    bundle = ("-v", f"{CA_BUNDLE}:/ca.pem:ro")
    environment = (
        f"UV={values['UV']}",
        f"RESOLVE_AS_OF={values['RESOLVE_AS_OF']}",
        f"REQUIREMENTS={values['REQUIREMENTS']}",
        f"OVERRIDES={values.get('OVERRIDES', '')}",
        *(f"{name}=/ca.pem" for name in CA_VARIABLES if CA_BUNDLE.is_file()),
    )
    print(f"$ uv pip install '{values['REQUIREMENTS']}', in {base_image}", flush=True)
    output = docker(
        "run", "--rm", "--network", "host", *(bundle if CA_BUNDLE.is_file() else ()),
        *(f"--env={variable}" for variable in environment), base_image, "sh", "-c", ALONE,
    )  # fmt: skip
    seconds = int(output.split()[-1]) / 1e9
    print(f"{seconds:.0f} s", flush=True)
    return seconds


def plan(framework: str, *options: str) -> dict[str, str]:
    """Return the values of a plan, such as its build arguments, by name."""
    words = ("explain", "build", framework, *options, "--target", "runtime", "--json")
    (image,) = json.loads(ours(*words).stdout)["images"]
    return {entry["key"]: entry["value"] for entry in image["values"]}


def prune(*descriptions: str, keep: frozenset[str]) -> None:
    """Delete the builder's cache records whose descriptions contain one of these, except for those
    to keep. A record can be deleted only after those that depend on it, hence the loop.
    """
    while records := [
        identity
        for identity, description in cache_records()
        if identity not in keep and any(part in description for part in descriptions)
    ]:
        before = len(cache_records())
        for identity in records:
            docker("buildx", "prune", "--force", "--filter", f"id={identity}", check=False)
        if len(cache_records()) == before:
            return


def cache_records() -> list[tuple[str, str]]:
    """Return the ID and the description of each record in the builder's cache."""
    text = docker("buildx", "du", "--verbose")
    return re.findall(r"^ID:\s+(\S+)$.*?^Description:\s+(.*?)$", text, re.MULTILINE | re.DOTALL)


def ours(*words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run dynamo-container as a user would."""
    print(f"$ dynamo-container {' '.join(words)}", flush=True)
    return subprocess.run(
        [sys.executable, "-m", "dynamo_container", *words],
        check=check,
        stdout=subprocess.PIPE,
        text=True,
    )


def results(output: str) -> tuple[int, int]:
    """Return how many checks passed according to the output of `check`, and how many there are.

    What a check reports is indented.
    """
    lines = [line for line in output.splitlines() if not line.startswith(" ")]
    return sum(line.startswith("ok ") for line in lines), len(lines)


def size(image: str) -> int:
    """Return the size of an image, in bytes."""
    return int(docker("image", "inspect", "--format", "{{.Size}}", image))


def docker(*words: str, check: bool = True) -> str:
    """Run docker and return its standard output."""
    answer = subprocess.run(["docker", *words], check=check, stdout=subprocess.PIPE, text=True)
    return answer.stdout.strip()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as error:
        print(f"acceptance: {error}", file=sys.stderr)
        sys.exit(1)
