# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The checks of every image, run on this machine with libraries that are made here."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType

import pytest
from dynamo_container.api import entry_points
from dynamo_container_images import plugin

pytestmark = pytest.mark.processes
MACHINE = {"x86_64": 62, "aarch64": 183}
SCRIPTS = plugin.HERE / "check-scripts"


@pytest.fixture(scope="module")
def elf() -> ModuleType:
    """The program of the images that writes shared libraries."""
    path = plugin.HERE / "scripts" / "bin" / "stand-in-libraries"
    spec = spec_from_loader("stand_in_libraries", SourceFileLoader("stand_in_libraries", str(path)))
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def write(elf):
    """Write a shared library, which may need another one."""

    def run(path: Path, needed: str = "") -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        machine = MACHINE[platform.machine()]
        path.write_bytes(elf.shared_library(machine, path.name, [], needed))

    return run


def run(argv: tuple[str, ...], **variables: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, **variables}
    return subprocess.run(argv, env=env, capture_output=True, text=True, check=False)


def complete(site: Path) -> subprocess.CompletedProcess[str]:
    argv = (sys.executable, "-S", *entry_points("engine").argv[1:])
    return run(argv, PYTHONPATH=str(site))


@pytest.fixture
def engine(tmp_path):
    """A site with an engine that imports a package of others."""
    site = tmp_path / "site-packages"
    for name, text in {"engine": "import other", "other": ""}.items():
        (site / name).mkdir(parents=True)
        (site / name / "__init__.py").write_text(text)
    return site


def test_an_engines_library_that_lacks_another_one_fails(engine, write):
    write(engine / "engine" / "_C.abi3.so", "libgone.so.2")

    result = complete(engine)

    assert result.returncode == 1
    assert "engine/_C.abi3.so requires libgone.so.2, which is not found" in result.stderr


@pytest.mark.parametrize("needed", ["", "libcuda.so.1", "libnvidia-ml.so.1", "libbrought.so.1"])
def test_libraries_of_the_driver_and_of_other_packages_are_not_missing(engine, write, needed):
    write(engine / "torch" / "lib" / "libbrought.so.1")
    write(engine / "engine" / "lib" / "libengine.so", needed)

    result = complete(engine)

    assert (result.returncode, result.stdout) == (0, "")


def test_a_part_of_another_package_that_lacks_a_library_is_listed(engine, write):
    write(engine / "other" / "libpart.so", "libgone.so.2")
    write(engine / "not_imported" / "_C.abi3.so", "libgone.so.2")

    result = complete(engine)

    assert result.returncode == 0
    assert "other/libpart.so requires libgone.so.2" in result.stdout
    assert "not_imported" not in result.stdout


@pytest.fixture
def nixl(tmp_path, write):
    """A NIXL with these plugins, each of which may lack a library; on the loader's path or not."""

    def check(plugins: dict[str, str], *, on_path: bool = True):
        lib, folder = tmp_path / "nixl" / "lib", tmp_path / "nixl" / "plugins"
        folder.mkdir(parents=True)
        write(lib / "libnixl.so")
        write(lib / "libnixl_capi.so")
        for name, needed in plugins.items():
            write(folder / f"libplugin_{name}.so", needed)
        path = {"LD_LIBRARY_PATH": str(lib)} if on_path else {}
        variables = {"NIXL_LIB_DIR": str(lib), "NIXL_PLUGIN_DIR": str(folder), **path}
        return run((sys.executable, str(SCRIPTS / "load-nixl")), **variables)

    return check


def test_nixl_on_the_loaders_path_passes_and_plugins_that_lack_a_library_are_listed(nixl):
    result = nixl({"UCX": "", "GDS": "libgone.so.2"})

    assert result.returncode == 0
    assert result.stdout == "Plugins that lack a library here:\nGDS: libgone.so.2\n"


def test_nixl_that_is_not_on_the_loaders_path_fails(nixl):
    result = nixl({"UCX": ""}, on_path=False)

    assert result.returncode == 1
    assert "libnixl_capi.so: cannot open shared object file" in result.stderr


def test_the_plugin_that_every_machine_uses_has_to_load(nixl):
    result = nixl({"UCX": "libgone.so.2"})

    assert result.returncode == 1
    assert "libgone.so.2" in result.stderr


def test_an_image_without_nixl_passes():
    result = run((sys.executable, str(SCRIPTS / "load-nixl")), NIXL_LIB_DIR="")

    assert (result.returncode, result.stdout) == (0, "It has no NIXL.\n")


@pytest.mark.parametrize("gone", ["", "curl", "python3"])
def test_scripts_and_probes_find_python_and_curl(tmp_path, gone):
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in {"python3", "curl", "mktemp", "id", "rm"} - {gone}:
        (folder / name).symlink_to("/bin/true")
    (tmp_path / ".cache").mkdir()

    result = run(("/bin/sh", str(SCRIPTS / "any-user")), PATH=str(folder), HOME=str(tmp_path))

    assert result.returncode == (1 if gone else 0)
    assert f"{gone} does not run" in result.stderr if gone else not result.stderr


def test_a_cache_that_cannot_be_written_fails(tmp_path):
    (tmp_path / ".cache").write_text("it is not a folder")

    result = run(("/bin/sh", str(SCRIPTS / "any-user")), HOME=str(tmp_path))

    assert result.returncode == 1
    assert f"{tmp_path}/.cache is not writable for {os.getuid()}:" in result.stderr
