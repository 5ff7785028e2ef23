# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""More real engines, each with a configuration of its own, and a tiny image for them."""

from __future__ import annotations

import itertools
import os
import shlex
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "engine"
# A shell and a few programs, with the libraries that they require.
PROGRAMS = "/bin/cat /bin/env /bin/ls /bin/sh /bin/sleep /bin/true"
PACK = """\
{{ printf '%s\\n' {programs}; ldd {programs} | grep --only-matching '/[^ :]*'; }} | sort --unique |
    tar --create --dereference --absolute-names --files-from=-
"""


IMAGE = "tiny:1"
_numbers = itertools.count(1)


@contextmanager
def tiny_engine(
    base_image: str,
    generation: str = "stable",
    gpus: str = "none",
    labels: tuple[str, ...] = (),
    *,
    image_store: bool = False,
    bridge: bool = False,
) -> Iterator[Engine]:
    """Start an engine with the image `tiny:1`, which gets these labels."""
    files = tiny_image(base_image)
    with engine(generation, gpus, image_store=image_store, bridge=bridge) as started:
        changes = [word for label in labels for word in ("--change", f"LABEL {label}")]
        started.docker("import", *changes, "-", IMAGE, stdin=files)
        yield started


def until(condition: Callable[[], object], seconds: float = 20) -> None:
    """Wait until another process has made a condition true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"the condition is not true after {seconds:g} s"
        time.sleep(0.02)


def tiny_image(base_image: str, programs: str = PROGRAMS) -> bytes:
    """Return the files of an image of 4 MB, as `docker import` takes them."""
    pack = PACK.format(programs=programs)
    command = ["docker", "run", "--rm", "--network=none", base_image, "sh", "-c", pack]
    return subprocess.run(command, check=True, capture_output=True).stdout


@dataclass(frozen=True)
class Engine:
    """A running engine.

    Attributes:
        environment: the variables that make docker use it.
        folder: its configuration, log and socket.
        options: of `scripts/engine`, that name it.
    """

    environment: dict[str, str]
    folder: Path
    options: tuple[str, ...]

    def use(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Make docker use it until the test ends."""
        for name, value in self.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.delenv("DOCKER_CONTEXT", raising=False)

    def docker(self, *words: str, stdin: bytes | None = None, check: bool = True) -> str:
        """Run a docker command and return its standard output."""
        completed = subprocess.run(
            ["docker", *words],
            env={**os.environ, **self.environment},
            input=stdin,
            capture_output=True,
            check=False,
        )
        assert completed.returncode == 0 or not check, completed.stderr
        return completed.stdout.decode().strip()

    def remove_containers(self) -> None:
        """Delete all containers. Those that are about to delete themselves are waited for: docker
        refuses to delete them once more.
        """

        def are_gone() -> bool:
            containers = self.docker("ps", "--all", "--quiet").split()
            if containers:
                self.docker("rm", "--force", *containers, check=False)
            return not containers

        until(are_gone)

    def script(self, command: str) -> str:
        """Run a command of `scripts/engine`, and return its messages."""
        return _script(command, *self.options).stderr


@contextmanager
def engine(
    generation: str = "stable",
    gpus: str = "none",
    *,
    image_store: bool = False,
    disk: str = "",
    bridge: bool = False,
) -> Iterator[Engine]:
    """Start an engine beside the others; it is deleted at the end.

    Args:
        generation, gpus: as `scripts/engine` takes them.
        image_store: use containerd's image store.
        disk: size of the disk for its data, such as `100m`; empty for no limit.
        bridge: with a network `bridge`, which leads nowhere.
    """
    if os.getuid() or not shutil.which("apt-get"):
        pytest.skip("more engines require root on Debian")
    # Short, because sockets are below a folder of this name, and their paths are limited.
    name = f"test-{os.getpid()}-{next(_numbers)}"
    words = ["--generation", generation, "--name", name, "--gpus", gpus]
    words += ["--containerd"] if image_store else []
    words += ["--disk", disk] if disk else []
    words += ["--bridge"] if bridge else []
    try:
        _script("up", *words)
        shown = _script("env", *words).stdout
        environment = dict(
            line.removeprefix("export ").split("=", 1)
            for line in shown.splitlines()
            if line.startswith(("export DOCKER", "export PATH"))
        )
        environment = {key: shlex.split(value)[0] for key, value in environment.items()}
        environment["PATH"] = environment["PATH"].replace("$PATH", os.environ["PATH"])
        socket = Path(environment["DOCKER_HOST"].removeprefix("unix://"))
        yield Engine(environment, socket.parent, tuple(words))
    finally:
        _script("purge", *words)


def _script(*words: str) -> subprocess.CompletedProcess[str]:
    completed = subprocess.run([SCRIPT, *words], capture_output=True, text=True, check=False)
    assert completed.returncode == 0, completed.stderr
    return completed
