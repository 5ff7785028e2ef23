# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`doctor` on machines that lack something: the real thing, or what one has answered."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace

import nvml
import pytest
from dynamo_container.host import doctor
from dynamo_container.model.facts import NO_ENGINE, DriverInfo, EngineInfo, Gpu
from engines import engine
from running import Cli

# What a client of 26.1.5 gets from Debian 12's engine, recorded; of `docker info` what is read.
OLD_ENGINE = {
    "info": {
        "ServerVersion": "20.10.24+dfsg1",
        "Name": "a-debian-12",
        "DockerRootDir": "/var/lib/docker",
        "DefaultRuntime": "runc",
        "Runtimes": {"io.containerd.runc.v2": {"path": "runc"}, "runc": {"path": "runc"}},
        "CDISpecDirs": None,
    },
    "client": "26.1.5+dfsg1",
    "buildx": "github.com/docker/buildx 0.13.1+ds1 0.13.1+ds1-3",
    "df": {"Active": "0", "Reclaimable": "0B", "Size": "0B", "Type": "Build Cache"},
}
HEALTHY = doctor.Machine(
    client="28.5.2",
    engine=EngineInfo(version="28.5.2", runtimes=("runc",), local=True, root="/data"),
    buildx="0.29.1",
    free=int(100e9),
    build_cache=("1GB", "1GB"),
    hf_cache=doctor.Folder(path="/home/me/.cache/huggingface", exists=True, writable=True),
)
H100 = Gpu(name="NVIDIA H100", uuid="GPU-1", memory=80 * 2**30)
DRIVER = DriverInfo(version="580.95.05", cuda="13.0", gpus=(H100,))


def states(result) -> dict[str, str]:
    return {one["name"]: one["state"] for one in result.json}


def line(result, name: str) -> dict[str, str]:
    found: dict[str, str] = next(one for one in result.json if one["name"] == name)
    return found


@pytest.mark.processes
def test_without_docker(cli: Cli, monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("DOCKER_HOST", "unix:///no/such.sock")

    result = cli("doctor", "--json")

    assert result.status == 3
    assert line(result, "docker")["said"] == "the docker command is not installed"
    assert "engine" not in states(result)


@pytest.mark.engine
@pytest.mark.usefixtures("docker")
def test_without_an_engine(cli: Cli, monkeypatch, tmp_path):
    monkeypatch.delenv("DOCKER_CONTEXT", raising=False)
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nobody.sock")

    result = cli("doctor", "--json")

    assert result.status == 3
    assert states(result)["docker"] == "ok"
    found = line(result, "engine")
    assert found["state"] == "failure"
    assert found["said"].startswith("no docker engine answers")
    assert "DOCKER_HOST" in found["next_step"]


@pytest.mark.processes
def test_an_engine_that_is_too_old(cli: Cli, monkeypatch, tmp_path):
    answers(tmp_path, OLD_ENGINE)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("DOCKER_HOST", "ssh://a-debian-12")  # only the docker command can ask it

    result = cli("doctor", "--json")

    assert result.status == 3
    found = line(result, "engine")
    assert found["said"] == "version 20.10.24+dfsg1 is too old: 26 or newer is needed"
    assert found["next_step"].startswith("upgrade Docker Engine")
    assert states(result)["buildx"] == "ok"


def answers(folder, recorded, measure=""):
    """A docker command that answers what another one has answered."""
    script = f"""\
case "$*" in
*system*) {measure or f"echo '{json.dumps(recorded['df'])}'"} ;;
info*) echo '{json.dumps(recorded["info"])}' ;;
buildx*) echo '{recorded["buildx"]}' ;;
version*) echo '{recorded["client"]}' ;;
esac
"""
    write_docker(folder, script)


def write_docker(folder, script):
    (folder / "docker").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "docker").chmod(0o755)


@pytest.mark.processes
def test_a_context_that_is_none_is_the_engines_fault_and_not_the_commands(
    cli: Cli, monkeypatch, tmp_path
):
    write_docker(
        tmp_path,
        """case "$*" in
--version) echo "Docker version 28.5.2, build ecc6942" ;;
*) echo "Failed to initialize: context not found" >&2; exit 1 ;;
esac""",
    )
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("DOCKER_HOST", "ssh://nobody")

    result = cli("doctor", "--json")

    assert line(result, "docker")["said"] == "the command is of version 28.5.2"
    assert "context not found" in line(result, "engine")["said"]


@pytest.mark.processes
def test_a_build_cache_that_takes_long_to_measure_holds_nothing_up(cli: Cli, monkeypatch, tmp_path):
    answers(tmp_path, OLD_ENGINE, measure="exec sleep 100")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("DOCKER_HOST", "ssh://a-debian-12")
    monkeypatch.setattr("dynamo_container.engine._ANSWER_SECONDS", 2.0)

    result = cli("doctor", "--json")

    assert line(result, "build cache")["said"] == "its size is not known"


