# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The distributions as users install them: wheels that are built from sdists, on two Pythons."""

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
PLUGINS = tuple(path.removeprefix("plugins/") for path in PROJECTS if path.startswith("plugins/"))
VERSION = (ROOT / "VERSION").read_text().strip()
MINORS = (11, 12, 13, 14)  # supported versions of Python 3


def run(*words: str | Path, cwd: Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run a command outside of this repository."""
    answer = subprocess.run(
        [str(word) for word in words], cwd=cwd, capture_output=True, text=True, check=False
    )
    assert not (check and answer.returncode), answer.stdout + answer.stderr
    return answer


def pythons() -> dict[int, str]:
    """Return the supported Pythons of this machine that can create virtual environments, by minor
    version. The one that runs the tests comes first in its version.
    """
    usable: dict[int, str] = {}
    managed = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    for minor in MINORS:
        name = f"python3.{minor}"
        for python in (
            sys.executable,
            shutil.which(name),
            *managed.glob(f"3.{minor}.*/bin/{name}"),
        ):
            if python and minor_of(python) == minor:
                usable.setdefault(minor, str(python))
    return usable


def minor_of(python: str | Path) -> int | None:
    """Return the minor version of a Python; None if it cannot create virtual environments."""
    script = "import sys, venv, ensurepip; print(sys.version_info.minor)"
    answer = subprocess.run([python, "-c", script], capture_output=True, text=True, check=False)
    return int(answer.stdout) if answer.returncode == 0 else None


def python_for(which: str) -> str:
    """Return the oldest or the newest usable Python; skip the test if there is no such one."""
    usable = pythons()
    if not usable:
        reason = "no supported Python of this machine can create virtual environments"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    oldest, newest = min(usable), max(usable)
    if which == "newest" and newest == oldest:
        pytest.skip(f"this machine has no other supported Python than 3.{oldest}")
    return usable[oldest if which == "oldest" else newest]


@pytest.fixture(scope="session")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the sdist of each distribution, and its wheel from the sdist."""
    folder = tmp_path_factory.mktemp("dist")
    for project in PROJECTS:
        build = (sys.executable, "-m", "build", "--no-isolation", "--outdir", folder)
        run(*build, ROOT / project, cwd=folder)
    return folder


@dataclass(frozen=True)
class Installed:
    """A virtual environment with distributions in it."""

    folder: Path

    @classmethod
    def create(cls, folder: Path, python: str = sys.executable) -> Installed:
        """Create an empty virtual environment."""
        run(python, "-m", "venv", folder, cwd=folder.parent)
        return cls(folder)

    def __call__(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return run(self.folder / "bin" / "dynamo-container", *words, cwd=self.folder, check=check)

    def pip(self, *words: str | Path) -> None:
        run(self.folder / "bin" / "python", "-m", "pip", "-q", *words, cwd=self.folder)

    @contextmanager
    def having(self, wheel: Path) -> Iterator[None]:
        """Install a wheel temporarily."""
        self.pip("install", "--no-deps", wheel)
        try:
            yield
        finally:
            self.pip("uninstall", "--yes", wheel.name.partition("-")[0])


@pytest.fixture(scope="session", params=["oldest", "newest"])
def installed(
    request: pytest.FixtureRequest, dist: Path, tmp_path_factory: pytest.TempPathFactory
) -> Installed:
    """Install all wheels, once for each Python."""
    python = python_for(request.param)
    environment = Installed.create(tmp_path_factory.mktemp(request.param) / "venv", python)
    environment.pip("install", *sorted(dist.glob("*.whl")))
    return environment


def wheels_of(dist: Path, *names: str) -> list[Path]:
    """Return the wheels of distributions."""
    return [next(dist.glob(f"{name.replace('-', '_')}-{VERSION}-*.whl")) for name in names]


def test_sdists_and_wheels_have_all_files_and_a_license(dist):
    assert len(list(dist.iterdir())) == 2 * len(PROJECTS)
    for path in dist.iterdir():
        assert f"-{VERSION}" in path.name
        names = members(path)
        assert any(name.endswith("/py.typed") for name in names), path.name
        assert any(name.endswith("LICENSE") for name in names), path.name
        assert not any("__pycache__" in name or "egg-info" in name for name in names)


def members(path: Path) -> list[str]:
    """Return the names of the files in an archive."""
    if path.suffix == ".whl":
        return zipfile.ZipFile(path).namelist()
    with tarfile.open(path) as archive:
        # A link would point to a file outside of the archive.
        return [member.name for member in archive if member.isfile()]


def test_dockerfiles_and_scripts_are_package_data(installed):
    printed = installed("build", "none", "--target", "runtime", "--dry-run").stdout

    paths = [
        line.split('"')[3]
        for line in printed.splitlines()
        if line.strip().startswith(('"dockerfile"', '"context"'))
    ]
    assert len(paths) >= 8  # two for each stage
    assert [path for path in paths if not path.startswith(str(installed.folder))] == []
    assert [path for path in paths if not Path(path).exists()] == []
    scripts = list(installed.folder.rglob("scripts/bin/*"))
    assert len(scripts) >= 5
    assert [path for path in scripts if not os.access(path, os.X_OK)] == []


def test_version_is_that_of_the_repository(installed):
    assert installed("--version").stdout == f"dynamo-container {VERSION}\n"


def test_a_broken_plugin_causes_a_single_warning(installed, tmp_path):
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


def test_two_distributions_with_the_same_framework_are_an_error_that_names_both(
    installed, tmp_path
):
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


def test_each_plugin_has_an_extra_of_the_core(dist):
    (wheel,) = wheels_of(dist, "dynamo-container")
    (metadata,) = [name for name in members(wheel) if name.endswith(".dist-info/METADATA")]
    lines = zipfile.ZipFile(wheel).read(metadata).decode().splitlines()

    assert {f"Provides-Extra: {name}" for name in PLUGINS} <= set(lines)
    for name in PLUGINS:
        requirement = f"Requires-Dist: dynamo-container-{name}<0.3,>=0.2; extra == '{name}'"
        assert requirement in lines


def test_an_extra_installs_its_plugin_from_local_wheels(dist, tmp_path):
    dependencies = tmp_path / "dependencies"
    environment = Installed.create(tmp_path / "venv")
    core = wheels_of(dist, "dynamo-container")[0]
    environment.pip("wheel", "--wheel-dir", dependencies, core)

    links = ("--find-links", dist, "--find-links", dependencies)
    environment.pip("install", "--no-index", *links, f"dynamo-container[none]=={VERSION}")

    listed = json.loads(environment("plugins", "list", "--json").stdout)
    assert [plugin["name"] for plugin in listed if plugin["kind"] == "framework"] == ["none"]
    printed = environment("build", "none", "--target", "runtime", "--dry-run").stdout
    assert '"none-runtime"' in printed


CONTRACT = """
from dynamo_container.testing import PluginContract

class TestContract(PluginContract):
    distribution = "dynamo-container-{name}"
    build_targets = ()
"""


@pytest.mark.parametrize("name", PLUGINS)
def test_each_plugin_works_without_the_others_and_passes_the_contract(dist, tmp_path, name):
    alone = Installed.create(tmp_path / "venv")
    distributions = ("dynamo-container", "dynamo-container-images", f"dynamo-container-{name}")
    alone.pip("install", *wheels_of(dist, *distributions), "pytest")
    (tmp_path / "test_contract.py").write_text(CONTRACT.format(name=name))

    listed = json.loads(alone("plugins", "list", "--json").stdout)
    printed = alone("build", "--target", "runtime", "--dry-run").stdout
    tested = run(
        alone.folder / "bin" / "python", "-m", "pytest", "-q", "-p", "no:cacheprovider",
        "test_contract.py", cwd=tmp_path,
    ).stdout  # fmt: skip

    assert [plugin["name"] for plugin in listed if plugin["kind"] == "framework"] == [name]
    assert [plugin["name"] for plugin in listed if plugin["status"] != "ok"] == []
    assert f'"{name}-runtime"' in printed
    # The test that builds images takes minutes; `build_targets = ()` deselects it.
    assert re.search(r"^\d+ passed, .*1 deselected", tested, re.MULTILINE), tested
