# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Rules that hold for every file of the repository."""

from __future__ import annotations

import ast
import re
import statistics
import subprocess
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CORE = ROOT / "core" / "src" / "dynamo_container"
SOURCES = (".py", ".sh", ".toml", "Dockerfile", "Makefile", ".yml", ".yaml")
# Host names of package registries: a clone must build with any mirror that is configured.
REGISTRIES = re.compile(r"pypi\.org|pythonhosted|registry\.npmjs|crates\.io|deb\.debian\.org")
# Folders that exist on a single machine only.
MACHINE_PATHS = re.compile(r"(?<![\w.])/(?:root|work)/\w")

# The limits keep the code readable; see CONTRIBUTING.md.
# 2,700 for the commands that existed when the limit was set. What later features add: the layout of
# help and `help`, trust in project files and `trust`, docker's own options of `run`, the engine;
# `completion`, `images`, `rm` and `prune` with 250 lines; `serve` and `export`
# with 650; `lock`, `update`, `outdated`, `reproduce`, `size`, `diff` and the options for locks
# with 350; `sbom`, `notices` and policies for the content of images with 110; `dev` with 350;
# the options that a command refuses, and does not list, with 20; `doctor --fix` with 40; `sign` and
# `verify` with 80; a scanner's report in `check` with 40.
MAX_CLI_LINES = 2_700 + 900 + 250 + 650 + 350 + 110 + 350 + 20 + 40 + 80 + 40
MAX_FILE_LINES = 400
LONG_FILES = {"plugins/hookspecs.py", "testing/contract.py"}
MAX_FUNCTION_LINES = 60
MAX_MEDIAN_FUNCTION_LINES = 9


