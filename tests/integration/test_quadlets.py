# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Quadlets are read by podman's own generator of systemd units."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from dynamo_container.model.values import EnvVar, Mount
from dynamo_container.services import quadlet
from dynamo_container.services.renderers import ExportOptions
from dynamo_container.testing import PlanServe
from podmans import Podman, podman

pytestmark = pytest.mark.engine

FRAMEWORKS = ("none", "sglang", "trtllm", "vllm")
TOPOLOGIES = ("agg", "agg-router", "disagg")
ODD = "a \"b\" 'c' $HOME ${X} %h 100% \\n # ; é"
CONTAINER = {
    "hf_cache": "/home/me/.cache/huggingface",
    "env": (EnvVar(name="HF_TOKEN"), EnvVar(name="ODD", value=ODD)),
    "mounts": (Mount(source="/srv/data", target="/data", options=("ro",)),),
}


@pytest.fixture(scope="module")
def running() -> Iterator[Podman]:
    with podman(rootless=False) as started:
        yield started


@pytest.fixture
def export(plan_serve: PlanServe, tmp_path: Path):
    """Write the quadlets of a plan into a folder."""

    def create(framework: str, topology: str, **container: object) -> Path:
        plan = plan_serve(
            framework,
            "Qwen/Qwen3-0.6B",
            topology=topology,
            workers=2,
            project="demo",
            container={**CONTAINER, **container},
        )
        for name, text in quadlet.render(plan, ExportOptions(home="/home/me")).items():
            (tmp_path / name).write_text(text)
        return tmp_path

    return create


def generate(running: Podman, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **running.environment, "QUADLET_UNIT_DIRS": str(folder)}
    program = shutil.which("quadlet", path=running.environment["PATH"])
    assert program
    return subprocess.run(
        [program, "-dryrun", "-user"], env=environment, capture_output=True, text=True, check=False
    )


def services(generated: str) -> dict[str, str]:
    """Return the units by name."""
    parts = generated.split("---")[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def start_command(unit: str) -> list[str]:
    """Return the words that systemd starts, read by its rules for quotes, `%` and `$`."""
    [line] = [one for one in unit.splitlines() if one.startswith("ExecStart=")]
    words = shlex.split(line.removeprefix("ExecStart="))
    return [word.replace("%%", "%").replace("$$", "$") for word in words]


@pytest.mark.parametrize("hardened", [False, True])
@pytest.mark.parametrize("topology", TOPOLOGIES)
@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_the_generator_takes_all_units(running, export, framework, topology, hardened):
    folder = export(framework, topology, hardened=hardened)

    generated = generate(running, folder)

    assert generated.returncode == 0, generated.stderr
    units = services(generated.stdout)
    assert len(units) == len(list(folder.iterdir()))
    assert "unsupported key" not in generated.stderr
    worker = "demo-decode-2" if topology == "disagg" else "demo-worker-2"
    command = start_command(units[f"{worker}.service"])
    assert command[:2] == ["/usr/bin/podman", "run"]
    assert f"ODD={ODD}" in command
    assert "HF_TOKEN,type=env,target=HF_TOKEN" in command
    assert ("--read-only" in command) is hardened


def test_each_worker_gets_gpus_of_its_own(running, export):
    units = services(generate(running, export("vllm", "disagg")).stdout)

    devices = {
        name: [word for word in start_command(unit) if word.startswith("nvidia.com/gpu=")]
        for name, unit in units.items()
        if "podman run" in unit
    }
    assert devices == {
        "demo-frontend.service": [],
        "demo-decode-1.service": ["nvidia.com/gpu=0"],
        "demo-decode-2.service": ["nvidia.com/gpu=1"],
        "demo-prefill-1.service": ["nvidia.com/gpu=2"],
        "demo-prefill-2.service": ["nvidia.com/gpu=3"],
    }


@pytest.mark.parametrize(
    ("old", "new"),
    [("Notify=healthy", "Notifi=healthy"), ("ReadOnly=true", "ReadOnyl=true"), ("Image=", "Imag=")],
)
def test_a_wrong_key_is_refused(running, export, old, new):
    folder = export("none", "agg", hardened=True)
    unit = folder / "demo-frontend.container"
    assert old in unit.read_text()
    unit.write_text(unit.read_text().replace(old, new, 1))

    assert generate(running, folder).returncode != 0
