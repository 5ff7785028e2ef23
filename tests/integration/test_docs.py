# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The documentation matches the code."""

from __future__ import annotations

import importlib
import inspect
import itertools
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import click
import kubernetes_validate
import pytest
import site_commands
import site_diagrams
import site_pages
import yaml
from dynamo_container import api
from dynamo_container.cli.app import COMMANDS, app
from dynamo_container.errors import DynamoContainerError
from dynamo_container.model.facts import ImageInfo
from dynamo_container.model.provenance import CORE, PlanEntry
from dynamo_container.model.requests import (
    BuildRequest,
    CheckRequest,
    Component,
    Inventory,
    Model,
    PlanView,
    RunRequest,
    ServeRequest,
)
from dynamo_container.options.rules import BUILD_RULES, RUN_RULES, SERVE_RULES
from dynamo_container.plugins import hookspecs
from dynamo_container.plugins.discovery import FRAMEWORKS
from dynamo_container.plugins.registry import Registry
from dynamo_container.testing import PluginContract

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([ROOT / "README.md", *DOCS.glob("*.md")])
# Without the template of new-plugin, which is a project of its own.
SOURCES = sorted(
    path for path in (ROOT / "core" / "src").rglob("*.py") if "templates" not in path.parts
)
# Pages of the site that are made when it is built.
GENERATED = (site_commands.PAGE, *site_pages.PAGES.values())
PREFIX = "dynamo_container_"
HOOKS = {
    name: function
    for name, function in inspect.getmembers(hookspecs, inspect.isfunction)
    if name.startswith(PREFIX)
}
# The end of a command in a line of shell.
SEPARATORS = (">", "|", "&&", ";")


def text(name: str) -> str:
    return (DOCS / name).read_text()


def commands() -> dict[str, click.Command]:
    """Return every command that is not a group, by its name, such as `plugins list`."""
    leaves: dict[str, click.Command] = {}
    for name, module in COMMANDS.items():
        command = importlib.import_module(f"dynamo_container.cli.{module}").command
        if isinstance(command, click.Group):
            leaves |= {f"{name} {sub}": leaf for sub, leaf in command.commands.items()}
        else:
            leaves[name] = command
    return leaves


def test_every_hook_is_documented_with_its_signature():
    headings = re.findall(rf"^### ({PREFIX}\w+)\((.*)\)$", text("hooks.md"), re.MULTILINE)

    signatures = {
        name: ", ".join(inspect.signature(function).parameters) for name, function in HOOKS.items()
    }
    assert dict(headings) == signatures
    for name, function in HOOKS.items():
        *arguments, (_, result) = plain_annotations(function).items()
        types = ", ".join(f"{argument}: {kind}" for argument, kind in arguments)
        line = f"`({types}) -> {result}`, since {hookspecs.SPECS[name].since}."
        assert f"### {name}({signatures[name]})\n\n{line}\n" in text("hooks.md")


def plain_annotations(function: Callable[..., object]) -> dict[str, str]:
    """Return the annotations of a function without the names of modules, as plugins write them."""
    return {
        name: re.sub(r"\b(?:requests|values)\.", "", kind)
        for name, kind in function.__annotations__.items()
    }


def python_examples(markdown: str) -> str:
    return "\n".join(re.findall(r"```python\n(.*?)```", markdown, re.DOTALL))


def examples_in_docstrings() -> str:
    return python_examples("\n".join(inspect.getdoc(hook) or "" for hook in HOOKS.values()))


@pytest.mark.parametrize(
    "examples",
    [python_examples(text("hooks.md")), examples_in_docstrings()],
    ids=["page", "docstrings"],
)
def test_the_examples_of_all_hooks_are_one_working_plugin(site, examples):
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
        "ServeRequest": ServeRequest(
            framework="documented",
            project="x",
            container=RunRequest(framework="documented", image="x"),
            model=Model(name="org/model", served_name="model"),
        ),
    }
    privileged = PlanEntry(kind="flag", key="--privileged", value="", sources=(CORE,))
    codec = Component(kind="python", name="av", version="1.0")
    arguments = {
        "command": "build",
        "plan": PlanView(
            command="run", framework="documented", target="runtime", entries=(privileged,)
        ),
        "inventory": Inventory(image="x", framework="documented", components=(codec,)),
    }
    for name, function in HOOKS.items():
        request = requests.get(plain_annotations(function).get("request", ""))
        contributions = registry.call_for(
            "documented", getattr(hookspecs, name), request=request, **arguments
        )
        assert "documented" in [entry.source.name for entry in contributions], name


