# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The fixtures for the tests of plugins, used by the test file of a third party's plugin."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest
from fakes import Site

ROOT = Path(__file__).parents[2]
PLUGIN = """
from dynamo_container.api import BuildArg, EnvVar, Label, Mount, Option, Pin

@hookimpl
def dynamo_container_options(command):
    if command == "build":
        yield Option(flag="--acme-ref", metavar="REF", help="Build from this git ref.")
        yield Option(flag="--acme-mode", help="Mode.", choices=("fast", "small"), default="fast")
        yield Option(flag="--acme-debug", help="Build for debugging.", type="flag")
    else:
        yield Option(flag="--acme-model", help="Model to serve.", type="path")
        yield Option(flag="--acme-threads", help="Threads.", type="int", default=4)
        yield Option(flag="--acme-lora", help="Adapter; repeatable.", repeatable=True)

@hookimpl
def dynamo_container_pins(request):
    yield Pin(name="ai-dynamo", version=request.dynamo_version or "1.0")

@hookimpl
def dynamo_container_build_args(request):
    words = [request.option(name) or "-" for name in ("acme_ref", "acme_mode", "acme_debug")]
    yield BuildArg(name="GREETING", value=" ".join([request.dynamo_version or "-", *words]))

@hookimpl
def dynamo_container_run_env(request):
    yield EnvVar(name="ACME_ADAPTERS", value="+".join(request.option_values("acme_lora")))
    yield EnvVar(name="ACME_THREADS", value=request.option("acme_threads"))
    yield EnvVar(name="ACME_GPUS", value=str(len(request.engine.runtimes)))
    yield EnvVar(name="ACME_TEAM", value=request.label("com.acme.team"))

@hookimpl
def dynamo_container_run_mounts(request):
    if model := request.option("acme_model"):
        yield Mount(source=model, target="/model")
"""
# The fixtures as a plugin's author uses them.
IMPORTS = """
from pathlib import Path
import pytest
from dynamo_container.api import EngineInfo, UsageError
from dynamo_container.testing import (
    BuildPlan, Cli, PlanBuild, PlanRun, Result, RunPlan, plan_target, plan_values,
)
"""


@pytest.fixture
def run_tests(site: Site, pytester: pytest.Pytester):
    """Run a test file of the plugin `acme`, and return its result."""
    site.framework("acme", PLUGIN)

    def run(body: str) -> pytest.RunResult:
        pytester.makepyfile(test_acme=IMPORTS + body)
        return pytester.runpytest_inprocess("-p", "no:hypothesispytest", "-p", "no:cacheprovider")

    return run


def test_author_tests_a_plugin_with_all_three_fixtures(run_tests):
    result = run_tests("""
def test_build(plan_build: PlanBuild) -> None:
    plan: BuildPlan = plan_build("acme", options={"acme_ref": "main"}, dynamo_version="1.4.2")
    assert plan_values(plan)["build-arg GREETING"] == "1.4.2 main fast -"

def test_run(plan_run: PlanRun) -> None:
    plan: RunPlan = plan_run("acme", ports=("8000:8000",))
    assert plan.ports == ("8000:8000",)

def test_command_line(cli: Cli) -> None:
    result: Result = cli("explain", "build", "acme", "--acme-ref", "main", "--json")
    assert (result.status, result.err) == (0, "")
    assert result.json["command"] == "build"
    assert cli.values("build", "acme", "--acme-debug")["build-arg GREETING"].endswith(" true")
    assert "GREETING" in str(cli.ok("build", "acme", "--dry-run").definition["target"])
""")

    result.assert_outcomes(passed=3)


@pytest.mark.parametrize("fixture", ["plan_build", "plan_run"])
def test_unknown_framework_names_the_installed_ones_and_how_to_install_it(run_tests, fixture):
    result = run_tests(f"def test_it({fixture}):\n    {fixture}('acmee')\n")

    result.assert_outcomes(failed=1)
    text = result.stdout.str()
    assert "'acmee'" in text
    assert "acme, " in text
    assert "install the plugin in the environment of the tests: pip install -e ." in text


def test_plan_build_applies_the_defaults_and_checks_the_choices_of_options(run_tests):
    result = run_tests("""
def test_values(plan_build):
    plan = plan_build("acme", options={"acme_mode": "small", "acme_debug": True})
    assert plan_values(plan)["build-arg GREETING"] == "- - small true"

def test_choice(plan_build):
    with pytest.raises(UsageError, match="--acme-mode 'tiny'.*\\n.*fast, small"):
        plan_build("acme", options={"acme_mode": "tiny"})

def test_unknown_option(plan_build):
    with pytest.raises(UsageError, match="'acme_rev' is not.*\\n.*acme_ref"):
        plan_build("acme", options={"acme_rev": "main"})

def test_option_of_another_command(plan_build):
    with pytest.raises(UsageError, match="'acme_model' is not"):
        plan_build("acme", options={"acme_model": "/model"})
""")

    result.assert_outcomes(passed=4)


