#!/usr/bin/env python3
# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What many installed distributions cost at every start.

    python bench/start_up.py [--rounds N]

`build none --dry-run` with one framework installed, beside 200 distributions that have nothing to
do with it and 50 plugins (40 frameworks, 10 overlays). Prints a table, and fails where the latter
takes more than 1.5 times as long, or where a framework that nobody selects is imported.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MOST = 1.5
UNRELATED, FRAMEWORKS, OVERLAYS = 200, 40, 10
OURS = ("dynamo-container", "dynamo-container-images", "dynamo-container-none")
COMMAND = ("-m", "dynamo_container", "build", "none", "--target", "runtime", "--dry-run")
# A framework that takes a second and leaves a trace where somebody imports it.
SLOW = "import pathlib, time; pathlib.Path(__file__).with_name('imported').touch(); time.sleep(1)\n"
OVERLAY = """
from dynamo_container.api import *

@hookimpl
def dynamo_container_run_env(request):
    yield EnvVar(name="TEAM", value="inference")
"""


def main() -> int:
    """Measure in turn, so that a busy machine is busy for both; print."""
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
        for _ in range(rounds + 1):  # the first one writes bytecode
            for environment, found in times.items():
                found.append(timed(environment))
        imported = [one.parent.name for one in packages(full).glob("*/imported")]
    few, many = (statistics.median(found[1:]) for found in times.values())
    print("| installed | seconds |\n|---|---|")
    print(f"| one framework | {few:.3f} |")
    print(f"| {UNRELATED} other distributions, {FRAMEWORKS + OVERLAYS} plugins more | {many:.3f} |")
    print(f"\n{many / few:.2f} times; frameworks imported that nobody selected: {len(imported)}")
    if many > MOST * few or imported:
        print(f"more than {MOST} times, or something was imported", file=sys.stderr)
        return 1
    return 0


def packages(environment: Path) -> Path:
    """Where an environment has its packages."""
    return next(environment.glob("lib/python*/site-packages"))


def install_ours(site: Path) -> None:
    """Ours and what they need, as this Python has them: by links, editable ones by a path file."""
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
    """Install what the measurement is about."""
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
    """One distribution, with metadata of the usual size."""
    (site / package).mkdir()
    (site / package / "__init__.py").write_text(body)
    info = site / f"{package}-1.0.dist-info"
    info.mkdir()
    head = f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n"
    needs = "".join(f"Requires-Dist: library-{number}>=1\n" for number in range(10))
    ours = "Requires-Dist: dynamo-container<0.2,>=0.1\n"
    readme = "A line of a README.\n" * 200
    (info / "METADATA").write_text(f"{head}{needs}{ours}\n{readme}")
    (info / "entry_points.txt").write_text(entry_points.format(package))
    (info / "RECORD").write_text("".join(f"{package}/{n}.py,,\n" for n in range(50)))


def timed(environment: Path) -> float:
    """Seconds of one dry run."""
    started = time.perf_counter()
    subprocess.run(
        [environment / "bin" / "python", *COMMAND],
        check=True, stdout=subprocess.DEVNULL, env={"PATH": os.environ["PATH"]},
    )  # fmt: skip
    return time.perf_counter() - started


if __name__ == "__main__":
    sys.exit(main())