def test_every_option_of_serve_and_export_is_in_the_command_line_page():
    page = text("cli.md").partition("## serve")[2].partition("\n## ")[0]

    for name in ("serve", "export"):
        for param in commands()[name].params:
            if isinstance(param, click.Option) and param.name not in ("trust", "no_plugin"):
                assert max(param.opts, key=len) in page, f"{name} {param.opts}"


def test_every_option_of_build_and_run_is_in_the_command_line_page():
    page = text("cli.md")

    for name in ("build", "run"):
        for param in commands()[name].params:
            if isinstance(param, click.Option):
                assert max(param.opts, key=len) in page, f"{name} {param.opts}"


def test_every_rule_between_options_is_in_the_command_line_page():
    page = text("cli.md").partition("## Options that go together")[2]

    lines = [
        line
        for block in re.findall(r"```text\n(.*?)```", page, re.DOTALL)
        for line in block.splitlines()
    ]
    assert lines == [rule.sentence() for rule in (*BUILD_RULES, *RUN_RULES, *SERVE_RULES)]


@pytest.mark.parametrize("page", [ROOT / "README.md", DOCS / "cli.md"], ids=lambda page: page.name)
def test_every_command_is_in_the_table(page):
    for name in (*commands(), "plugins"):
        first, _, second = name.partition(" ")
        assert re.search(rf"`{first}\b.*\b{second}", page.read_text()), name


def command_lines() -> list[tuple[str, list[str]]]:
    """Return the command lines in the pages and in READMEs: the page's name, and the arguments."""
    lines = []
    for page in (*PAGES, *ROOT.glob("*/*/README.md")):
        markdown = page.read_text().replace("\\\n", " ")
        indented = re.findall(r"^    (dynamo-container [a-z-].*)$", markdown, re.MULTILINE)
        fenced = re.findall(r"^(?:\$ )?(dynamo-container [a-z-].*)$", markdown, re.MULTILINE)
        inline = re.findall(r"`(dynamo-container [a-z-][^`\n]+)`", markdown)
        for line in (*indented, *fenced, *inline):
            _, *arguments = shlex.split(line, comments=True)
            arguments = list(itertools.takewhile(lambda word: word not in SEPARATORS, arguments))
            if not {"...", "--help"} & set(arguments):
                lines.append((page.name, arguments))
    return lines


def test_command_lines_are_found_in_the_documentation():
    assert len(command_lines()) > 60


@pytest.mark.parametrize(("page", "arguments"), command_lines(), ids=str)
def test_a_documented_command_line_can_be_parsed(site, page, arguments):
    for option, name in itertools.pairwise(arguments):
        if option == "--no-plugin":  # a plugin that is not installed cannot be excluded
            site.install(name)
    with app.make_context("dynamo-container", arguments) as context:
        rest = context._protected_args + context.args
        command: click.Command | None = app
        while isinstance(command, click.Group) and rest:
            name, command, rest = command.resolve_command(context, rest)
        assert command
        if isinstance(command, click.Group):  # `dynamo-container explain` in a sentence
            return
        with command.make_context(name, rest, parent=context):
            pass


def test_everything_that_plugins_import_is_in_the_reference():
    page = text("api.md")
    directives = set(re.findall(r"^::: ([\w.]+)$", page, re.MULTILINE))

    for name in api.__all__:
        value = getattr(api, name)
        module = getattr(value, "__module__", "")
        if isinstance(value, str):
            assert f"| `{name}` | `{value}` |" in page
        elif module.startswith(("dynamo_container.model", "dynamo_container.plugins")):
            assert {module, f"{module}.{name}"} & directives, name
        else:
            assert module in directives or f"`{name}" in page or f"@{name}`" in page, name


def test_the_graph_in_the_documentation_is_what_explain_prints(cli):
    graph = cli.ok("explain", "build", "none", "--target", "runtime", "--graph").out

    assert graph in text("explain.md")


def test_every_rule_of_the_contract_is_in_the_plugin_guide():
    tests = [name[5:] for name in vars(PluginContract) if name.startswith("test_")]

    section = text("plugins.md").partition("## Test it")[2].partition("### Fixtures")[0]
    assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)[: len(tests)] == tests


