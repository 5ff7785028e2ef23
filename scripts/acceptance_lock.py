#!/usr/bin/env python3
# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Build one lock on both generations of the engine, and compare the images in a registry.

    python scripts/acceptance_lock.py

Then it moves the lock from Dynamo 1.6.0 to 1.6.1, and reports the bytes that a registry does not
have yet; with and without a lock. Without one, both engines have to build the same layers, too. It
requires the engines of `scripts/engine up`, with and without `--generation next`, and the installed
packages; `make acceptance` provides them.
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parents[1] / "tests" / "support")]

import registry as registries  # noqa: E402
from engines import SCRIPT, engine  # noqa: E402

BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
BEFORE = ("--dynamo-version", "1.6.0")
# The limits for the compressed bytes that move from 1.6.0 to 1.6.1.
LOCKED, UNLOCKED = 150e6, 500e6


def main() -> int:
    """Build, compare, measure; return the exit status."""
    with engine(image_store=True) as store, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with registries.serve(folder, store.folder / "bin" / "docker-registry") as registry:
            return 0 if all(measure(registry, folder)) else 1


def measure(registry: registries.Registry, folder: Path) -> list[bool]:
    """Report what is compared; return which of it is valid."""
    stable, later = environment(), environment("--generation", "next")
    base = f"{registry.address}/base:1"
    docker(stable, "tag", stable["DYNAMO_CONTAINER_TEST_BASE_IMAGE"], base)
    docker(stable, "push", "--quiet", base)
    words = ["--target", "runtime", "--base-image", base, "--no-latest"]
    words += ["--ca-bundle", str(BUNDLE)] if BUNDLE.is_file() else []

    def build(where: Mapping[str, str], tag: str, *more: str) -> str:
        started = time.monotonic()
        image = f"{registry.address}/none:{tag}"
        ours(where, folder, "build", "none", *words, *more, "--push", "--tag", image)
        digest = content(registry, tag)
        print(f"{tag}: {digest}, {time.monotonic() - started:.0f} s", flush=True)
        return digest

    ours(stable, folder, "lock", "none", *words, *BEFORE)
    digests = {
        build(where, tag, *BEFORE, "--locked", "--no-cache")
        for where, tag in ((stable, "stable"), (later, "next"))
    }
    ours(stable, folder, "update", "ai-dynamo", *words)
    build(stable, "locked", "--locked")
    build(stable, "before", *BEFORE, "--lock", "none")
    build(stable, "after", "--lock", "none")
    build(later, "elsewhere", "--lock", "none", "--no-cache")
    moved = moving(registry, "stable", "locked"), moving(registry, "before", "after")
    docker(stable, "image", "rm", base)
    same = layers(registry, "after") == layers(registry, "elsewhere")
    print(f"without a lock, both engines build the same layers: {same}", flush=True)
    return [len(digests) == 1, same, moved[0] <= LOCKED, moved[1] <= UNLOCKED]


def content(registry: registries.Registry, tag: str) -> str:
    """Return the digest of an image's configuration, with the digests of its layers, without the
    history: the generations write it differently.
    """
    configuration = described(registry, tag)
    del configuration["history"]
    return hashlib.sha256(json.dumps(configuration, sort_keys=True).encode()).hexdigest()


def layers(registry: registries.Registry, tag: str) -> list[str]:
    """Return the digests of an image's layers, uncompressed."""
    return list(described(registry, tag)["rootfs"]["diff_ids"])


def described(registry: registries.Registry, tag: str) -> dict[str, Any]:
    """Return an image's configuration."""
    manifest = registry.get(f"none/manifests/{tag}")
    configuration: dict[str, Any] = registry.get(f"none/blobs/{manifest['config']['digest']}")
    return configuration


def moving(registry: registries.Registry, before: str, after: str) -> int:
    """Report the compressed bytes of layers that only the second image has."""
    old, new = (registry.get(f"none/manifests/{tag}")["layers"] for tag in (before, after))
    known = {layer["digest"] for layer in old}
    size = sum(layer["size"] for layer in new if layer["digest"] not in known)
    total = sum(layer["size"] for layer in new)
    print(f"{before} -> {after}: {size / 1e6:.1f} MB of {total / 1e6:.1f} MB move", flush=True)
    return int(size)


def environment(*words: str) -> dict[str, str]:
    """Return the variables that make docker use an engine of `scripts/engine`."""
    shown = subprocess.run(
        [SCRIPT, "env", *words], check=True, capture_output=True, text=True
    ).stdout
    lines = [line.removeprefix("export ") for line in shown.splitlines() if "=" in line]
    values = {
        name: shlex.split(value)[0] for name, _, value in (one.partition("=") for one in lines)
    }
    path = values.get("PATH", "$PATH").replace("$PATH", os.environ["PATH"])
    return {**os.environ, **values, "PATH": path}


def docker(where: Mapping[str, str], *words: str) -> str:
    """Run docker on an engine; return its output."""
    return run(where, None, "docker", *words)


def ours(where: Mapping[str, str], folder: Path, *words: str) -> str:
    """Run a command of ours on an engine; return its output."""
    return run(where, folder, sys.executable, "-m", "dynamo_container", *words)


def run(where: Mapping[str, str], folder: Path | None, *words: str) -> str:
    """Run a command; return its output."""
    answer = subprocess.run(
        words, env=dict(where), cwd=folder, capture_output=True, text=True, check=False
    )
    if answer.returncode:
        sys.exit(f"{shlex.join(words)}: {answer.stderr[-3000:]}")
    return answer.stdout


if __name__ == "__main__":
    sys.exit(main())
