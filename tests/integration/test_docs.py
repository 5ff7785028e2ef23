# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The documentation is held to the code."""

from __future__ import annotations

import importlib
import inspect
import itertools
import re
import shlex
from pathlib import Path

import click
import pytest
from dynamo_container import api
from dynamo_container.cli.app import COMMANDS, app
from dynamo_container.errors import DynamoContainerError
from dynamo_container.model.facts import ImageInfo
from dynamo_container.model.requests import BuildRequest, CheckRequest, RunRequest
from dynamo_container.plugins import hookspecs
from dynamo_container.plugins.discovery import FRAMEWORKS
from dynamo_container.plugins.registry import Registry

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([ROOT / "README.md", *DOCS.glob("*.md")])
# The template of new-plugin is no part of the program.
SOURCES = sorted(
    path for path in (ROOT / "core" / "src").rglob("*.py") if "templates" not in path.parts
)
PREFIX = "dynamo_container_"
HOOKS = {
    name: function
    for name, function in inspect.getmembers(hookspecs, inspect.isfunction)
    if name.startswith(PREFIX)
}


def text(name: str) -> str:
    return (DOCS / name).read_text()


def commands() -> dict[str, click.Command]:
    """Every command that does something, by its words."""
    found: dict[str, click.Command] = {}
    for name, module in COMMANDS.items():
        command = importlib.import_module(f"dynamo_container.cli.{module}").command
        if isinstance(command, click.Group):
            found |= {f"{name} {sub}": one for sub, one in command.commands.items()}
        else:
            found[name] = command
    return found


def test_every_hook_is_documented_with_its_signature():
    headings = re.findall(rf"^### ({PREFIX}\w+)\((.*)\)$", text("hooks.md"), re.MULTILINE)

    signatures = {
        name: ", ".join(inspect.signature(function).parameters) for name, function in HOOKS.items()
    }
    assert dict(headings) == signatures
    for name, function in HOOKS.items():
        *arguments, (_, result) = function.__annotations__.items()
        types = ", ".join(f"{argument}: {kind}" for argument, kind in arguments)
        line = f"`({types}) -> {result}`, since {hookspecs.SPECS[name].since}."
        assert f"### {name}({signatures[name]})\n\n{line}\n" in text("hooks.md")


def of_the_page() -> str:
    return "\n".join(re.findall(r"```python\n(.*?)```", text("hooks.md"), re.DOTALL))


def of_the_specifications() -> str:
    """Return the examples in the docstrings of all hooks."""
    docstrings = "\n".join(inspect.getdoc(function) or "" for function in HOOKS.values())
    return "\n".join(re.findall(r"```python\n(.*?)```", docstrings, re.DOTALL))


@pytest.mark.parametrize("examples", [of_the_page(), of_the_specifications()], ids=["page", "code"])
def test_the_examples_of_the_hooks_work_together(site, examples):
    site.install("documented", examples, group=FRAMEWORKS, name="documented")
    registry = Registry.discover()

    registry.load("documented")

    requests: dict[str, object] = {
        "BuildRequest": BuildRequest(
            framework="documented", target="runtime", dynamo_version="9.0"
        ),
        "RunRequest": RunRequest(framework="documented", image="x"),
        "CheckRequest": CheckRequest(
            framework="documented", image="x", image_info=ImageInfo(id="1", size=1)
        ),
    }
    for name, function in HOOKS.items():
        hints = function.__annotations__
        arguments = {"request": requests.get(hints.get("request", "")), "command": "build"}
        said = registry.call_for("documented", getattr(hookspecs, name), **arguments)
        assert [one for one in said if one.source.name == "documented"], name


def test_every_option_is_in_the_page_of_the_command_line():
    page = text("cli.md")

    for name in ("build", "run"):
        for param in commands()[name].params:
            if isinstance(param, click.Option):
                assert max(param.opts, key=len) in page, f"{name} {param.opts}"