@pytest.fixture(scope="module")
def files() -> list[Path]:
    """Return all files that git does not ignore."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


@pytest.mark.processes
def test_every_source_file_names_its_license(files):
    sources = [path for path in files if path.name.endswith(SOURCES) or is_script(path)]

    assert len(sources) > 40
    lacking = [
        str(path.relative_to(ROOT))
        for path in sources
        if path.stat().st_size
        and "SPDX-License-Identifier: Apache-2.0" not in path.read_text()[:300]
    ]
    assert lacking == []


def is_script(path: Path) -> bool:
    """Return whether a file starts with `#!`."""
    return path.read_bytes().startswith(b"#!")


@pytest.mark.processes
def test_no_file_names_a_registry_or_a_path_of_one_machine(files):
    matches = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in files
        if path != Path(__file__)
        for pattern in (REGISTRIES, MACHINE_PATHS)
        for match in pattern.finditer(path.read_text(errors="replace"))
    ]
    assert matches == []


def test_names_of_test_files_are_unique():
    """Two files of the same name are confused in reports, and in `pytest -k`. Projects of plugins
    have their own contract tests, which are called the same in each.
    """
    folders = ("core/tests", "container/tests", "tests/integration")
    names = [path.name for folder in folders for path in (ROOT / folder).glob("test_*.py")]

    assert len(names) > 30
    assert [name for name, number in Counter(names).items() if number > 1] == []


def test_the_command_line_stays_small():
    lines = sum(line_count(path) for path in (CORE / "cli").glob("*.py"))

    assert lines <= MAX_CLI_LINES


def test_files_of_the_core_stay_short():
    lines = {str(path.relative_to(CORE)): line_count(path) for path in core_modules()}

    assert lines.keys() >= LONG_FILES
    too_long = {name: number for name, number in lines.items() if number > MAX_FILE_LINES}
    assert {name: number for name, number in too_long.items() if name not in LONG_FILES} == {}


def test_functions_of_the_core_stay_short():
    lengths = {
        f"{path.relative_to(CORE)}:{function.lineno}: {function.name}": body_lines(function)
        for path in core_modules()
        for function in functions(path)
    }

    assert len(lengths) > 300
    too_long = {name: number for name, number in lengths.items() if number > MAX_FUNCTION_LINES}
    assert too_long == {}
    assert statistics.median(lengths.values()) <= MAX_MEDIAN_FUNCTION_LINES


def test_python_is_started_in_one_way():
    """`python -m` and `python -c` would import modules of the current folder: see PYTHON."""
    starts = [
        f"{path.relative_to(CORE)}:{node.lineno}"
        for path in core_modules()
        if path.parent.name != "testing" and path.name != "command.py"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Tuple | ast.List | ast.Call)
        for word in (node.args if isinstance(node, ast.Call) else node.elts)
        if ast.unparse(word) == "sys.executable"
    ]
    assert starts == []


def test_the_walk_through_the_house_names_each_room_and_only_existing_files():
    page = (ROOT / "CONTRIBUTING.md").read_text()
    walk = page[page.index("## A walk") : page.index("## How to add a hook")]
    rooms = {name.rstrip("/") for name in re.findall(r"^\| `([\w./]+)` \|", walk, re.MULTILINE)}
    files = re.findall(r"`([a-z_]+/[a-z_]+\.py)`", walk)

    modules = {path.name for path in CORE.iterdir() if (path / "__init__.py").exists()}
    modules |= {path.name for path in CORE.glob("*.py")}
    assert modules - rooms - {"templates"} == {"__init__.py", "__main__.py", "pytest_plugin.py"}
    assert rooms <= modules
    assert len(files) > 5
    assert [name for name in files if not (CORE / name).is_file()] == []


def test_the_versions_of_python_are_the_same_everywhere():
    versions = re.findall(r'"(3\.\d+)"', (ROOT / "noxfile.py").read_text())
    projects = [ROOT / "core", ROOT / "container", *sorted((ROOT / "plugins").iterdir())]

    assert len(projects) >= 6
    for folder in projects:
        project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
        assert project["requires-python"] == f">={versions[0]}", folder
        classifiers = [name.rpartition(" :: ")[2] for name in project["classifiers"]]
        assert [name for name in classifiers if re.fullmatch(r"3\.\d+", name)] == versions, folder


def core_modules() -> list[Path]:
    """Return the modules of the core, without the template of `new-plugin`."""
    return [path for path in CORE.rglob("*.py") if path.relative_to(CORE).parts[0] != "templates"]


def line_count(path: Path) -> int:
    """Return the number of lines in a file, including comments and empty lines."""
    return len(path.read_text().splitlines())


Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(path: Path) -> Iterator[Function]:
    """Yield all functions and methods of a module; hook specifications have no body and do not
    count.
    """
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, Function) and body_lines(node):
            yield node


def body_lines(function: Function) -> int:
    """Return the lines from the first to the last statement of a function, including comments and
    empty lines between them: without decorators, signature and docstring.
    """
    body = function.body
    if ast.get_docstring(function, clean=False) is not None:
        body = body[1:]
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("def f():\n    return 1\n", 1),
        ("@d\n@e\ndef f(\n    a,\n):\n    '''Doc.\n\n    More.\n    '''\n    a()\n\n    b()\n", 3),
        ("def f():\n    '''Doc.'''\n", 0),
    ],
)
def test_only_the_body_of_a_function_counts(source, lines):
    (function,) = ast.parse(source).body

    assert isinstance(function, ast.FunctionDef)
    assert body_lines(function) == lines


def test_templates_and_examples_build_the_same_release_as_the_frameworks():
    """With what its row leaves out, and why: else an image of the template would not resolve."""
    tables = [
        ROOT / "plugins/none/src/dynamo_container_none/releases.toml",
        *(ROOT / "core/src/dynamo_container/templates").rglob("releases.toml"),
        *(ROOT / "examples").glob("*/src/*/releases.toml"),
    ]

    defaults = [default_row(tomllib.loads(path.read_text())) for path in tables]

    assert len(tables) > 2
    for path, row in zip(tables, defaults, strict=True):
        assert row == defaults[0], path


def default_row(table):
    (row,) = (row for row in table["release"] if row["dynamo"] == table["default"])
    return {key: row.get(key) for key in ("dynamo", "released", "overrides")}