def test_every_page_is_in_the_navigation():
    navigation = (ROOT / "mkdocs.yml").read_text().partition("nav:")[2]

    assert [page.name for page in DOCS.glob("*.md") if f": {page.name}\n" not in navigation] == []


def test_every_exit_status_is_documented():
    errors: list[type[DynamoContainerError]] = DynamoContainerError.__subclasses__()
    statuses = {error.exit_status for error in errors}

    table = text("cli.md").partition("## Exit status")[2]
    assert statuses <= {int(row) for row in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)}


def test_every_environment_variable_is_documented():
    page = text("cli.md")
    code = "\n".join(path.read_text() for path in SOURCES)

    names = set(re.findall(r'environ(?:\.get\(|\[)"([A-Z_]+)"', code))
    names |= set(re.findall(r'"([A-Z_]+)" (?:not )?in os\.environ', code))
    names |= set(re.findall(r'"((?:[A-Z]+_PROXY)|SSL_CERT_FILE)"', code))
    assert {"NO_COLOR", "SSL_CERT_FILE", "HTTPS_PROXY"} <= names
    assert [name for name in sorted(names) if f"`{name}`" not in page] == []


def test_links_between_pages_resolve():
    for page in PAGES:
        for in_code, link in re.findall(r"`(docs/[\w/.-]+)`|\]\(([\w/.-]+)\)", page.read_text()):
            target = ROOT / in_code if in_code else page.parent / link
            assert target.exists() or link in GENERATED, f"{page.name}: {target}"


@pytest.mark.parametrize("name", ["docs/index.md", "docs/explain.md", "CONTRIBUTING.md"])
def test_the_site_draws_the_diagrams_of_a_page(name):
    page = (ROOT / name).read_text()
    labels = re.findall(r"<b>([\w-]+)</b>|\[\"([\w ]+)<br/>", page.partition("```mermaid")[2])

    drawn = site_diagrams.on_page_markdown(page)

    assert "```mermaid" in page
    assert "```mermaid" not in drawn
    assert len(labels) > 2
    for label in ("".join(pair) for pair in labels):
        assert f">{label}</text>" in drawn


@pytest.mark.parametrize("document", site_pages.PAGES)
def test_links_of_root_documents_resolve_in_the_site(document):
    page = site_pages.with_links_of_site((ROOT / document).read_text())

    links = re.findall(r"\]\((?!\w+:)([\w/.-]+)", page)
    assert [link for link in links if not (DOCS / link).exists() and link not in GENERATED] == []


def test_a_root_document_links_to_pages_of_the_site():
    text = "[a](docs/cli.md#run), [b](SECURITY.md), [c](scripts/engine), [d](https://a.example)"

    page = site_pages.with_links_of_site(text)

    assert page == "[a](cli.md#run), [b](reporting.md), c, [d](https://a.example)"


def manifests() -> list[tuple[str, str]]:
    """Return the manifests of Kubernetes in all pages, with the names of the pages."""
    return [
        (page.name, block)
        for page in sorted(DOCS.glob("*.md"))
        for block in re.findall(r"```yaml\n(.*?)```", page.read_text(), re.DOTALL)
        if re.search("^apiVersion: (apps/)?v1$", block, re.MULTILINE)
    ]


def test_manifests_in_the_documentation_are_valid():
    found = manifests()

    assert "hardened.md" in dict(found)
    for page, text in found:
        for document in yaml.safe_load_all(text):
            assert kubernetes_validate.validate(document, "1.34", strict=True), page


def test_every_message_in_the_troubleshooting_page_exists():
    """Those of docker, uv and BuildKit do not come from here."""
    others = {
        "no space left on device",
        "failed to resolve source metadata",
        "certificate verify failed",
        "No solution found when resolving dependencies",
    }
    headings = set(re.findall(r"^### (.+)$", text("troubleshooting.md"), re.MULTILINE))
    code = "\n".join(path.read_text() for path in SOURCES)
    said = re.sub(r'"\s+f?"', "", code)  # messages are split over lines

    assert len(headings) > 15
    assert others <= headings
    # What is quoted from an f-string can begin after a value.
    unknown = [part for part in headings - others if part.removeprefix("cannot ") not in said]
    assert unknown == []


def test_the_readme_fits_on_a_few_screens():
    assert len((ROOT / "README.md").read_text().splitlines()) < 120