@pytest.mark.parametrize("page", [ROOT / "README.md", DOCS / "cli.md"], ids=lambda page: page.name)
def test_every_command_is_in_its_table(page):
    for words in (*commands(), "plugins"):
        first, _, second = words.partition(" ")
        assert re.search(rf"`{first}\b.*\b{second}", page.read_text()), words


def command_lines() -> list[tuple[str, list[str]]]:
    """The command lines of the pages, and of READMEs beside them: the page, and the words."""
    found = []
    for page in (*PAGES, *ROOT.glob("*/*/README.md")):
        text = page.read_text().replace("\\\n", " ")
        blocks = re.findall(r"^    .*?(dynamo-container [a-z-].*)$", text, re.MULTILINE)
        fenced = re.findall(r"^(?:\$ )?(dynamo-container [a-z-].*)$", text, re.MULTILINE)
        within = re.findall(r"`(dynamo-container [a-z-][^`\n]+)`", text)
        for line in (*blocks, *fenced, *within):
            words = shlex.split(line, comments=True)
            end = next((n for n, word in enumerate(words) if word in (">", "|", "&&", ";")), None)
            if not {"...", "--help"} & set(words):
                found.append((page.name, words[1:end]))
    return found


def test_there_are_documented_command_lines():
    assert len(command_lines()) > 60


@pytest.mark.parametrize(("page", "words"), command_lines(), ids=str)
def test_a_documented_command_line_can_be_parsed(site, page, words):
    for option, name in itertools.pairwise(words):
        if option == "--no-plugin":  # it has to be there to be left out
            site.install(name)
    with app.make_context("dynamo-container", words) as context:
        rest = context._protected_args + context.args
        command: click.Command | None = app
        while isinstance(command, click.Group):
            name, command, rest = command.resolve_command(context, rest)
        assert command
        with command.make_context(name, rest, parent=context):
            pass


def test_all_that_plugins_import_is_in_the_reference():
    page = text("api.md")
    shown = re.findall(r"^::: ([\w.]+)$", page, re.MULTILINE)

    for name in set(api.__all__) - {"hookimpl", "LABEL_PREFIX"}:
        module = getattr(api, name).__module__
        assert {module, f"{module}.{name}"} & set(shown), name
    assert f"`LABEL_PREFIX` is what the keys of our labels start with: `{api.LABEL_PREFIX}`" in page


def test_every_page_is_in_the_sites_navigation():
    navigation = (ROOT / "mkdocs.yml").read_text().partition("nav:")[2]

    assert [page.name for page in DOCS.glob("*.md") if f": {page.name}\n" not in navigation] == []


def test_every_exit_status_is_documented():
    errors: list[type[DynamoContainerError]] = DynamoContainerError.__subclasses__()
    statuses = {error.exit_status for error in errors}

    table = text("cli.md").partition("## Exit status")[2]
    assert statuses <= {int(one) for one in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)}


def test_every_variable_that_is_read_is_documented():
    page = text("cli.md")
    code = "\n".join(path.read_text() for path in SOURCES)

    named = set(re.findall(r'environ(?:\.get\(|\[)"([A-Z_]+)"', code))
    named |= set(re.findall(r'"([A-Z_]+)" (?:not )?in os\.environ', code))
    named |= set(re.findall(r'"((?:[A-Z]+_PROXY)|SSL_CERT_FILE)"', code))
    assert {"NO_COLOR", "SSL_CERT_FILE", "HTTPS_PROXY"} <= named
    assert [name for name in sorted(named) if f"`{name}`" not in page] == []


def test_links_between_pages_lead_somewhere():
    for page in PAGES:
        for target in re.findall(r"`(docs/[\w/.-]+)`|\]\(([\w/.-]+)\)", page.read_text()):
            path = ROOT / target[0] if target[0] else page.parent / target[1]
            assert path.exists(), f"{page.name}: {target}"
