# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""podman's answers, recorded from podman 5.4.2, as facts; and which engine is used."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from dynamo_container.docker import podman, program
from dynamo_container.docker.buildx import BuilderState
from dynamo_container.errors import EngineError
from dynamo_container.host import doctor
from dynamo_container.model.facts import EngineInfo

INFO: dict[str, Any] = {
    "host": {"hostname": "vm", "security": {"rootless": True}, "serviceIsRemote": False},
    "store": {"graphRoot": "/home/dev/.local/share/containers/storage"},
    "version": {"APIVersion": "5.4.2", "Version": "5.4.2"},
}


@pytest.fixture(autouse=True)
def machine(monkeypatch, tmp_path) -> Iterator[Path]:
    """A machine of its own: no configuration of podman, and neither docker nor podman."""
    monkeypatch.setenv("CONTAINERS_CONF", str(tmp_path / "containers.conf"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.delenv(program.VARIABLE, raising=False)
    (tmp_path / "bin").mkdir()
    (tmp_path / "containers.conf").write_text(f'engine.cdi_spec_dirs = ["{tmp_path}/cdi"]')
    program.select("")
    yield tmp_path
    program.select("")


def answer(document: Any, status: int = 0, errors: str = "") -> subprocess.CompletedProcess[str]:
    text = document if isinstance(document, str) else json.dumps(document)
    return subprocess.CompletedProcess((), status, text, errors)


def test_facts_come_from_podman_info_and_from_its_cdi_folders(machine):
    (machine / "cdi").mkdir()
    spec = {"kind": "nvidia.com/gpu", "devices": [{"name": "0"}, {"name": "all"}]}
    (machine / "cdi" / "nvidia.json").write_text(json.dumps(spec))

    info = podman.engine_info(answer(INFO))

    assert info.program == "podman"
    assert info.version == "5.4.2"
    assert info.rootless
    assert info.local
    assert info.cdi_devices == ("nvidia.com/gpu=0", "nvidia.com/gpu=all")
    assert info.root == INFO["store"]["graphRoot"]


@pytest.mark.parametrize(
    ("completed", "message"),
    [
        (answer("", 125, "Error: cannot re-exec process\n"), "cannot re-exec process"),
        (answer("garbage"), "podman does not work"),
        (answer("[]"), "podman does not work"),
        (answer({"version": {"Version": "4.3.1"}}), "podman 4.3.1 is too old"),
    ],
)
def test_a_podman_that_cannot_be_used_is_an_error_with_its_reason(completed, message):
    with pytest.raises(EngineError, match=message):
        podman.engine_info(completed)


@pytest.mark.parametrize(
    ("installed", "variable", "used"),
    [
        ((), "", "docker"),
        (("docker",), "", "docker"),
        (("podman",), "", "podman"),
        (("docker", "podman"), "", "docker"),
        (("docker", "podman"), "podman", "podman"),
        (("podman",), "docker", "docker"),
    ],
)
def test_the_engine_is_the_users_choice_or_what_is_installed(
    machine, monkeypatch, installed, variable, used
):
    for name in installed:
        (machine / "bin" / name).write_text("#!/bin/sh\n")
        (machine / "bin" / name).chmod(0o755)
    if variable:
        monkeypatch.setenv(program.VARIABLE, variable)

    program.select("")

    assert program.selected() == used


@pytest.mark.processes
def test_an_option_chooses_the_engine(cli, monkeypatch):
    assert cli.ok("--engine", "podman", "run", "none", "--dry-run").out.startswith("podman run")
    monkeypatch.setenv(program.VARIABLE, "podman")
    assert cli.ok("run", "none", "--dry-run").out.startswith("podman run")
    assert cli("--engine", "other", "run", "none", "--dry-run").status == 2


@pytest.mark.processes
def test_a_dry_run_of_a_build_prints_how_podman_gets_each_image(cli, machine, monkeypatch):
    monkeypatch.setenv(program.VARIABLE, "podman")
    monkeypatch.setenv("XDG_CACHE_HOME", f"{machine}/a cache")
    words = ("build", "none", "--target", "runtime", "--target", "dev", "--dry-run")

    out = cli.ok(*words).out

    folder = f"{machine}/a cache/dynamo-container/archives"
    assert out.startswith(f"mkdir -p -m 700 '{folder}' && (cd / && ")
    loads = [line for line in out.split(" && ") if line.startswith("podman load")]
    files = [load.partition("--input ")[2].strip("'") for load in loads]
    assert len(set(files)) == 2
    for file in files:
        assert f'type=docker,compression=uncompressed,\\"dest={file}\\"' in out
        assert f" && rm -f '{file}'" in out


@pytest.mark.processes
def test_what_is_only_pushed_is_not_loaded_into_podman(cli, monkeypatch):
    monkeypatch.setenv(program.VARIABLE, "podman")
    pushed = ("--push", "--repository", "registry.example/team/dynamo")

    assert "podman" not in cli.ok("build", "none", *pushed, "--dry-run").out
    assert "podman load" in cli.ok("build", "none", *pushed, "--load", "--dry-run").out


FOLDER = doctor.Folder(path="/home/me/.cache/huggingface", exists=True, writable=True)
PODMAN = EngineInfo(program="podman", version="5.4.2", local=True, root="/data")
REMOTE = BuilderState(name="far", driver="remote", version="v0.28.0")
SELECTED = replace(REMOTE, selected=True)
BROKEN = BuilderState(name="default", driver="docker")


@pytest.mark.parametrize(
    ("client", "builders", "name", "state", "shown"),
    [
        ("28.5.2", (BROKEN, SELECTED), "builds", "ok", "by the builder far"),
        (
            "28.5.2",
            (BROKEN, REMOTE),
            "builds",
            "warning",
            "build --builder far; or select it",
        ),
        ("28.5.2", (BROKEN,), "builds", "warning", "podman run --detach --privileged"),
        ("", (), "docker", "warning", "packages docker-cli and docker-buildx"),
    ],
)
def test_doctor_tells_how_to_build_what_podman_runs(client, builders, name, state, shown):
    machine = doctor.Machine(
        client=client, buildx="0.29.1", engine=PODMAN, builders=builders, hf_cache=FOLDER
    )

    [finding] = [one for one in doctor.findings(machine) if one.name == name]

    assert finding.state == state
    assert shown in f"{finding.summary} {finding.next_step}"
