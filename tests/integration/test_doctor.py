# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`doctor` on machines that lack something: real ones, or recorded answers of real ones."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import replace

import nvml
import pytest
from dynamo_container.docker import process
from dynamo_container.docker.buildx import BuilderState
from dynamo_container.docker.engine import BuildCache
from dynamo_container.host import doctor
from dynamo_container.model.facts import NO_ENGINE, DriverInfo, EngineInfo, Gpu
from engines import engine
from running import Cli

# What Debian 12's engine answers a client of 26.1.5, recorded; of `docker info` what we read.
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
    build_cache=BuildCache(size="1GB", reclaimable="1GB"),
    hf_cache=doctor.Folder(path="/home/me/.cache/huggingface", exists=True, writable=True),
)
BUILDERS = (
    BuilderState(name="default", driver="docker", version="unknown"),
    BuilderState(name="far", driver="remote", version="v0.28.0"),
    BuilderState(name="gone", driver="remote"),
    BuilderState(name="pods", driver="kubernetes"),
    BuilderState(name="ruins", driver="kubernetes", problem="no such context"),
)
H100 = Gpu(name="NVIDIA H100", uuid="GPU-1", memory=80 * 2**30)
DRIVER = DriverInfo(version="580.95.05", cuda="13.0", gpus=(H100,))


def states(result) -> dict[str, str]:
    return {finding["name"]: finding["state"] for finding in result.json}


def finding_of(result, name: str) -> dict[str, str]:
    finding: dict[str, str] = next(each for each in result.json if each["name"] == name)
    return finding


@pytest.mark.processes
def test_without_docker_the_other_checks_of_docker_are_skipped(cli: Cli, monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("DOCKER_HOST", "unix:///no/such.sock")

    result = cli("doctor", "--json")

    assert result.status == 3
    assert finding_of(result, "docker") == {
        "name": "docker",
        "state": "failure",
        "summary": "the docker command is not installed",
        "next_step": "install Docker 26 or newer with buildx",
        "status": 3,
    }
    assert "engine" not in states(result)


@pytest.mark.engine
@pytest.mark.usefixtures("docker")
def test_without_an_engine_the_command_is_still_reported(cli: Cli, monkeypatch, tmp_path):
    monkeypatch.delenv("DOCKER_CONTEXT", raising=False)
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/absent.sock")

    result = cli("doctor", "--json")

    assert result.status == 3
    assert states(result)["docker"] == "ok"
    finding = finding_of(result, "engine")
    assert finding["state"] == "failure"
    assert finding["summary"].startswith("no docker engine answers")
    assert "DOCKER_HOST" in finding["next_step"]


@pytest.mark.processes
def test_a_frozen_engine_is_reported_after_the_time_for_one_answer(cli, monkeypatch, tmp_path):
    monkeypatch.delenv("DOCKER_CONTEXT", raising=False)
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/docker.sock")
    monkeypatch.setattr(process, "ANSWER_SECONDS", 1.0)
    write_docker(
        tmp_path,
        """case "$*" in
--version) echo "Docker version 28.5.2, build ecc6942" ;;
"buildx version") echo "github.com/docker/buildx 0.29.1 0" ;;
*) exec sleep 100 ;;
esac""",
    )
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with socket.socket(socket.AF_UNIX) as listener:  # it accepts, and never answers
        listener.bind(f"{tmp_path}/docker.sock")
        listener.listen()
        started = time.monotonic()

        result = cli("doctor", "--json")

    assert time.monotonic() - started < 10  # 100 s if anything else asks it
    assert states(result)["docker"] == states(result)["buildx"] == "ok"
    assert "did not answer within 1 s" in finding_of(result, "engine")["summary"]


@pytest.mark.processes
def test_an_engine_that_is_too_old_is_a_failure(cli: Cli, monkeypatch, tmp_path):
    replay(tmp_path, OLD_ENGINE)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("DOCKER_HOST", "ssh://a-debian-12")  # only the docker command can ask it

    result = cli("doctor", "--json")

    assert result.status == 3
    finding = finding_of(result, "engine")
    assert finding["summary"] == "version 20.10.24+dfsg1 is too old: 26 or newer is required"
    assert finding["next_step"].startswith("upgrade Docker Engine")
    assert states(result)["buildx"] == "ok"


def replay(folder, recorded, measure=""):
    """Write a docker command that prints recorded answers."""
    script = f"""\
case "$*" in
*system*) {measure or f"echo '{json.dumps(recorded['df'])}'"} ;;
info*) echo '{json.dumps(recorded["info"])}' ;;
buildx*) echo '{recorded["buildx"]}' ;;
version*) echo '{recorded["client"]}' ;;
--version) echo 'Docker version {recorded["client"]}, build 1' ;;
esac
"""
    write_docker(folder, script)


def write_docker(folder, script):
    (folder / "docker").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "docker").chmod(0o755)