def test_plan_build_takes_the_fields_of_requests_and_settings(run_tests):
    result = run_tests("""
def test_settings(plan_build):
    plan = plan_build("acme", tags=("my/image:1",), latest=False)
    assert plan.images[0].tags == ("my/image:1",)

def test_unknown_field(plan_build):
    with pytest.raises(TypeError, match="'dynamo_versoin'.* Did you mean 'dynamo_version'"):
        plan_build("acme", dynamo_versoin="1.4.2")

def test_option_that_is_given_like_a_field(plan_build):
    with pytest.raises(TypeError, match="options={'acme_ref': ...}"):
        plan_build("acme", acme_ref="main")

def test_wrong_type(plan_build):
    with pytest.raises(TypeError, match="BuildRequest: dynamo_version is 1.4"):
        plan_build("acme", dynamo_version=1.4)
""")

    result.assert_outcomes(passed=4)


def test_plan_target_finds_a_stage_and_names_the_targets_if_there_is_none(run_tests):
    result = run_tests("""
def test_stage(plan_build):
    plan = plan_build("acme", options={"acme_ref": "main"})
    assert dict(plan_target(plan, "runtime").args)["GREETING"] == "- main fast -"

def test_missing(plan_build):
    with pytest.raises(LookupError, match="'wheels'.*acme-runtime"):
        plan_target(plan_build("acme"), "wheels")
""")

    result.assert_outcomes(passed=2)


def test_plan_run_takes_labels_engine_and_options(run_tests, tmp_path):
    result = run_tests("""
def test_image(plan_run):
    assert plan_run("acme").image == "dynamo:latest-acme-runtime"
    assert plan_run("acme", target="dev").image == "dynamo:latest-acme"
    assert plan_run("acme", "my/image:1").image == "my/image:1"

def test_labels_and_engine(plan_run):
    engine = EngineInfo(version="28.0", runtimes=("nvidia",))
    values = plan_values(plan_run("acme", labels={"com.acme.team": "inference"}, engine=engine))
    assert values["env ACME_TEAM"] == "inference"
    assert values["env ACME_GPUS"] == "1"

def test_relative_path_becomes_absolute(plan_run):
    plan = plan_run("acme", options={"acme_model": "model.bin"})
    assert plan.mounts[0].source == str(Path("model.bin").absolute())

def test_number(plan_run):
    assert plan_values(plan_run("acme"))["env ACME_THREADS"] == "4"
    assert plan_values(plan_run("acme", options={"acme_threads": 0}))["env ACME_THREADS"] == "0"
    with pytest.raises(UsageError, match="--acme-threads 'many' is not an integer"):
        plan_run("acme", options={"acme_threads": "many"})

def test_repeatable_option(plan_run):
    values = plan_values(plan_run("acme", options={"acme_lora": ["a", "b"]}))
    assert values["env ACME_ADAPTERS"] == "a+b"
    assert plan_values(plan_run("acme"))["env ACME_ADAPTERS"] == ""
""")

    result.assert_outcomes(passed=5)


def test_cli_reports_the_output_of_a_command_that_should_succeed(run_tests):
    result = run_tests("def test_it(cli):\n    cli.ok('build', 'acme', '--nonsense')\n")

    result.assert_outcomes(failed=1)
    text = result.stdout.str()
    assert "dynamo-container build acme --nonsense failed (2)" in text
    assert "error: " in text


def test_cli_ignores_the_environment_and_the_project_file(run_tests, monkeypatch):
    monkeypatch.setenv("DYNAMO_CONTAINER_BUILD_DYNAMO_VERSION", "1.0.0")
    Path("dynamo-container.toml").write_text('[build]\ndynamo-version = "1.1.0"\n')

    result = run_tests("""
def test_it(cli):
    assert cli.values("build", "acme")["build-arg GREETING"].split()[0] == "-"
""")

    result.assert_outcomes(passed=1)


@pytest.mark.processes
def test_pytest_imports_no_module_of_the_core_until_a_fixture_is_used(pytester):
    pytester.makepyfile("""
import sys
def test_it():
    modules = {name for name in sys.modules if name.partition(".")[0] == "dynamo_container"}
    assert modules == {"dynamo_container", "dynamo_container.pytest_plugin"}
""")

    result = pytester.run(sys.executable, "-m", "pytest", "-p", "no:hypothesispytest")

    result.assert_outcomes(passed=1)


@pytest.mark.parametrize(
    "path",
    [
        path
        for folder in ("plugins", "examples")
        for path in sorted((ROOT / folder).glob("*/tests/*.py"))
    ],
    ids=lambda path: path.relative_to(ROOT).as_posix(),
)
def test_tests_of_plugins_import_only_the_public_api(path):
    imports = [
        node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom)
    ]

    modules = {str(node.module) for node in imports if "dynamo_container." in str(node.module)}
    assert modules <= {"dynamo_container.api", "dynamo_container.testing"}
