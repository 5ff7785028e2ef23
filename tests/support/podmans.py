# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""A real podman for tests, with containers and images of its own."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

# The user of scripts/podman --rootless.
ROOTLESS_USER = 20042
SCRIPT = Path(__file__).parents[2] / "scripts" / "podman"


@dataclass(frozen=True)
class Podman:
    """A podman that can be used.

    Attributes:
        environment: the variables that put its command on the PATH, and name its configuration.
        rootless: whether an unprivileged user runs it.
    """

    environment: dict[str, str]
    rootless: bool

    def use(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Make podman this one until the test ends, and choose it as the engine."""
        for name, value in {**self.environment, "DYNAMO_CONTAINER_ENGINE": "podman"}.items():
            monkeypatch.setenv(name, value)

    def run(self, *words: str, stdin: bytes | None = None, check: bool = True) -> str:
        """Run a podman command and return its standard output."""
        completed = subprocess.run(
            [shutil.which("podman", path=self.environment["PATH"]) or "podman", *words],
            env={**os.environ, **self.environment},
            input=stdin,
            capture_output=True,
            check=False,
        )
        assert not (check and completed.returncode), completed.stderr.decode()
        return completed.stdout.decode().strip()


@contextmanager
def podman(*, rootless: bool, name: str = "test") -> Iterator[Podman]:
    """Start a podman with stand-ins for two GPUs; its files are deleted at the end.

    Args:
        rootless: run it as an unprivileged user.
        name: of this one among those that this process has.
    """
    if os.getuid() or not shutil.which("apt-get"):
        pytest.skip("podman for the tests requires root on Debian")
    words = [f"--name={name}-{os.getpid()}", *(["--rootless"] if rootless else [])]
    try:
        _script("up", "--gpus", *words)
        yield Podman(dict(_variables(_script("env", *words))), rootless)
    finally:
        _script("purge", *words)


def _variables(shown: str) -> Iterator[tuple[str, str]]:
    for line in shown.splitlines():
        name, _, value = line.removeprefix("export ").partition("=")
        yield name, shlex.split(value)[0].replace("$PATH", os.environ["PATH"])


def _script(*words: str) -> str:
    completed = subprocess.run([SCRIPT, *words], capture_output=True, text=True, check=False)
    assert completed.returncode == 0, completed.stderr
    return completed.stdout
