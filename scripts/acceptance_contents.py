#!/usr/bin/env python3
# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Compare what `size` and `sbom` report about an image with what docker, uv and dpkg know.

    python scripts/acceptance_contents.py IMAGE MODULE...

It also imports the modules as users that the image does not know, in group 0 and in a group of
their own. It requires a running Docker Engine and the installed packages.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from dynamo_container.inventory.sizes import REPLACED

USERS = ("54321", "54321:54321")
# The share of an image's bytes that have to be files which `size` sees.
SEEN = 0.99
DPKG = ("dpkg-query", "--show", "--showformat", "${Package} ${db:Status-Status}\n")


@dataclass(frozen=True)
class Found:
    """What is in an image, by our commands and by others'; sizes in bytes."""

    docker_size: int
    size: int
    layers: int
    replaced: int
    unowned: int
    listed: dict[str, int]
    known: dict[str, int]
    imports: dict[str, float | None]

    def problems(self) -> Iterator[str]:
        """Yield what does not agree, or fails."""
        if not self.docker_size == self.size == self.layers:
            yield f"size: {self.size} by package, {self.layers} by layer, {self.docker_size} docker"
        if self.replaced > (1 - SEEN) * self.size:
            yield f"size: {self.replaced / self.size:.2%} of the bytes are in no visible file"
        if self.listed != self.known:
            yield f"sbom has {self.listed}, the image's own tools list {self.known}"
        for user, seconds in self.imports.items():
            if seconds is None:
                yield f"the modules cannot be imported as {user}"

    def __str__(self) -> str:
        imports = (
            f"{user}: {'failed' if seconds is None else f'{seconds:.0f} s'}"
            for user, seconds in self.imports.items()
        )
        return (
            f"size: {self.size} bytes, docker: {self.docker_size}; files that size sees: "
            f"{1 - self.replaced / self.size:.3%}, of packages: "
            f"{1 - (self.replaced + self.unowned) / self.size:.3%}\n"
            f"packages in sbom: {self.listed}, by uv and dpkg: {self.known}\n"
            f"imports as {', '.join(imports)}"
        )


def find(image: str, modules: tuple[str, ...]) -> Found:
    """Ask our commands and others about an image."""
    packages, layers = (
        ours("size", image, "--by", kind, "--json") for kind in ("package", "layer")
    )
    parts = {part["name"]: part["bytes"] for part in packages["parts"]}
    components = ours("sbom", image, "--format", "json")["components"]
    listed = Counter(
        one["kind"] for one in components if one["kind"] == "apt" or not one["from_base"]
    )
    states = run("docker", "run", "--rm", image, *DPKG).splitlines()
    return Found(
        docker_size=int(run("docker", "image", "inspect", "--format", "{{.Size}}", image)),
        size=packages["bytes"],
        layers=layers["bytes"],
        replaced=parts.get(REPLACED, 0),
        unowned=parts.get("no package", 0),
        listed={kind: listed[kind] for kind in ("python", "apt")},
        known={
            "python": len(
                json.loads(
                    run("docker", "run", "--rm", image, "uv", "pip", "list", "--format=json")
                )
            ),
            "apt": sum(state.endswith(" installed") for state in states),
        },
        imports={user: seconds_to_import(image, user, modules) for user in USERS},
    )


def seconds_to_import(image: str, user: str, modules: tuple[str, ...]) -> float | None:
    """Import modules as a user; return the seconds, or None if it fails."""
    program = "\n".join(f"import {name}" for name in modules)
    started = time.monotonic()
    answer = subprocess.run(
        ["docker", "run", "--rm", "--user", user, image, "python", "-c", program],
        check=False,
        stdout=subprocess.DEVNULL,
    )
    return time.monotonic() - started if answer.returncode == 0 else None


def ours(*words: str) -> dict[str, Any]:
    """Return the document that one of our commands prints."""
    document: dict[str, Any] = json.loads(run(sys.executable, "-m", "dynamo_container", *words))
    return document


def run(*words: str) -> str:
    """Run a command and return its standard output."""
    return subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def main() -> int:
    """Print what was found; return the exit status."""
    image, *modules = sys.argv[1:]
    found = find(image, tuple(modules))
    problems = tuple(found.problems())
    print(found, *problems, sep="\n", flush=True)
    return 1 if problems else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as error:
        print(f"acceptance: {error}", file=sys.stderr)
        sys.exit(1)
