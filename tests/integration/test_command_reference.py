# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The page of commands and options: complete, and what it says about an option is true."""

from __future__ import annotations

import importlib
import re

import click
import pytest
import site_commands
from dynamo_container.cli.app import COMMANDS, app
from dynamo_container.cli.layout import Subcommands
from site_commands import Entry, Section


def every_command() -> dict[str, click.Command]:
    """Return all commands, by the words that call them, without their groups."""
    found: dict[str, click.Command] = {"": app}
    for name, module in COMMANDS.items():
        command = importlib.import_module(f"dynamo_container.cli.{module}").command
        below = command.subcommands if isinstance(command, Subcommands) else command
        if isinstance(below, click.Group):
            found |= {f"{name} {sub}": one for sub, one in below.commands.items()}
        if not isinstance(command, click.Group):
            found[name] = command
    return found


def section(words: str) -> Section:
    return next(one for one in site_commands.sections() if one.words == words)


def entry(words: str, flag: str) -> Entry:
    return next(one for one in section(words).entries if flag in one.flags)


def test_the_page_has_every_command():
    assert {one.words for one in site_commands.sections()} == every_command().keys()
    page = site_commands.page()
    for words in every_command():
        assert f"## {f'`{words}`' if words else 'Global options'} {{" in page


@pytest.mark.parametrize("words", every_command())
def test_the_page_has_every_option_of_a_command(words):
    options = [
        option
        for option in every_command()[words].params
        if isinstance(option, click.Option) and not option.hidden
    ]
    page = site_commands.page()

    shown = {flag for one in section(words).entries for flag in one.flags}
    assert {flag for option in options for flag in option.opts} - site_commands.OMITTED <= shown
    base = section(section(words).base) if section(words).base else None
    for one in section(words).entries:
        place = base.words if base and one in base.entries else words
        anchor = f"{place.replace(' ', '-') or 'global-options'}-{one.name.lstrip('-')}"
        assert f'<a id="{anchor}"' in page


def test_options_of_plugins_are_below_their_plugins():
    groups = dict(section("build").groups)

    (reference,) = (
        one for one in groups["Options of the plugin vllm"] if "--vllm-ref" in one.flags
    )
    assert reference.key == "build.vllm vllm-ref"
    assert reference.variables == ("DYNAMO_CONTAINER_BUILD_VLLM_REF",)
    assert "Options of the plugin llama-cpp" not in groups  # an example


@pytest.mark.parametrize(
    ("words", "flag", "default"),
    [
        ("build", "--repository", "dynamo"),
        ("build", "--dry-run", "off"),
        ("build", "--target", "dev for most frameworks"),
        ("build", "--tag", "none"),
        ("run", "--privileged", "FALSE"),
    ],
)
def test_a_default_is_stated_once(words, flag, default):
    one = entry(words, flag)

    assert one.default == default
    assert "(default" not in one.purpose


TRUE_OF = [
    ("build", "--base-image", "debian:13"),
    ("build", "--platform", "linux/arm64"),
    ("run", "--shm-size", "3g"),
    ("run", "--env", "A=1"),
]


@pytest.mark.processes
@pytest.mark.parametrize(("words", "flag", "value"), TRUE_OF)
def test_the_variable_of_an_option_sets_it(cli, monkeypatch, words, flag, value):
    variable = entry(words, flag).variables[0]
    monkeypatch.setenv(variable, value)

    assert "(environment)" in cli.ok("explain", words, "none").out


@pytest.mark.processes
@pytest.mark.parametrize(("words", "flag", "value"), TRUE_OF)
def test_the_key_of_an_option_sets_it_and_needs_trust_as_stated(
    cli, monkeypatch, tmp_path, words, flag, value
):
    table, key = entry(words, flag).key.split()
    (tmp_path / "dynamo-container.toml").write_text(f'[{table}]\n{key} = "{value}"\n')
    monkeypatch.chdir(tmp_path)

    untrusted = cli("explain", words, "none")
    trusted = cli.ok("--trust", "explain", words, "none")

    assert f"{flag} (project file {tmp_path}/dynamo-container.toml)" in trusted.out
    assert (untrusted.status != 0) == entry(words, flag).trusted


def test_text_of_help_is_neither_markup_nor_html():
    assert site_commands._escaped("a*b_c <x> [y](z) {}") == (r"a\*b\_c &lt;x&gt; \[y\](z) \{\}")


def test_each_variable_is_named_after_its_command_and_option():
    for one in site_commands.sections():
        for found in one.entries:
            words = [flag.lstrip("-").replace("-", "_").upper() for flag in found.flags]
            own = [name for name in found.variables if name.startswith("DYNAMO_CONTAINER_")][:1]
            assert all(name.endswith(tuple(f"_{word}" for word in words)) for name in own), own
            assert not re.search(r"[^A-Z_]|AS_JSON", "".join(own)), own


@pytest.mark.parametrize(
    ("words", "variable"),
    [
        ("serve status", "DYNAMO_CONTAINER_SERVE_STATUS_ALL_USERS"),
        ("serve logs", "DYNAMO_CONTAINER_SERVE_LOGS_FOLLOW"),
        ("dev stop", "DYNAMO_CONTAINER_DEV_STOP_ALL"),
        ("ps", "DYNAMO_CONTAINER_PS_JSON"),
        ("trust", "DYNAMO_CONTAINER_TRUST_LIST"),
        ("plugins list", "DYNAMO_CONTAINER_PLUGINS_LIST_JSON"),
    ],
)
def test_a_command_reads_the_variables_that_the_page_names(cli, monkeypatch, words, variable):
    assert any(variable in one.variables for one in section(words).entries)
    monkeypatch.setenv(variable, "perhaps")

    result = cli(*words.split())

    assert result.status == 2
    assert "'perhaps' is not a valid boolean" in result.err


def test_a_variable_decides_as_the_option_does(cli, monkeypatch):
    monkeypatch.setenv("DYNAMO_CONTAINER_PLUGINS_LIST_JSON", "1")
    assert cli.ok("plugins", "list").out == cli.ok("plugins", "list", "--json").out

    monkeypatch.setenv("DYNAMO_CONTAINER_PLUGINS_LIST_JSON", "")
    assert cli.ok("plugins", "list").out != cli.ok("plugins", "list", "--json").out
