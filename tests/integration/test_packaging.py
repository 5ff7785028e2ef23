# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The distributions as users get them: sdists, wheels made from those, without the source tree."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import package_index
import pytest

pytestmark = pytest.mark.processes

ROOT = Path(__file__).parents[2]
PROJECTS = ("core", "container", "plugins/none", "plugins/sglang", "plugins/trtllm", "plugins/vllm")
VERSION = (ROOT / "VERSION").read_text().strip()


def run(*words: str | Path, cwd: Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run a command as a user's shell would, away from this repository."""
    answer = subprocess.run(
        [str(word) for word in words], cwd=cwd, capture_output=True, text=True, check=False
    )
    assert not (check and answer.returncode), answer.stdout + answer.stderr
    return answer


def pythons() -> dict[str, str]:
    """The supported Pythons of this machine, by version; at least the one that runs the tests."""
    found = {f"3.{sys.version_info.minor}": sys.executable}
    versions = Path(os.environ.get("PYENV_ROOT", "/nowhere")) / "versions"
    for minor in range(10, 14):
        version = f"3.{minor}"
        managed = sorted(versions.glob(f"{version}.*/bin/python{version}"))
        for path in (shutil.which(f"python{version}"), *map(str, managed)):
            if path and says(path) == version:
                found.setdefault(version, path)
    return found


def says(python: str) -> str:
    """The version that a Python says it is; empty where it does not run."""
    script = "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])"
    answer = subprocess.run([python, "-c", script], capture_output=True, text=True, check=False)
    return answer.stdout.strip()


@pytest.fixture(scope="session")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sdist of each distribution, and the wheel that is built from it."""
    folder = tmp_path_factory.mktemp("dist")
    for project in PROJECTS:
        build = (sys.executable, "-m", "build", "--no-isolation", "--outdir", folder)
        run(*build, ROOT / project, cwd=folder)
    return folder


@dataclass(frozen=True)
class Installed:
    """A virtual environment with the distributions in it."""

    folder: Path

    def __call__(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return run(self.folder / "bin" / "dynamo-container", *words, cwd=self.folder, check=check)

    def pip(self, *words: str | Path) -> None:
        run(self.folder / "bin" / "python", "-m", "pip", "-q", *words, cwd=self.folder)

    @contextmanager
    def having(self, wheel: Path) -> Iterator[None]:
        """Install a wheel for a while."""
        self.pip("install", "--no-deps", wheel)
        try:
            yield
        finally:
            self.pip("uninstall", "--yes", wheel.name.partition("-")[0])


@pytest.fixture(scope="session", params=sorted(pythons()))
def installed(
    request: pytest.FixtureRequest, dist: Path, tmp_path_factory: pytest.TempPathFactory
) -> Installed:
    """The wheels, installed with each Python."""
    folder = tmp_path_factory.mktemp(f"python{request.param}")
    run(pythons()[request.param], "-m", "venv", folder, cwd=folder)
    environment = Installed(folder)
    environment.pip("install", *sorted(dist.glob("*.whl")))
    return environment


def test_sdists_and_wheels_are_whole(dist):
    assert len(list(dist.iterdir())) == 2 * len(PROJECTS)
    for path in dist.iterdir():
        assert f"-{VERSION}" in path.name
        names = members(path)
        assert any(name.endswith("/py.typed") for name in names), path.name
        assert any(name.endswith("LICENSE") for name in names), path.name
        assert not any("__pycache__" in name or "egg-info" in name for name in names)


def members(path: Path) -> list[str]:
    if path.suffix == ".whl":
        return zipfile.ZipFile(path).namelist()
    with tarfile.open(path) as archive:
        # A link would point out of the archive.
        return [member.name for member in archive if member.isfile()]


def test_dockerfiles_and_scripts_travel_along(installed):
    shown = installed("build", "none", "--target", "runtime", "--dry-run").stdout

    outputs = [
        line.split('"')[3]
        for line in shown.splitlines()
        if line.strip().startswith(('"dockerfile"', '"context"'))
    ]
    assert len(outputs) == 8
    assert [one for one in outputs if not one.startswith(str(installed.folder))] == []
    assert [one for one in outputs if not Path(one).exists()] == []
    scripts = list(installed.folder.rglob("scripts/bin/*"))
    assert len(scripts) >= 5
    assert [path for path in scripts if not os.access(path, os.X_OK)] == []


def test_it_knows_its_version(installed):
    assert installed("--version").stdout == f"dynamo-container {VERSION}\n"


def test_a_broken_plugin_costs_one_warning_and_nothing_else(installed, tmp_path):
    wheel = package_index.write_wheel(
        tmp_path,
        "acme-broken",
        "2.7",
        body="raise RuntimeError('its GPU library is missing')",
        entry_points="[dynamo_container.overlays]\nacme = acme_broken\n",
    )
    with installed.having(wheel):
        version = installed("--version")
        built = installed("build", "none", "--target", "runtime", "--dry-run")
        checked = installed("plugins", "check", check=False)

    assert version.stderr == ""
    assert '"none-runtime"' in built.stdout
    (warning,) = [line for line in built.stderr.splitlines() if line.startswith("warning")]
    assert "acme-broken 2.7" in warning
    assert "its GPU library is missing" in warning
    assert "its GPU library is missing" in checked.stdout


def test_two_distributions_that_claim_a_name_are_an_error_that_names_both(installed, tmp_path):
    wheel = package_index.write_wheel(
        tmp_path,
        "acme-none",
        "3.1",
        entry_points="[dynamo_container.frameworks]\nnone = acme_none\n",
    )
    with installed.having(wheel):
        built = installed("build", "none", "--target", "runtime", "--dry-run", check=False)

    assert built.returncode == 5
    assert "acme-none 3.1" in built.stderr
    assert f"dynamo-container-none {VERSION}" in built.stderr


PLUGINS = tuple(one.partition("/")[2] for one in PROJECTS if one.startswith("plugins/"))
CONTRACT = """
from dynamo_container.testing import PluginContract

class TestContract(PluginContract):
    distribution = "dynamo-container-{name}"
    build_targets = ()
"""


@pytest.mark.parametrize("name", PLUGINS)
def test_each_plugin_alone_plans_lists_itself_and_keeps_its_contract(dist, tmp_path, name):
    run(sys.executable, "-m", "venv", tmp_path / "venv", cwd=tmp_path)
    alone = Installed(tmp_path / "venv")
    wheels = [
        wheel
        for wheel in dist.glob("*.whl")
        if wheel.name.split("-")[0]
        in ("dynamo_container", "dynamo_container_images", f"dynamo_container_{name}")
    ]
    alone.pip("install", *wheels, "pytest")
    (tmp_path / "test_contract.py").write_text(CONTRACT.format(name=name))

    listed = json.loads(alone("plugins", "list", "--json").stdout)
    planned = alone("build", "--target", "runtime", "--dry-run").stdout
    told = run(
        alone.folder / "bin" / "python", "-m", "pytest", "-q", "-p", "no:cacheprovider",
        "test_contract.py", cwd=tmp_path,
    ).stdout  # fmt: skip

    assert [one["name"] for one in listed if one["kind"] == "framework"] == [name]
    assert [one["name"] for one in listed if one["status"] != "ok"] == []
    assert f'"{name}-runtime"' in planned
    # Its images take minutes: the class says that there is none to build.
    assert re.search(r"^\d+ passed, .*1 deselected", told, re.MULTILINE), told
