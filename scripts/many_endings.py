#!/usr/bin/env python3
# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""End commands in every way at random moments, and see what is left.

    eval "$(scripts/engine env)"
    .venv/bin/python scripts/many_endings.py [--tries N] [--seed N] [--only COMMAND ...]

Each of the 200 tries starts a command on an engine of its own, ends it by SIGINT, SIGTERM, SIGHUP
or SIGKILL after a random time, and looks for what may not be left: processes, containers, networks,
names, tags, incomplete files. A table at the end counts them. It takes some 20 minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1] / "tests" / "support"), str(Path(__file__).parent)]

from endings import Started, dockerfile, hooks, running, started  # noqa: E402
from engines import IMAGE, Engine, tiny_engine  # noqa: E402
from fakes import Site  # noqa: E402
from running import free_port  # noqa: E402
from tiny_model import write as write_model  # noqa: E402

BASE_IMAGE = os.environ.get("DYNAMO_CONTAINER_TEST_BASE_IMAGE", "")
SIGNALS = ("INT", "TERM", "HUP", "KILL")
# What is left must be gone after this time: docker itself needs some to remove a container.
PATIENCE = 30.0
# A program that stands for all services: it is never ready.
SERVICE = f"""\
FROM {IMAGE}
COPY --chmod=755 <<EOF /bin/python3
#!/bin/sh
exec sleep 300
EOF
"""
SERVED = "served:1"


@dataclass(frozen=True)
class Try:
    """A command that will be ended.

    Attributes:
        words: of the command line.
        seconds: the longest time until it is ended.
        left: returns what is left of it; called until it is nothing, or the patience ends.
        retry: words that must work afterwards; empty for none.
    """

    words: list[str]
    seconds: float
    left: Callable[[Started], list[str]]
    retry: tuple[str, ...] = ()


class Tries:
    """Makes tries on an engine.

    Attributes:
        ended: when the command of the latest try ended, in seconds since 1970.
    """

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.ended = 0.0
        self._engine = engine
        self._folder = folder

    def build(self) -> Try:
        step, tag = uuid.uuid4().hex, f"ended:{uuid.uuid4().hex[:8]}"
        words = ["build", "ending", "--tag", tag, "--no-latest", "--build-arg", f"STEP={step}"]

        def left(_: Started) -> list[str]:
            return [*running(f"STEP={step}"), *self._tagged_later(tag)]

        return Try(words, 6, left)

    def check(self) -> Try:
        return Try(["check", IMAGE, "--framework", "ending"], 5, self._containers)

    def run(self) -> Try:
        words = [*self._run(), "--", "sh", "-c", "exec sleep 300"]
        return Try(words, 4, self._containers, (*self._run(), "--", "true"))

    def run_wait(self) -> Try:
        words = [*self._run(), "-d", "--wait", "--", "sh", "-c", "exec sleep 300"]
        return Try(words, 5, self._containers, (*self._run(), "--", "true"))

    def stop(self) -> Try:
        name = f"slow-{uuid.uuid4().hex[:8]}"
        script = "trap '' TERM; while :; do sleep 0.1; done"
        self._engine.docker(
            "run", "-d", "--network=none", "--name", name, "--label",
            "ai.dynamo.container.run=ending", IMAGE, "sh", "-c", script,
        )  # fmt: skip

        def left(_: Started) -> list[str]:
            """Nothing: stopping it again must work."""
            self._engine.docker("rm", "--force", name)
            return []

        return Try(["stop", "--time", "20", name], 3, left)

    def render(self) -> Try:
        return self._writing("render", "ending", "--output", "out")

    def devcontainer(self) -> Try:
        return self._writing("devcontainer", "ending")

    def serve(self) -> Try:
        project = f"ended-{uuid.uuid4().hex[:8]}"
        model = str(self._folder / "model")
        words = ["serve", "none", "--image", SERVED, "--model", model, "--name", project]
        words += ["--gpus", "none", "--port", str(free_port())]

        def left(command: Started) -> list[str]:
            label = f"label=com.docker.compose.project={project}"
            networks = self._engine.docker("network", "ls", "--quiet", "--filter", label).split()
            return [*self._containers(command), *networks]

        return Try(words, 10, left)

    def clean(self) -> list[str]:
        """Remove containers that are left, which are not to be found again in the next try; return
        them.
        """
        found = self._listed()
        for line in found:
            self._engine.docker("rm", "--force", line.split()[0])
        return found

    def _tagged_later(self, tag: str) -> list[str]:
        """Return the tag if it was set after the build had ended, instead of just before that."""
        form = "{{json .Metadata.LastTagTime}}"
        if not self._engine.docker("image", "ls", "--quiet", tag):
            return []
        moment = json.loads(self._engine.docker("image", "inspect", "--format", form, tag))
        later = datetime.fromisoformat(moment).timestamp() - self.ended
        return [f"{tag} set {later:.2f} s later"] if later > 0 else []

    def _writing(self, *words: str) -> Try:
        folder = self._folder / uuid.uuid4().hex[:8]
        folder.mkdir()
        os.chdir(folder)

        def left(_: Started) -> list[str]:
            return [path.name for path in folder.rglob(".dynamo-container-*")]

        return Try([*words], 0.8, left, (*words, "--force"))

    def _run(self) -> list[str]:
        words = ["run", "ending", "--workdir=/", "--gpus=none", "--image", IMAGE]
        return [*words, "--network", "none", "--name", "ended"]

    def _containers(self, _: Started) -> list[str]:
        return self._listed()

    def _listed(self) -> list[str]:
        form = "{{.Names}} {{.State}}"
        return self._engine.docker("ps", "--all", "--format", form).splitlines()


