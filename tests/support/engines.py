# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Further real engines with configurations of their own, and a tiny image for them."""

from __future__ import annotations

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
# A shell and a few programs, with the libraries that they need.
PROGRAMS = "/bin/cat /bin/env /bin/ls /bin/sh /bin/sleep /bin/true"
PACK = """\
{{ printf '%s\\n' {programs}; ldd {programs} | grep --only-matching '/[^ :]*'; }} | sort --unique |
    tar --create --dereference --absolute-names --files-from=-
"""


IMAGE = "tiny:1"


@contextmanager
def tiny_engine(
    base_image: str,
    generation: str = "stable",
    gpus: str = "none",
    labels: tuple[str, ...] = (),
    *,
    image_store: bool = False,
) -> Iterator[Engine]:
    """An engine of its own with the image `tiny:1`, which has these labels."""
    files = tiny_image(base_image)
    with engine(generation, gpus, image_store=image_store) as one:
        changes = [word for label in labels for word in ("--change", f"LABEL {label}")]
        one.docker("import", *changes, "-", IMAGE, stdin=files)
        yield one


def until(condition: Callable[[], object], seconds: float = 20) -> None:
    """Wait for something that another process does."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.02)


def tiny_image(base_image: str) -> bytes:
    """The files of an image of 4 MB, as `docker import` takes them."""
    pack = PACK.format(programs=PROGRAMS)
    command = ["docker", "run", "--rm", "--network=none", base_image, "sh", "-c", pack]
    return subprocess.run(command, check=True, capture_output=True).stdout


@dataclass(frozen=True)
class Engine:
    """An engine that runs.

    Attributes:
        environment: what points docker at it.
        folder: its configuration, log and socket.
    """

    environment: dict[str, str]
    folder: Path

    def use(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Point docker at it until the test ends."""
        for name, value in self.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.delenv("DOCKER_CONTEXT", raising=False)

    def docker(self, *words: str, stdin: bytes | None = None) -> str:
        """A docker command's standard output."""
        answer = subprocess.run(
            ["docker", *words],
            env={**os.environ, **self.environment},
            input=stdin,
            capture_output=True,
            check=False,
        )
        assert answer.returncode == 0, answer.stderr
        return answer.stdout.decode().strip()


@contextmanager
def engine(
    generation: str = "stable", gpus: str = "none", *, image_store: bool = False, disk: str = ""
) -> Iterator[Engine]:
    """Start one beside the others, if asked for with containerd's image store, or with a disk of
    this size (`100m`); it is deleted in the end.
    """
    if os.getuid() or not shutil.which("apt-get"):
        pytest.skip("further engines need root on Debian")
    name = f"test-{'store' if image_store else gpus}{disk}-{os.getpid()}"
    words = ["--generation", generation, "--name", name, "--gpus", gpus]
    words += ["--containerd"] if image_store else []
    words += ["--disk", disk] if disk else []
    try:
        _script("up", *words)
        shown = _script("env", *words)
        environment = dict(
            line.removeprefix("export ").split("=", 1)
            for line in shown.splitlines()
            if line.startswith(("export DOCKER", "export PATH"))
        )
        environment = {key: shlex.split(value)[0] for key, value in environment.items()}
        environment["PATH"] = environment["PATH"].replace("$PATH", os.environ["PATH"])
        socket = Path(environment["DOCKER_HOST"].removeprefix("unix://"))
        yield Engine(environment, socket.parent)
    finally:
        _script("purge", *words)


def _script(*words: str) -> str:
    answer = subprocess.run([SCRIPT, *words], capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout
