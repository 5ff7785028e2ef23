# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What takes the places of CUDA's libraries in an image for CPUs, compiled and loaded here."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "src/dynamo_container_images/scripts/bin/stand-in-libraries"
# A library as PyTorch's is: functions with versions, one of which is called only if there is a GPU,
# and one whose address is taken when the library is loaded.
USES = """
int cudaGetDeviceCount(int *); const char *cudaGetErrorString(int); int cudaFinalize(void);
int (*finalize)(void) = cudaFinalize;
int count(void) { int n = 0; return cudaGetDeviceCount(&n); }
const char *text(void) { return cudaGetErrorString(100); }
int at_end(void) { return finalize(); }
"""
CUDA = """
int cudaGetDeviceCount(int *n) { return 0; }
const char *cudaGetErrorString(int n) { return "real"; }
int cudaFinalize(void) { return 0; }
"""
VERSIONS = "libcudart.so.13 { global: cuda*; };"
LOAD = """
import ctypes, sys
library = ctypes.CDLL(sys.argv[1])
library.text.restype = ctypes.c_char_p
print(library.count(), library.text().decode(), library.at_end())
"""


def compiled(output: Path, code: str, *arguments: str) -> None:
    source = output.with_suffix(".c")
    source.write_text(code)
    words = ["gcc", "-shared", "-fPIC", "-Wl,-z,lazy", "-o", str(output), str(source), *arguments]
    subprocess.run(words, check=True)
    source.unlink()


@pytest.fixture
def venv(tmp_path: Path) -> Path:
    """A venv with a PyTorch whose CUDA libraries are not installed."""
    if not shutil.which("gcc"):
        pytest.skip("requires gcc")
    folder = tmp_path / "lib/python3.12/site-packages/torch/lib"
    folder.mkdir(parents=True)
    (tmp_path / "versions").write_text(VERSIONS)
    script = f"-Wl,--version-script={tmp_path}/versions"
    cuda = tmp_path / "libcudart.so.13"
    compiled(cuda, CUDA, "-Wl,-soname,libcudart.so.13", script)
    runpath = "-Wl,-rpath,$ORIGIN"
    compiled(folder / "libtorch_python.so", USES, str(cuda), runpath)
    cuda.unlink()
    return tmp_path


def stand_in(venv: Path, device: str) -> None:
    environment = {"PATH": "/usr/bin:/bin", "DEVICE": device}
    subprocess.run([sys.executable, SCRIPT, venv], check=True, env=environment)


def load(venv: Path) -> subprocess.CompletedProcess[str]:
    (library,) = venv.rglob("libtorch_python.so")
    words = [sys.executable, "-c", LOAD, str(library)]
    return subprocess.run(words, check=False, capture_output=True, text=True)


@pytest.mark.processes
def test_every_function_reports_that_there_is_no_device(venv: Path) -> None:
    assert "libcudart.so.13: cannot open shared object file" in load(venv).stderr

    stand_in(venv, "cpu")

    assert load(venv).stdout == "100 this image has no CUDA 100\n", load(venv).stderr


@pytest.mark.processes
def test_images_for_other_devices_stay_as_they_are(venv: Path) -> None:
    before = sorted(venv.rglob("*"))

    stand_in(venv, "")
    stand_in(venv, "rocm")

    assert sorted(venv.rglob("*")) == before


@pytest.mark.processes
def test_a_pytorch_that_lacks_nothing_stays_as_it_is(venv: Path) -> None:
    (library,) = venv.rglob("libtorch_python.so")
    compiled(library, "int count(void) { return 0; }")
    before = sorted(venv.rglob("*"))

    stand_in(venv, "cpu")

    assert sorted(venv.rglob("*")) == before


@pytest.mark.processes
def test_the_check_of_packages_accepts_them_and_no_others(venv: Path) -> None:
    (site,) = venv.glob("lib/python*/site-packages")
    record = site / "torch-2.13.0.dist-info/RECORD"
    record.parent.mkdir()
    record.write_text("torch/lib/libtorch_python.so,,\n")
    stand_in(venv, "cpu")

    accepted = verified(site)
    (site / "torch/lib/libextra.so").touch()
    refused = verified(site)

    assert accepted.returncode == 0, accepted.stderr
    assert refused.stderr == f"{site}/torch/lib/libextra.so belongs to no package\n"


def verified(site: Path) -> subprocess.CompletedProcess[str]:
    script = SCRIPT.with_name("verify-packages").read_text()
    words = [
        sys.executable,
        "-c",
        f"import sysconfig; sysconfig.get_path = lambda _: {str(site)!r}",
    ]
    words[-1] += f"\n{script}"
    return subprocess.run(words, check=False, capture_output=True, text=True)
