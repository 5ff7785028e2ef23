# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`new-plugin`: a whole project under any name, and never over somebody's files."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from dynamo_container.model.toml import read_toml

PLACES = (
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
    found = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_text() for path in found}


def test_it_makes_a_project_of_that_name(cli, tmp_path):
    result = cli.ok("new-plugin", "My_Engine")

    made = files(tmp_path / "dynamo-container-my-engine")
    assert result.out == "dynamo-container-my-engine\n"
    assert tuple(sorted(made)) == PLACES
    project = read_toml(tmp_path / "dynamo-container-my-engine" / "pyproject.toml")
    assert project["project"]["name"] == "dynamo-container-my-engine"
    assert project["project"]["entry-points"]["dynamo_container.frameworks"] == {
        "my-engine": "dynamo_container_my_engine.plugin"
    }
    assert 'distribution = "dynamo-container-my-engine"' in made["tests/test_contract.py"]


def test_nothing_in_it_is_the_templates_or_ours(cli, tmp_path):
    cli.ok("new-plugin", "acme")

    for place, text in files(tmp_path / "dynamo-container-acme").items():
        for word in ("example", "SPDX", "dynamo-container authors"):
            assert word not in text, place


def test_it_says_what_to_do_next(cli, tmp_path):
    result = cli.ok("new-plugin", "acme", "--output", "some where/new")

    assert (tmp_path / "some where" / "new" / "dynamo-container-acme").is_dir()
    assert "pip install --editable './some where/new/dynamo-container-acme[test]'" in result.err
    assert "dynamo-container build acme" in result.err


@pytest.mark.parametrize(
    "name", ["", "a b", "9lives", "-x", "acmé", "a/b", "../a", "x" * 41, "a\nb", "acme-"]
)
def test_a_name_that_cannot_be_one_is_refused(cli, tmp_path, name):
    result = cli("new-plugin", "--", name)

    assert result.status == 2
    assert "cannot be the name of a plugin" in result.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["vllm", "VLLM", "none", "example-plugin"])
def test_the_name_of_a_plugin_that_there_is_is_refused(cli, tmp_path, name):
    result = cli("new-plugin", name)

    assert result.status == 2
    assert "there is already" in result.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("what", ["folder", "file", "link"])
def test_nothing_is_written_over(cli, tmp_path, what):
    place = tmp_path / "dynamo-container-acme"
    {
        "folder": place.mkdir,
        "file": place.touch,
        "link": lambda: place.symlink_to("nowhere"),
    }[what]()

    result = cli("new-plugin", "acme")

    assert result.status == 2
    assert "nothing is written over" in result.err
    assert [path.name for path in tmp_path.iterdir()] == ["dynamo-container-acme"]


def test_a_folder_that_cannot_be_made_is_told(cli, tmp_path):
    (tmp_path / "file").touch()

    result = cli("new-plugin", "acme", "--output", "file/new")

    assert result.status == 6
    assert "file/new cannot be made: Not a directory" in result.err


@pytest.mark.processes
def test_what_it_makes_is_clean_for_ruff_and_mypy(cli, tmp_path):
    cli.ok("new-plugin", "acme")

    for words in (["ruff", "check"], ["ruff", "format", "--check"], ["mypy"]):
        answer = subprocess.run(
            [sys.executable, "-m", *words],
            cwd=tmp_path / "dynamo-container-acme",
            capture_output=True,
            text=True,
            check=False,
        )
        assert answer.returncode == 0, answer.stdout + answer.stderr