def main() -> int:
    """Make the tries, print the table; return 1 if anything was left."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tries", type=int, default=200)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))  # noqa: S311
    parser.add_argument("--only", nargs="*", default=[], help="names of commands")
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}")
    chance = random.Random(arguments.seed)  # noqa: S311
    found: dict[str, Counter[str]] = {name: Counter() for name in arguments.only or COMMANDS}
    with prepared() as tries:
        for number in range(arguments.tries):
            name = list(found)[number % len(found)]
            ending = SIGNALS[number // len(found) % len(SIGNALS)]
            left = attempt(tries, COMMANDS[name](tries), ending, chance)
            # An engine that is busy may create a container later.
            left += [line for line in tries.clean() if line not in left]
            found[name][ending] += 1
            found[name]["left"] += bool(left)
            print(f"{number + 1}: {name} {ending}: {left or 'nothing left'}", flush=True)
    show(found)
    return 1 if any(counts["left"] for counts in found.values()) else 0


COMMANDS: dict[str, Callable[[Tries], Try]] = {
    "build": Tries.build,
    "check": Tries.check,
    "run": Tries.run,
    "run --wait": Tries.run_wait,
    "stop": Tries.stop,
    "render": Tries.render,
    "devcontainer": Tries.devcontainer,
    "serve": Tries.serve,
}


@contextmanager
def prepared() -> Iterator[Tries]:
    """Start an engine, with images, and install a framework, in a temporary folder."""
    with tempfile.TemporaryDirectory() as name, tiny_engine(BASE_IMAGE) as engine:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "site").mkdir()
        (folder / "model").mkdir()
        write_model(folder / "model")
        Site(folder / "site").framework("ending", hooks("exec sleep 2"), dockerfile(2))
        os.environ.update(engine.environment, PYTHONPATH=str(folder / "site"))
        engine.docker("build", "--quiet", "--tag", SERVED, "-", stdin=SERVICE.encode())
        os.chdir(folder)
        yield Tries(engine, folder)


def attempt(tries: Tries, one: Try, ending: str, chance: random.Random) -> list[str]:
    """Start a command, end it at a random moment, and return what is left."""
    with started(*one.words, ending=ending) as command:
        time.sleep(chance.uniform(0, one.seconds))
        end(command, ending)
        tries.ended = time.time()
        left = command.processes() + one.left(command)
        deadline = time.monotonic() + PATIENCE
        while left and time.monotonic() < deadline:
            time.sleep(0.2)
            left = command.processes() + one.left(command)
    if not left and one.retry:
        left = retried(one.retry)
    return left


def end(command: Started, ending: str) -> None:
    """End it: once a second, as people do, because docker loses a signal that it passes on before
    the first process of a container has started.
    """
    deadline = time.monotonic() + PATIENCE
    while command.process.poll() is None and time.monotonic() < deadline:
        command.process.send_signal(getattr(signal, f"SIG{ending}"))
        with suppress(subprocess.TimeoutExpired):
            command.process.wait(1)


def retried(words: tuple[str, ...]) -> list[str]:
    """Repeat a command, which must work; return its errors."""
    line = [sys.executable, "-m", "dynamo_container", *words]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    return [done.stderr] if done.returncode else []


def show(found: dict[str, Counter[str]]) -> None:
    """Print how many tries there were, and how many left something."""
    columns = (*SIGNALS, "left")
    print("| command | " + " | ".join(columns) + " |\n|" + "---|" * (len(columns) + 1))
    for name, counts in found.items():
        print(f"| `{name}` | " + " | ".join(str(counts[column]) for column in columns) + " |")


if __name__ == "__main__":
    raise SystemExit(main())
