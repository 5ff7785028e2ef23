# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""GPUs in real containers: three configurations of an engine, two generations of it, and no GPU.

The devices are stand-ins (`scripts/engine --gpus`): what is tested is the way in.
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
    with tiny_engine(docker.base_image, generation, "cdi", LABELS) as one:
        yield one


@pytest.fixture(scope="module")
def with_runtime(docker, generation) -> Iterator[Engine]:
    with tiny_engine(docker.base_image, generation, "runtime") as one:
        yield one


@pytest.fixture(scope="module")
def without(docker, generation) -> Iterator[Engine]:
    with tiny_engine(docker.base_image, generation) as one:
        yield one


def run(*words: str, library_path: Path | None = None) -> subprocess.CompletedProcess[str]:
    """`dynamo-container run` in a process of its own, which becomes docker's."""
    return subprocess.run(
        [sys.executable, "-m", "dynamo_container", "run", "--image", IMAGE, "--workdir=/", *words],
        env={**os.environ, "LD_LIBRARY_PATH": str(library_path or "")},
        capture_output=True,
        text=True,
        check=False,
    )


def devices(*words: str) -> list[str]:
    """The GPUs that a container has."""
    answer = run(*words, *LIST)
    assert answer.returncode == 0, answer.stderr
    return [name for name in answer.stdout.split() if name.startswith("nvidia")]


GPUS = [
    ("all", ["nvidia0", "nvidia1"]),
    ("0", ["nvidia0"]),
    ("1", ["nvidia1"]),
    ("0,1", ["nvidia0", "nvidia1"]),
    ("auto", ["nvidia0", "nvidia1"]),
    ("none", []),
]


@pytest.mark.parametrize(("gpus", "nodes"), GPUS)
def test_by_cdi_the_devices_are_those_that_were_asked_for(with_cdi, monkeypatch, gpus, nodes):
    with_cdi.use(monkeypatch)

    assert devices("--gpus", gpus) == nodes


@pytest.mark.parametrize(("gpus", "nodes"), GPUS)
def test_by_the_runtime_the_devices_are_those_that_were_asked_for(
    with_runtime, monkeypatch, gpus, nodes
):
    with_runtime.use(monkeypatch)

    assert devices("--gpus", gpus) == nodes


def test_the_variable_of_the_runtime_is_the_users_to_set(with_runtime, monkeypatch):
    with_runtime.use(monkeypatch)

    assert devices("-e", "NVIDIA_VISIBLE_DEVICES=1") == ["nvidia1"]


def test_without_a_gpu_auto_is_a_warning_and_a_run(without, monkeypatch):
    without.use(monkeypatch)

    answer = run(*LIST)

    assert answer.returncode == 0
    assert "null" in answer.stdout.split()
    assert answer.stderr.count("warning") == 1
    assert "the engine has no GPU" in answer.stderr


@pytest.mark.parametrize("gpus", ["all", "0", "count=1"])
def test_without_a_gpu_what_was_asked_for_is_status_6_and_no_run(without, monkeypatch, gpus):
    without.use(monkeypatch)

    answer = run("--gpus", gpus, *LIST)

    assert answer.returncode == 6
    assert answer.stdout == ""
    what, next_step = answer.stderr.splitlines()
    assert f"no GPU for --gpus {gpus}" in what
    assert "NVIDIA Container Toolkit" in next_step


def test_a_gpu_that_the_engine_does_not_have_is_status_6(with_cdi, monkeypatch):
    with_cdi.use(monkeypatch)

    answer = run("--gpus", "0,2", *LIST)

    assert answer.returncode == 6
    assert "the engine has 0, 1, all, but not 2" in answer.stderr


@pytest.fixture
def library_path(tmp_path) -> Path:
    """A driver of 535, which is for CUDA 12.2."""
    if not shutil.which("cc"):
        pytest.skip("no C compiler for the stand-in of NVIDIA's library")
    return nvml.build(tmp_path, "535.104.05", 12020)


def test_a_driver_that_is_too_old_for_the_image_is_told_before_anything_starts(
    with_cdi, monkeypatch, library_path
):
    with_cdi.use(monkeypatch)

    answer = run("--", "true", library_path=library_path)
    on_the_cpu = run("--gpus", "none", "--", "true", library_path=library_path)
    in_spite = run("--no-preflight", "--", "true", library_path=library_path)

    assert answer.returncode == 6
    assert "the image has CUDA 13.0 and requires driver 580 or newer" in answer.stderr
    assert "driver 535.104.05 supports CUDA up to 12.2" in answer.stderr
    assert "--cuda-version 12.9" in answer.stderr
    assert on_the_cpu.returncode == in_spite.returncode == 0, in_spite.stderr


def test_check_gives_its_gpu_checks_the_devices(with_cdi, monkeypatch, site, cli: Cli):
    with_cdi.use(monkeypatch)
    body = """
        @hookimpl
        def dynamo_container_checks(request):
            yield Check(name="device 1", argv=("ls", "/dev/nvidia1"), needs_gpu=True)
    """
    site.framework("tiny", body)

    assert cli.ok("check", IMAGE, "--framework", "tiny").out == "ok       device 1\n"
