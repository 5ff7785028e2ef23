# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Where options come from: the command line, the environment, project files, plugins."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import click
import pytest
from dynamo_container.options.project import FILE
from fakes import PIN


class TestOrigins:
    """Options come from the command line, the environment, the project file: in this order."""

    @pytest.fixture(autouse=True)
    def _project_file(self, tmp_path, monkeypatch):
        monkeypatch.setenv("DYNAMO_CONTAINER_TRUST", "1")
        text = '[build]\nbase-image = "from/file:1"\ndynamo-version = "1.4.1"\n'
        (tmp_path / FILE).write_text(text)

    @staticmethod
    def base_image(cli, *words):
        values = cli.ok("explain", "build", "none", "base-image", *words, "--json").json
        return values["images"][0]["values"][0]

    def test_the_project_file_wins_over_plugins(self, cli, tmp_path):
        value = self.base_image(cli)

        assert value["value"] == "from/file:1"
        assert value["sources"][0]["distribution"] == f"project file {tmp_path / FILE}"
        assert [one["value"] for one in value["shadowed"]] == ["ubuntu:24.04"]

    def test_the_environment_wins_over_the_project_file(self, cli, monkeypatch):
        monkeypatch.setenv("DYNAMO_CONTAINER_BUILD_BASE_IMAGE", "from/environment:1")

        value = self.base_image(cli)

        assert value["value"] == "from/environment:1"
        assert value["sources"][0]["distribution"] == "environment"

    def test_the_command_line_wins_over_both(self, cli, monkeypatch):
        monkeypatch.setenv("DYNAMO_CONTAINER_BUILD_BASE_IMAGE", "from/environment:1")

        value = self.base_image(cli, "--base-image", "x:y")

        assert value["value"] == "x:y"
        assert value["sources"][0]["name"] == "--base-image"
        assert value["sources"][0]["distribution"] == "command line"

    def test_the_project_file_is_found_in_a_parent_folder(self, cli, monkeypatch, tmp_path):
        below = tmp_path / "a" / "b"
        below.mkdir(parents=True)
        monkeypatch.chdir(below)

        assert self.base_image(cli)["value"] == "from/file:1"

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("[build", "not valid TOML"),
            ("[biuld]", "'biuld' is not a table of options"),
            ("[build]\nbase-imgae = 'x'", "'base-imgae'"),
            ("[build]\nbase-image = ['x', 'y']", "not a string"),
            ("[build]\nno-latest = 7", "not true or false"),
            ("[build]\nbuild-arg = [1]", "list of strings"),
            ("[build]\nframeworks = ['none']", "'frameworks'"),
        ],
    )
    def test_errors_in_the_project_file_are_reported(self, cli, tmp_path, text, message):
        (tmp_path / FILE).write_text(text)

        result = cli("build", "none", "--dry-run")

        assert result.status == 2
        assert message in result.err

    def test_the_example_of_the_docs_works(self, cli, tmp_path):
        page = (Path(__file__).parents[2] / "docs" / "cli.md").read_text()
        (example,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
        (tmp_path / FILE).write_text(example)

        result = cli.ok("build", "none", "--dry-run")

        assert "debian:trixie-slim" in result.out
        assert "no Dockerfile declares" in result.err  # its arguments are made up

    def test_explain_accepts_options_that_only_build_and_run_use(self, cli, tmp_path):
        text = '[build]\nprogress = "plain"\n[run]\nwait-timeout = 5\n'
        (tmp_path / FILE).write_text(text)

        cli.ok("explain", "build", "none")

    def test_a_table_in_pyproject_toml_works_too(self, cli, tmp_path):
        (tmp_path / FILE).unlink()
        text = '[tool.dynamo-container.build]\nbase-image = "from/pyproject:1"\n'
        (tmp_path / "pyproject.toml").write_text(text)

        assert self.base_image(cli)["value"] == "from/pyproject:1"


@pytest.mark.parametrize("name", ["TARGET", "NAME", "RM", "BASE_IMAGE", "FRAMEWORK", "TAG"])
def test_no_other_variable_changes_a_plan(cli, monkeypatch, name):
    before = cli.ok("build", "none", "--dry-run").out
    monkeypatch.setenv(name, "something")

    assert cli.ok("build", "none", "--dry-run").out == before


@pytest.mark.parametrize("command", ["build", "run"])
def test_options_have_the_same_name_in_the_environment_and_the_project_file(command):
    module = importlib.import_module(f"dynamo_container.cli.{command}")
    options = [param for param in module.command.params if isinstance(param, click.Option)]

    assert len(options) > 15
    for option in options:
        assert option.name == max(option.opts, key=len)[2:].replace("-", "_")


def test_repeatable_options_take_one_value_per_line_from_the_environment(cli, monkeypatch):
    monkeypatch.setenv("DYNAMO_CONTAINER_BUILD_BUILD_ARG", "UV=a b\nREQUIREMENTS=x")

    result = cli.ok("build", "none", "--dry-run")

    assert '"UV": "a b"' in result.out
    assert '"REQUIREMENTS": "x"' in result.out


def test_no_environment_variable_prints_the_version(cli, monkeypatch):
    monkeypatch.setenv("DYNAMO_CONTAINER_VERSION", "1")

    assert "bake" in cli.ok("build", "none", "--dry-run").out


class TestOptionsOfOneFrameworkInTheProjectFile:
    @pytest.fixture(autouse=True)
    def _plugin_with_an_option(self, site, tmp_path, monkeypatch):
        monkeypatch.setenv("DYNAMO_CONTAINER_TRUST", "1")
        site.framework("tiny", PIN)
        text = '[build]\nno-latest = true\n[build.tiny]\ntiny-ref = "v3"\n'
        (tmp_path / FILE).write_text(text)

    def test_they_apply_if_the_framework_is_built(self, cli):
        assert cli.values("build", "tiny")["pin tiny"] == "v3"

    def test_they_are_ignored_if_another_framework_is_built(self, cli):
        assert "pin tiny" not in cli.values("build", "none")

    def test_the_table_of_an_unknown_framework_is_an_error(self, cli, tmp_path):
        (tmp_path / FILE).write_text("[build.nosuch]\nx = 1\n")

        result = cli("build", "none", "--dry-run")

        assert result.status == 2
        assert "'nosuch' in [build], which is not one of its options" in result.err