@pytest.mark.processes
def test_a_missing_context_is_a_failure_of_the_engine_and_not_of_the_command(
    cli: Cli, monkeypatch, tmp_path
):
    write_docker(
        tmp_path,
        """case "$*" in
--version) echo "Docker version 28.5.2, build ecc6942" ;;
*) echo 'Failed to initialize: context "a b": context not found: open /x' >&2; exit 1 ;;
esac""",
    )
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("DOCKER_HOST", "ssh://absent")

    result = cli("doctor", "--json")

    assert finding_of(result, "docker")["summary"] == "version 28.5.2"
    assert finding_of(result, "engine")["summary"] == "docker context 'a b' does not exist"
    assert finding_of(result, "engine")["next_step"] == "see: docker context ls"


@pytest.mark.processes
@pytest.mark.parametrize("words", [("images",), ("check", "an/image:1"), ("size", "an/image:1")])
def test_every_command_names_a_missing_context(cli: Cli, monkeypatch, tmp_path, words):
    said = 'Failed to initialize: unable to resolve docker endpoint: context "gone": context not'
    write_docker(tmp_path, f"echo '{said} found: open /long/path: no such file' >&2; exit 1")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    # An engine that answers at its socket is asked there, without docker.
    monkeypatch.setenv("DOCKER_HOST", "unix:///no/such.sock")

    result = cli(*words)

    assert result.status == 3
    assert result.err == "error: docker context 'gone' does not exist\nsee: docker context ls\n"


@pytest.mark.processes
def test_a_build_cache_that_takes_long_to_measure_does_not_block(cli: Cli, monkeypatch, tmp_path):
    replay(tmp_path, OLD_ENGINE, measure="exec sleep 100")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("DOCKER_HOST", "ssh://a-debian-12")
    monkeypatch.setattr(process, "ANSWER_SECONDS", 2.0)

    result = cli("doctor", "--json")

    assert finding_of(result, "build cache")["summary"] == "unknown size"


@pytest.mark.processes
def test_a_gpu_that_shares_the_machines_memory_is_listed_without_memory(monkeypatch, tmp_path):
    if not shutil.which("cc"):
        pytest.skip("no C compiler for the stand-in of NVIDIA's library")
    library = nvml.build(tmp_path, "580.95.05", 13000, shared=True)
    monkeypatch.setenv("LD_LIBRARY_PATH", str(library))
    program = "from dynamo_container.host import driver; print(driver.collect())"

    printed = subprocess.check_output([sys.executable, "-c", program], text=True)

    assert printed.startswith("DriverInfo(version='580.95.05', cuda='13.0', gpus=(Gpu(")
    shared = replace(DRIVER, gpus=(replace(H100, name="NVIDIA GB10", memory=0),))
    assert findings(driver=shared)["nvidia driver"].summary.endswith(": NVIDIA GB10")


@pytest.mark.engine
@pytest.mark.usefixtures("docker")
def test_a_client_without_buildx_is_a_failure(cli: Cli, monkeypatch, tmp_path):
    if os.path.exists("/usr/libexec/docker/cli-plugins/docker-buildx"):  # noqa: PTH110
        pytest.skip("this machine's client finds its own buildx")
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))  # the client's plugins are elsewhere

    result = cli("doctor", "--json")

    assert result.status == 3
    assert finding_of(result, "buildx")["state"] == "failure"
    assert "install docker-buildx" in finding_of(result, "buildx")["next_step"]
    assert states(result)["engine"] == "ok"


