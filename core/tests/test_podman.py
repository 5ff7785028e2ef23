# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""podman's answers, recorded from podman 5.4.2, as facts; and which engine is used."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dynamo_container.docker import podman, program
from dynamo_container.errors import EngineError

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
