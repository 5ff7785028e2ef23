#!/usr/bin/env python3
# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Measure the inner loop of `dev`: from a first call, and from an edit, to code that runs.

    python bench/inner_loop.py --image IMAGE [--source DIR --python-file FILE --rust-file FILE]

IMAGE is one of local-dev. Without --source, the checkout is a small stand-in with two crates, which
is written for this; with it, a line of comment is appended to each of the two files, and removed at
the end. Prints a table of seconds with the goals, and exits with status 1 if a goal is not met. The
container is deleted afterwards; what was compiled stays in the checkout.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "support"))

import checkouts  # noqa: E402  # of the tests

# In seconds, on two cores; None for what is only reported.
GOALS = {
    "first call: container created, Dynamo built in place": None,
    "second call": None,
    "Python edit, until the command has started again": 3.0,
    "Rust edit, until it is built and the command has started again": 30.0,
    "container recreated, until a command runs in it": 10.0,
}
PYTHON_FILE = "components/src/dynamo/tiny/__init__.py"
RUST_FILE = "lib/runtime/src/lib.rs"
# It imports the bindings, and says that it has.
PROGRAM = "import dynamo.runtime, time; print('started', flush=True); time.sleep(1e6)"
COMMENTS = {".py": "#", ".rs": "//"}


def main() -> int:
    """Measure, and print the table; return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--image", required=True, help="image of local-dev")
    parser.add_argument("--source", type=Path, help="checkout of Dynamo (default: a stand-in)")
    parser.add_argument("--python-file", default=PYTHON_FILE, metavar="FILE")
    parser.add_argument("--rust-file", default=RUST_FILE, metavar="FILE", help="of a leaf crate")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="dynamo-container-bench-") as directory:
        source = options.source or stand_in(Path(directory), options.image)
        words = ["none", "--image", options.image, "--source", str(source), "--hf-cache", "none",
                 "--gpus", "none"]  # fmt: skip
        try:
            seconds = list(measure(words, source, (options.python_file, options.rust_file)))
        finally:
            call("rm", "--source", str(source))
    return report(dict(zip(GOALS, seconds, strict=True)))


def stand_in(folder: Path, image: str) -> Path:
    """Write the small checkout for the user of the image, with the image's own Rust."""
    source = checkouts.write(folder / "dynamo")
    (source / "rust-toolchain.toml").unlink()
    user = subprocess.run(
        ["docker", "run", "--rm", image, "id", "-u"], capture_output=True, text=True, check=True
    ).stdout.strip()
    if os.geteuid() == 0:
        folder.chmod(0o755)
        subprocess.run(["chown", "-R", f"{user}:{user}", str(source)], check=True)
    return source


def measure(words: list[str], source: Path, files: tuple[str, str]) -> Iterator[float]:
    """Yield the seconds of each row."""
    yield timed(*words, "--", "true")
    yield timed(*words, "--", "true")
    with watching(*words) as wait_for_start:
        wait_for_start()
        for name in files:
            text = (source / name).read_text()
            begun = time.monotonic()
            try:
                append_comment(source / name)
                wait_for_start()
                yield time.monotonic() - begun
            finally:
                (source / name).write_text(text)
            wait_for_start()  # the file was restored, which is a change as well
    yield timed(*words, "--recreate", "--no-build", "--", "true")


def timed(*words: str) -> float:
    """Return the seconds of a call of `dev`."""
    begun = time.monotonic()
    call(*words)
    return time.monotonic() - begun


def call(*words: str) -> None:
    """Call `dev`; its output is shown if it fails."""
    answer = subprocess.run(
        [sys.executable, "-m", "dynamo_container", "dev", *words],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if answer.returncode:
        raise SystemExit(f"dev {' '.join(words)} failed:\n{answer.stdout}{answer.stderr}")


def append_comment(path: Path) -> None:
    """Change a file without changing what it does."""
    with path.open("a") as file:
        file.write(f"{COMMENTS[path.suffix]} {time.time_ns()}\n")


@contextmanager
def watching(*words: str) -> Iterator[Callable[[], None]]:
    """Watch the checkout until the block ends.

    Yields:
        A function that waits until the command has started once more.
    """
    argv = [sys.executable, "-m", "dynamo_container", "--quiet", "dev", *words, "--watch"]
    with subprocess.Popen(
        [*argv, "--", "python", "-c", PROGRAM], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        text=True,
    ) as process:  # fmt: skip
        output = process.stdout
        assert output

        def wait_for_start() -> None:
            for line in output:
                if line == "started\n":
                    return
            raise SystemExit("dev --watch ended by itself")

        try:
            yield wait_for_start
        finally:
            process.send_signal(signal.SIGINT)


def report(seconds: dict[str, float]) -> int:
    """Print the table, and return 1 if a goal is not met."""
    print("| | seconds | goal |\n|---|---|---|")
    for name, value in seconds.items():
        goal = GOALS[name]
        print(f"| {name} | {value:.1f} | {f'< {goal:.0f}' if goal else ''} |")
    return int(any((goal := GOALS[name]) and value > goal for name, value in seconds.items()))


if __name__ == "__main__":
    raise SystemExit(main())
