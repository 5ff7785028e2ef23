# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The help: which options it shows, and how."""

from __future__ import annotations

import re

import click
import pytest
from dynamo_container.cli.app import COMMANDS, app
from fakes import PIN


@pytest.mark.parametrize("words", [(), ("explain",), ("plugins",)])
def test_help_is_shown_without_a_command(cli, words):
    assert cli.ok(*words).out.startswith("Usage: dynamo-container")


def test_help_works_even_if_plugins_that_are_not_selected_fail(cli, site):
    raising = "\n@hookimpl\ndef dynamo_container_options(command):\n    raise RuntimeError('x')\n"
    site.framework("one", PIN)
    site.framework("two", PIN)
    site.framework("raising", raising)

    assert "--tiny-ref" in cli.ok("build", "one", "--help").out
    assert "no such option" in cli("build", "none", "--nonsense").err


def test_help_names_the_command_that_shows_more_options_and_an_options_choices(cli, site):
    declared = """
@hookimpl
def dynamo_container_options(command):
    yield Option(flag="--kernels", help="Kernels.", default="flash", choices=("flash", "math"))
"""
    site.framework("tiny", declared)

    for command in ("build", "run"):
        words = " ".join(cli.ok(command, "tiny", "--help").out.split())
        assert "Kernels. [one of: flash, math; default: flash]" in words
        assert "can have options of its own" not in words
        general = " ".join(cli.ok(command, "--help").out.replace("-\n", "-").split())
        assert f"dynamo-container {command} " in general.partition("name it: ")[2]


@pytest.mark.parametrize("command", ["build", "run", "render", "devcontainer"])
def test_help_shows_the_common_options_and_help_all_shows_each_option_once(cli, site, command):
    site.framework("tiny", "")
    found = app.get_command(click.Context(app), command)
    assert found is not None
    options = [one for one in found.params if isinstance(one, click.Option) and not one.hidden]

    common = cli.ok(command, "--help").out
    every = cli.ok(command, "--help-all").out

    assert f"All options: dynamo-container {command} --help-all" in common
    assert len(common.splitlines()) < len(every.splitlines())
    for flag in (option.opts[-1] for option in options):
        assert re.search(rf"^  .*{flag}\b(?!-)", every, re.MULTILINE), flag


@pytest.mark.parametrize(
    ("command", "refused"),
    [
        ("lock", ("--dry-run", "--locked", "--frozen")),
        ("update", ("--dry-run", "--locked", "--frozen")),
        ("outdated", ("--dry-run", "--locked", "--frozen")),
        ("render", ("--builder BUILDER", "--report FILE", "--max-size SIZE")),
    ],
)
def test_help_leaves_out_the_options_that_a_command_refuses(cli, command, refused):
    every = cli.ok(command, "--help-all").out

    assert not [words for words in refused if f"  {words} " in every]


def test_help_shows_the_help_of_a_command(cli):
    assert cli.ok("help", "plugins", "list").out == cli.ok("plugins", "list", "--help").out
    assert cli.ok("help").out == cli.ok("--help").out

    result = cli("help", "plugins", "lst")
    assert result.status == 2
    assert "no such command: 'lst'" in result.err


@pytest.mark.parametrize("columns", ["60", "80", "140"])
def test_help_cuts_no_word(cli, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", columns)

    for command in COMMANDS:
        shown = cli.ok(command, "--help").out
        several = re.compile(r"\b[A-Z]+\.\.\.")  # such as COMMAND...
        assert not re.search(r"[\w.]\.\.\.", several.sub("", shown)), shown


@pytest.mark.parametrize("columns", ["20", "40", "70", "80"])
@pytest.mark.parametrize(
    ("command", "unit"),
    [
        (("explain", "run"), "[-- COMMAND...]"),
        (("explain", "serve"), "[-- ARGUMENTS]"),
        (("run",), "[-- COMMAND...]"),
        (("exec",), "[[--] COMMAND...]"),
    ],
)
def test_a_usage_line_breaks_between_arguments_only(cli, monkeypatch, columns, command, unit):
    monkeypatch.setenv("COLUMNS", columns)

    usage = cli.ok(*command, "--help").out.partition("\n\n")[0]

    assert unit in usage
    assert "\N{NO-BREAK SPACE}" not in usage


def test_outdated_takes_no_names(cli):
    usage = cli.ok("outdated", "--help").out.partition("\n\n")[0]

    assert usage == "Usage: dynamo-container outdated [OPTIONS]"


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("update",), "see what is newer: dynamo-container outdated"),
        (("outdated",), "omit it: outdated changes nothing"),
        (("lock", "none"), "omit it"),
    ],
)
def test_a_dry_run_of_what_has_none_names_the_next_step(cli, words, hint):
    result = cli(*words, "--dry-run")

    assert result.status == 2
    assert result.err == f"error: --dry-run cannot be used with {words[0]}\n{hint}\n"
