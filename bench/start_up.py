#!/usr/bin/env python3
# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Measure what many installed distributions cost at each start.

    python bench/start_up.py [--rounds N]

Compares `build none --dry-run` with a single framework installed, and the same with 200 unrelated
distributions and 50 plugins (40 frameworks, 10 overlays) in addition. Prints a table. Exits with
status 1 if the latter takes more than 1.5 times as long, or if it imports a framework that was not
selected.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

LIMIT = 1.5
UNRELATED, FRAMEWORKS, OVERLAYS = 200, 40, 10
OURS = ("dynamo-container", "dynamo-container-images", "dynamo-container-none")
COMMAND = ("-m", "dynamo_container", "build", "none", "--target", "runtime", "--dry-run")
# A framework whose import takes a second and leaves a file behind.
SLOW = "import pathlib, time; pathlib.Path(__file__).with_name('imported').touch(); time.sleep(1)\n"
OVERLAY = """
from dynamo_container.api import *

@hookimpl
def dynamo_container_run_env(request):
    yield EnvVar(name="TEAM", value="inference")
"""


def main() -> int:
    """Measure both in turns, because the load of the machine changes; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=25)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        plain, full = Path(folder, "plain"), Path(folder, "full")
        for environment in (plain, full):
            subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
            install_ours(packages(environment))
        fill(packages(full))
        times: dict[Path, list[float]] = {plain: [], full: []}
        for _ in range(rounds + 1):  # the first one compiles bytecode
            for environment, seconds in times.items():
                seconds.append(timed(environment))
        imported = [file.parent.name for file in packages(full).glob("*/imported")]
    few, many = (statistics.median(seconds[1:]) for seconds in times.values())
    print("| installed | seconds |\n|---|---|")
    print(f"| one framework | {few:.3f} |")
    print(
        f"| with {UNRELATED} other distributions and {FRAMEWORKS + OVERLAYS} plugins | {many:.3f} |"
    )
    print(f"\nratio {many / few:.2f}; imported without being selected: {len(imported)} frameworks")
    if many > LIMIT * few or imported:
        print(f"the ratio is over {LIMIT}, or a framework was imported", file=sys.stderr)
        return 1
    return 0


def packages(environment: Path) -> Path:
    """Return the folder with the packages of an environment."""
    return next(environment.glob("lib/python*/site-packages"))


def install_ours(site: Path) -> None:
    """Install our distributions and what they require, as links to the packages of this Python."""
    here = Path(next(path for path in sys.path if path.endswith("site-packages")))
    skipped = ("mypy", "ruff", "hypothesis", "pip", "setuptools", "_pytest", "pytest", "mkdocs")
    for path in here.iterdir():
        if not path.name.startswith(skipped):
            (site / path.name).symlink_to(path)
    for path in site.glob("dynamo_container*.dist-info"):
        name = path.name.partition("-")[0].replace("_", "-")
        if name not in OURS:
            path.unlink()


def fill(site: Path) -> None:
    """Install the distributions whose cost is measured."""
    scripts = "[console_scripts]\n{0} = {0}:main\n[some.group]\na = {0}:a\nb = {0}:b\n"
    for number in range(UNRELATED):
        write(site, f"unrelated_{number}", scripts)
    for number in range(FRAMEWORKS):
        name = f"framework_{number}"
        write(site, name, f"[dynamo_container.frameworks]\n{name} = {{0}}\n", SLOW)
    for number in range(OVERLAYS):
        name = f"overlay_{number}"
        write(site, name, f"[dynamo_container.overlays]\n{name} = {{0}}\n", OVERLAY)


def write(site: Path, package: str, entry_points: str, body: str = "") -> None:
    """Write a distribution with metadata of the usual size."""
    (site / package).mkdir()
    (site / package / "__init__.py").write_text(body)
    info = site / f"{package}-1.0.dist-info"
    info.mkdir()
    head = f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n"
    needs = "".join(f"Requires-Dist: library-{number}>=1\n" for number in range(10))
    ours = f"Requires-Dist: dynamo-container{compatible_versions()}\n"
    readme = "A line of a README.\n" * 200
    (info / "METADATA").write_text(f"{head}{needs}{ours}\n{readme}")
    (info / "entry_points.txt").write_text(entry_points.format(package))
    (info / "RECORD").write_text("".join(f"{package}/{n}.py,,\n" for n in range(50)))


def compatible_versions() -> str:
    """Return the range of versions that a plugin for the installed core requires."""
    major, minor = importlib.metadata.version("dynamo-container").split(".")[:2]
    return f"<{major}.{int(minor) + 1},>={major}.{minor}"


def timed(environment: Path) -> float:
    """Return the seconds that a dry run takes."""
    started = time.perf_counter()
    subprocess.run(
        [environment / "bin" / "python", *COMMAND],
        check=True, stdout=subprocess.DEVNULL, env={"PATH": os.environ["PATH"]},
    )  # fmt: skip
    return time.perf_counter() - started


if __name__ == "__main__":
    sys.exit(main())
