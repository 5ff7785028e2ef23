# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`new-plugin` creates a complete project under any valid name, and overwrites nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from dynamo_container.model.toml import read_toml

PATHS = (
    ".gitignore",
    "README.md",
    "pyproject.toml",
    "src/dynamo_container_my_engine/__init__.py",
    "src/dynamo_container_my_engine/plugin.py",
    "src/dynamo_container_my_engine/py.typed",
    "src/dynamo_container_my_engine/releases.toml",
    "src/dynamo_container_my_engine/runtime/Dockerfile",
    "src/dynamo_container_my_engine/runtime/serve.py",
    "tests/test_contract.py",
    "tests/test_plugin.py",
)


def files(folder: Path) -> dict[str, str]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_text() for path in paths}


def test_it_creates_a_project_of_that_name(cli, tmp_path):
    result = cli.ok("new-plugin", "My_Engine")

    created = files(tmp_path / "dynamo-container-my-engine")
    assert result.out == "dynamo-container-my-engine\n"
    assert tuple(sorted(created)) == PATHS
    project = read_toml(tmp_path / "dynamo-container-my-engine" / "pyproject.toml")
    assert project["project"]["name"] == "dynamo-container-my-engine"
    assert project["project"]["entry-points"]["dynamo_container.frameworks"] == {
        "my-engine": "dynamo_container_my_engine.plugin:plugin"
    }
    assert 'distribution = "dynamo-container-my-engine"' in created["tests/test_contract.py"]


def test_a_name_that_cannot_be_printed_leaves_no_project(cli, tmp_path, monkeypatch):
    (tmp_path / "there").mkdir()
    with Path("/dev/full").open("w", encoding="utf-8") as full, monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", full)
        result = cli("new-plugin", "acme", "--output", "there")

    assert result.status == 1
    assert "standard output cannot be written" in result.err
    assert list((tmp_path / "there").iterdir()) == []
    cli.ok("new-plugin", "acme", "--output", "there")  # so it can be repeated


def test_no_name_of_the_template_or_of_ours_is_left_in_it(cli, tmp_path):
    cli.ok("new-plugin", "acme")

    for path, text in files(tmp_path / "dynamo-container-acme").items():
        for word in ("example", "SPDX", "dynamo-container authors"):
            assert word not in text, path


def test_plugin_and_dockerfile_are_short(cli, tmp_path):
    cli.ok("new-plugin", "acme")

    created = files(tmp_path / "dynamo-container-acme")
    package = "src/dynamo_container_acme"
    assert len(created[f"{package}/plugin.py"].splitlines()) <= 45
    assert len(created[f"{package}/runtime/Dockerfile"].splitlines()) <= 15


def test_it_prints_the_next_steps(cli, tmp_path):
    result = cli.ok("new-plugin", "acme", "--output", "some where/new")

    assert (tmp_path / "some where" / "new" / "dynamo-container-acme").is_dir()
    assert "pip install --editable './some where/new/dynamo-container-acme[test]'" in result.err
    assert "dynamo-container build acme" in result.err


@pytest.mark.parametrize(
    "name", ["", "a b", "9lives", "-x", "acmé", "a/b", "../a", "x" * 41, "a\nb", "acme-"]
)
def test_an_invalid_name_is_refused(cli, tmp_path, name):
    result = cli("new-plugin", "--", name)

    assert result.status == 2
    assert "is not a valid name of a plugin" in result.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["vllm", "VLLM", "none", "example-plugin"])
def test_the_name_of_an_existing_plugin_is_refused(cli, tmp_path, name):
    result = cli("new-plugin", name)

    assert result.status == 2
    assert "is the name of an existing plugin" in result.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("what", ["folder", "file", "link"])
def test_nothing_is_overwritten(cli, tmp_path, what):
    path = tmp_path / "dynamo-container-acme"
    {
        "folder": path.mkdir,
        "file": path.touch,
        "link": lambda: path.symlink_to("nowhere"),
    }[what]()

    result = cli("new-plugin", "acme")

    assert result.status == 2
    assert "already exists and is not overwritten" in result.err
    assert [entry.name for entry in tmp_path.iterdir()] == ["dynamo-container-acme"]


def test_a_folder_that_cannot_be_created_is_an_error(cli, tmp_path):
    (tmp_path / "file").touch()

    result = cli("new-plugin", "acme", "--output", "file/new")

    assert result.status == 6
    assert "file/new cannot be created: Not a directory" in result.err


@pytest.mark.processes
def test_the_project_is_clean_for_ruff_and_mypy(cli, tmp_path):
    cli.ok("new-plugin", "acme")

    for words in (["ruff", "check"], ["ruff", "format", "--check"], ["mypy"]):
        process = subprocess.run(
            [sys.executable, "-m", *words],
            cwd=tmp_path / "dynamo-container-acme",
            capture_output=True,
            text=True,
            check=False,
        )
        assert process.returncode == 0, process.stdout + process.stderr