@pytest.mark.processes
def test_a_gpu_that_shares_the_processors_memory_is_one_all_the_same(monkeypatch, tmp_path):
    if not shutil.which("cc"):
        pytest.skip("no C compiler for the stand-in of NVIDIA's library")
    library = nvml.build(tmp_path, "580.95.05", 13000, shared=True)
    monkeypatch.setenv("LD_LIBRARY_PATH", str(library))
    ask = "from dynamo_container import driver; print(driver.facts())"

    said = subprocess.check_output([sys.executable, "-c", ask], text=True)

    assert said.startswith("DriverInfo(version='580.95.05', cuda='13.0', gpus=(Gpu(")
    shared = replace(DRIVER, gpus=(replace(H100, name="NVIDIA GB10", memory=0),))
    assert findings(driver=shared)["nvidia driver"].said.endswith(": NVIDIA GB10")


@pytest.mark.engine
@pytest.mark.usefixtures("docker")
def test_a_client_without_buildx(cli: Cli, monkeypatch, tmp_path):
    if os.path.exists("/usr/libexec/docker/cli-plugins/docker-buildx"):  # noqa: PTH110
        pytest.skip("this machine's client finds its own buildx")
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))  # the private client's plugins are there

    result = cli("doctor", "--json")

    assert result.status == 3
    assert line(result, "buildx")["state"] == "failure"
    assert "install docker-buildx" in line(result, "buildx")["next_step"]
    assert states(result)["engine"] == "ok"


@pytest.mark.engine
@pytest.mark.usefixtures("docker")
def test_little_disk_and_gpus_by_cdi_and_a_driver(monkeypatch, tmp_path):
    if not shutil.which("cc"):
        pytest.skip("no C compiler for the stand-in of NVIDIA's library")
    library = nvml.build(tmp_path, "535.104.05", 12020)
    monkeypatch.setenv("LD_LIBRARY_PATH", str(library))
    with engine("stable", "cdi", disk="200m") as one:
        one.use(monkeypatch)

        command = [sys.executable, "-m", "dynamo_container", "doctor"]
        answer = subprocess.run(command, capture_output=True, text=True, check=False)

    assert answer.returncode == 6
    lines = answer.stdout.splitlines()
    assert "failure  disk: 0.2 GB are free where the engine keeps its data" in lines
    assert "         -> free some: docker builder prune, docker image prune" in lines
    gpus = "nvidia.com/gpu=0, nvidia.com/gpu=1, nvidia.com/gpu=all"
    assert f"ok       gpus: by CDI: {gpus}" in lines
    driver = "ok       nvidia driver: version 535.104.05, for CUDA up to 12.2: "
    assert driver + "NVIDIA Stand-In (80 GiB), NVIDIA Stand-In (80 GiB)" in lines


@pytest.mark.engine
@pytest.mark.usefixtures("docker")
def test_a_healthy_machine_has_no_failure(cli: Cli):
    result = cli.ok("doctor", "--json")

    assert "failure" not in states(result).values()
    assert {"docker", "engine", "buildx", "disk", "gpus", "plugins"} <= set(states(result))


def findings(**changes):
    return {one.name: one for one in doctor.findings(replace(HEALTHY, **changes))}


def test_what_is_well_needs_no_step():
    engine = replace(HEALTHY.engine, cdi_devices=("nvidia.com/gpu=0",))

    found = findings(engine=engine, driver=DRIVER)

    assert {one.state for one in found.values()} == {"ok"}
    assert {one.next_step for one in found.values()} == {""}
    assert "NVIDIA H100 (80 GiB)" in found["nvidia driver"].said


@pytest.mark.parametrize(
    ("changes", "name", "state", "said"),
    [
        ({"free": int(20e9)}, "disk", "warning", "20.0 GB are free"),
        ({"free": int(1e9)}, "disk", "failure", "1.0 GB are free"),
        ({"free": None}, "disk", "ok", "cannot be seen from here"),
        ({"buildx": "0.12.1"}, "buildx", "failure", "too old"),
        ({"driver": DRIVER}, "gpus", "failure", "the machine has 1, and the engine knows none"),
        ({}, "gpus", "warning", "containers run on the CPU"),
        ({"plugins": ("acme 1.0: no",)}, "plugins", "warning", "acme 1.0: no"),
    ],
)
def test_what_is_not_well_says_what_to_do(changes, name, state, said):
    found = findings(**changes)[name]

    assert found.state == state
    assert said in found.said
    assert bool(found.next_step) == (state != "ok")


def test_who_may_not_use_the_engine_is_told_which_group_to_join():
    said = "no docker engine answers: permission denied while background to connect"

    found = findings(engine=NO_ENGINE, silence=said)["engine"]

    assert "usermod -aG docker" in found.next_step


def test_a_cache_that_is_not_there_and_cannot_be_made_is_told():
    folder = doctor.Folder(path="/roots/cache", exists=False, writable=False)

    found = findings(hf_cache=folder)["hugging face cache"]

    assert (found.state, found.status) == ("failure", 6)
    assert "sudo install -d" in found.next_step


def test_a_cache_that_belongs_to_root_is_told():
    folder = doctor.Folder(path="/cache", exists=True, writable=False)

    found = findings(hf_cache=folder)["hugging face cache"]

    assert (found.state, found.status) == ("failure", 6)
    assert found.next_step.endswith("chown -R $(id -u):$(id -g) /cache")