@pytest.mark.engine
@pytest.mark.usefixtures("docker")
def test_a_full_disk_is_a_failure_and_cdi_devices_and_the_driver_are_listed(monkeypatch, tmp_path):
    if not shutil.which("cc"):
        pytest.skip("no C compiler for the stand-in of NVIDIA's library")
    library = nvml.build(tmp_path, "535.104.05", 12020)
    monkeypatch.setenv("LD_LIBRARY_PATH", str(library))
    with engine("stable", "cdi", disk="200m") as small_engine:
        small_engine.use(monkeypatch)

        command = [sys.executable, "-m", "dynamo_container", "doctor"]
        completed = subprocess.run(command, capture_output=True, text=True, check=False)

    assert completed.returncode == 6
    lines = completed.stdout.splitlines()
    assert "failure  disk: 0.2 GB free for the engine's data" in lines
    assert "         -> free some space: docker builder prune, docker image prune" in lines
    gpus = "nvidia.com/gpu=0, nvidia.com/gpu=1, nvidia.com/gpu=all"
    assert f"ok       gpus: CDI devices: {gpus}" in lines
    driver = "ok       nvidia driver: version 535.104.05, supports CUDA up to 12.2: "
    assert driver + "NVIDIA Stand-In (80 GiB), NVIDIA Stand-In (80 GiB)" in lines


@pytest.mark.engine
@pytest.mark.usefixtures("docker")
def test_a_healthy_machine_has_no_failures(cli: Cli):
    result = cli.ok("doctor", "--json")

    assert "failure" not in states(result).values()
    assert {"docker", "engine", "buildx", "disk", "gpus", "plugins"} <= set(states(result))


def findings(**changes) -> dict[str, doctor.Finding]:
    """The findings, by name, for a healthy machine with these changes."""
    machine = replace(HEALTHY, **changes)
    return {finding.name: finding for finding in doctor.findings(machine)}


def test_findings_without_a_problem_have_no_next_step():
    engine = replace(HEALTHY.engine, cdi_devices=("nvidia.com/gpu=0",))

    by_name = findings(engine=engine, driver=DRIVER)

    assert {finding.state for finding in by_name.values()} == {"ok"}
    assert {finding.next_step for finding in by_name.values()} == {""}
    assert "NVIDIA H100 (80 GiB)" in by_name["nvidia driver"].summary


@pytest.mark.parametrize(
    ("changes", "name", "state", "summary"),
    [
        ({"free": int(20e9)}, "disk", "warning", "20.0 GB free"),
        ({"free": int(1e9)}, "disk", "failure", "1.0 GB free"),
        ({"free": None}, "disk", "ok", "not on this machine"),
        ({"buildx": "0.12.1"}, "buildx", "failure", "too old"),
        ({"buildx": ""}, "buildx", "failure", "no buildx plugin"),
        ({"driver": DRIVER}, "gpus", "failure", "the machine has 1, but the engine cannot"),
        ({}, "gpus", "warning", "containers use the CPU"),
        ({"plugins": ("acme 1.0: no",)}, "plugins", "warning", "acme 1.0: no"),
    ],
)
def test_problems_come_with_a_next_step(changes, name, state, summary):
    finding = findings(**changes)[name]

    assert finding.state == state
    assert summary in finding.summary
    assert bool(finding.next_step) == (state != "ok")


def test_an_engine_without_a_driver_is_a_warning():
    engine = replace(HEALTHY.engine, runtimes=("nvidia", "runc"))

    finding = findings(engine=engine)["nvidia driver"]

    assert (finding.state, finding.next_step.split()[-1]) == ("warning", "nvidia-smi")


def test_a_user_without_access_to_the_engine_reads_which_group_to_join():
    error = "no docker engine answers: permission denied while trying to connect"

    finding = findings(engine=NO_ENGINE, engine_error=error)["engine"]

    assert "usermod -aG docker" in finding.next_step


def test_a_cache_that_cannot_be_created_is_a_failure():
    folder = doctor.Folder(path="/roots/cache", exists=False, writable=False)

    finding = findings(hf_cache=folder)["hugging face cache"]

    assert (finding.state, finding.status) == ("failure", 6)
    assert "sudo install -d" in finding.next_step


def test_a_cache_that_belongs_to_root_is_a_failure():
    folder = doctor.Folder(path="/cache", exists=True, writable=False)

    finding = findings(hf_cache=folder)["hugging face cache"]

    assert (finding.state, finding.status) == ("failure", 6)
    assert finding.next_step.endswith("chown -R $(id -u):$(id -g) /cache")


def test_builders_beside_the_engine_are_listed():
    found = {
        one.name: (one.state, one.summary)
        for one in doctor.findings(replace(HEALTHY, builders=BUILDERS))
        if one.name.startswith("builder")
    }

    assert found == {
        "builder far": ("ok", "driver remote, BuildKit v0.28.0"),
        "builder gone": ("warning", "driver remote, does not answer"),
        "builder pods": ("ok", "driver kubernetes, starts when it is used"),
        "builder ruins": ("warning", "driver kubernetes, does not answer: no such context"),
    }
