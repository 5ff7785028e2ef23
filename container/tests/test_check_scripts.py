# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The checks of every image, run on this machine with libraries that are made here."""

from __future__ import annotations

import os
import platform
import struct
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


def fat_binary(*entries: tuple[int, int, bytes]) -> bytes:
    """A container of GPU code, as nvcc writes it: each entry's kind, architecture and content."""
    body = b"".join(
        struct.pack("<HHIQIIHHI", kind, 0x101, 64, len(code), 0, 0, 0, 0, number).ljust(64, b"\0")
        + code
        for kind, number, code in entries
    )
    return struct.pack("<IHHQ", 0xBA55ED50, 1, 16, len(body)) + body


def elf_with(section: bytes, content: bytes) -> bytes:
    """An ELF file of 64 bits with one section besides that of the names."""
    names = b"\0" + section + b"\0.names\0"
    start = 64 + len(content)
    table = start + len(names)
    sections = ((0, 0, 0), (1, 64, len(content)), (2 + len(section), start, len(names)))
    headers = b"".join(
        struct.pack("<IIQQQQIIQQ", name, 1, 0, 0, at, size, 0, 0, 1, 0)
        for name, at, size in sections
    )
    header = struct.pack(
        "<16sHHIQQQIHHHHHH", b"\x7fELF\2\1\1", 3, 62, 1, 0, 0, table, 0, 64, 0, 0, 64, 3, 2
    )
    return header + content + names + headers


PTX, CODE = 1, 2
GPU_CODE = {
    ".nv_fatbin": (
        fat_binary((CODE, 75, b"x" * 40), (CODE, 90, b"y" * 8))
        + bytes(8)
        + fat_binary((PTX, 120, b"z" * 16), (CODE, 103, b""))
    ),
    ".text": fat_binary((CODE, 80, b"")),
}


@pytest.fixture
def gpu_code(tmp_path):
    """List the GPU code of a package whose libraries have these sections."""

    def check(*promises: str):
        files = ["acme_kernels-1.dist-info/RECORD", "acme_kernels-1.dist-info/METADATA"]
        for number, (section, content) in enumerate(GPU_CODE.items()):
            path = tmp_path / "acme" / f"lib{number}.so.1"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(elf_with(section.encode(), content))
            files.append(f"acme/{path.name}")
        (tmp_path / "acme" / "text.so").write_text("not a library" * 9)
        info = tmp_path / "acme_kernels-1.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: Acme_Kernels\nVersion: 1\n")
        (info / "RECORD").write_text("".join(f"{file},,\n" for file in [*files, "acme/text.so"]))
        argv = (sys.executable, "-S", str(SCRIPTS / "gpu-code"), *promises)
        return run(argv, PYTHONPATH=str(tmp_path))

    return check


def test_the_gpu_architectures_of_native_code_are_listed(gpu_code):
    result = gpu_code("acme-kernels=7.5,12.0+PTX")

    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == "acme-kernels: 7.5 9.0 10.3 12.0+PTX\n"


@pytest.mark.parametrize(
    ("promise", "message"),
    [
        ("acme-kernels=7.5,8.0,12.0", "acme-kernels has no code for 8.0 12.0"),
        ("torch=9.0", "torch has no code for 9.0"),
    ],
)
def test_code_that_the_label_promises_is_required(gpu_code, promise, message):
    result = gpu_code(promise)

    assert result.returncode == 1
    assert result.stderr == f"{message}, which the image's label promises\n"


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
