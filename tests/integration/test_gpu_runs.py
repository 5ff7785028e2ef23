# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""GPUs in real containers: two kinds of access and none, on two generations of engines.

The devices are stand-ins (`scripts/engine --gpus`): we test the access to them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nvml
import pytest
from engines import IMAGE, Engine, tiny_engine
from running import Cli

pytestmark = pytest.mark.engine

LABELS = ("ai.dynamo.container.cuda=13.0", "ai.dynamo.container.driver=580")
LIST = ("--", "ls", "/dev")


@pytest.fixture(scope="module", params=["stable", "next"])
def generation(request) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def with_cdi(docker, generation) -> Iterator[Engine]:
    with tiny_engine(docker.base_image, generation, "cdi", LABELS) as started:
        yield started


@pytest.fixture(scope="module")
def with_runtime(docker, generation) -> Iterator[Engine]:
    with tiny_engine(docker.base_image, generation, "runtime") as started:
        yield started


@pytest.fixture(scope="module")
def without(docker, generation) -> Iterator[Engine]:
    with tiny_engine(docker.base_image, generation) as started:
        yield started


def run(*words: str, library_path: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run `dynamo-container run` in a process of its own, which docker's replaces."""
    return subprocess.run(
        [sys.executable, "-m", "dynamo_container", "run", "--image", IMAGE, "--workdir=/", *words],
        env={**os.environ, "LD_LIBRARY_PATH": str(library_path or "")},
        capture_output=True,
        text=True,
        check=False,
    )


def devices(*words: str) -> list[str]:
    """Return the GPUs that a container has."""
    completed = run(*words, *LIST)
    assert completed.returncode == 0, completed.stderr
    return [name for name in completed.stdout.split() if name.startswith("nvidia")]


GPUS = [
    ("all", ["nvidia0", "nvidia1"]),
    ("0", ["nvidia0"]),
    ("1", ["nvidia1"]),
    ("0,1", ["nvidia0", "nvidia1"]),
    ("auto", ["nvidia0", "nvidia1"]),
    ("none", []),
]


@pytest.mark.parametrize(("gpus", "nodes"), GPUS)
def test_cdi_gives_the_requested_devices(with_cdi, monkeypatch, gpus, nodes):
    with_cdi.use(monkeypatch)

    assert devices("--gpus", gpus) == nodes


@pytest.mark.parametrize(("gpus", "nodes"), GPUS)
def test_the_runtime_gives_the_requested_devices(with_runtime, monkeypatch, gpus, nodes):
    with_runtime.use(monkeypatch)

    assert devices("--gpus", gpus) == nodes


def test_the_user_can_set_the_variable_of_the_runtime(with_runtime, monkeypatch):
    with_runtime.use(monkeypatch)

    assert devices("-e", "NVIDIA_VISIBLE_DEVICES=1") == ["nvidia1"]


def test_without_a_gpu_auto_warns_and_runs(without, monkeypatch):
    without.use(monkeypatch)

    completed = run(*LIST)

    assert completed.returncode == 0
    assert "null" in completed.stdout.split()
    assert completed.stderr.count("warning:") == 1
    assert "the engine has no GPU" in completed.stderr


@pytest.mark.parametrize("gpus", ["all", "0", "count=1"])
def test_without_a_gpu_a_requested_one_is_status_6_and_nothing_runs(without, monkeypatch, gpus):
    without.use(monkeypatch)

    completed = run("--gpus", gpus, *LIST)

    assert completed.returncode == 6
    assert completed.stdout == ""
    what, next_step = completed.stderr.splitlines()
    assert f"no GPU for --gpus {gpus}" in what
    assert "NVIDIA Container Toolkit" in next_step


def test_a_gpu_that_the_engine_lacks_is_status_6(with_cdi, monkeypatch):
    with_cdi.use(monkeypatch)

    completed = run("--gpus", "0,2", *LIST)

    assert completed.returncode == 6
    assert "the engine has 0, 1, all, but not 2" in completed.stderr


@pytest.fixture
def library_path(tmp_path) -> Path:
    """Return the folder of a stand-in for driver 535, which supports CUDA 12.2."""
    if not shutil.which("cc"):
        pytest.skip("no C compiler for the stand-in of NVIDIA's library")
    return nvml.build(tmp_path, "535.104.05", 12020)


def test_a_driver_that_is_too_old_for_the_image_is_an_error_before_anything_starts(
    with_cdi, monkeypatch, library_path
):
    with_cdi.use(monkeypatch)

    completed = run("--", "true", library_path=library_path)
    on_the_cpu = run("--gpus", "none", "--", "true", library_path=library_path)
    unchecked = run("--no-preflight", "--", "true", library_path=library_path)

    assert completed.returncode == 6
    assert "the image has CUDA 13.0 and requires driver 580 or newer" in completed.stderr
    assert "driver 535.104.05 supports CUDA up to 12.2" in completed.stderr
    assert "--cuda-version 12.9" in completed.stderr
    assert on_the_cpu.returncode == unchecked.returncode == 0, unchecked.stderr


def test_gpu_checks_get_the_devices(with_cdi, monkeypatch, site, cli: Cli):
    with_cdi.use(monkeypatch)
    body = """
        @hookimpl
        def dynamo_container_checks(request):
            yield Check(name="device 1", argv=("ls", "/dev/nvidia1"), needs_gpu=True)
    """
    site.framework("tiny", body)

    assert cli.ok("check", IMAGE, "--framework", "tiny").out == "ok       device 1\n"
