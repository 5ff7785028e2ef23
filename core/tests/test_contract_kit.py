# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The contract kit: it passes for a plugin that keeps the contract. For each rule, it fails for a
plugin that breaks the rule, and names the rule and the place.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from dynamo_container.images.dockerfile import instructions, users
from fakes import FRAMEWORKS, Site

pytestmark = pytest.mark.processes

# The whole test file of a third party's plugin.
TEST_FILE = """
from dynamo_container.testing import PluginContract
class TestContract(PluginContract):
    distribution = "acme-engine"
"""
DOCKERFILE = """\
ARG BASE_IMAGE=ubuntu:24.04
FROM ${BASE_IMAGE} AS runtime
ARG GREETING
USER 1000:1000
WORKDIR /workspace
"""
PLUGIN = """
from pathlib import Path

from dynamo_container.api import *

HERE = Path(__file__).parent


@hookimpl
def dynamo_container_framework():
    return Framework(summary="Acme's engine", default_target="runtime")


@hookimpl
def dynamo_container_stages(request):
    yield Stage(name="runtime", dockerfile=HERE / "Dockerfile")


@hookimpl
def dynamo_container_build_args(request):
    yield BuildArg(name="GREETING", value="hello")


@hookimpl
def dynamo_container_labels(request):
    yield Label(key="com.acme.team", value="inference")
"""
OVERLAY = """
from pathlib import Path

from dynamo_container.api import *

HERE = Path(__file__).parent


@hookimpl
def dynamo_container_stages(request):
    yield Stage(name="hardened", dockerfile=HERE / "Dockerfile", extends="runtime")
"""
HARDENED = """\
FROM scratch AS runtime
FROM runtime AS hardened
USER 0:0
RUN rm -f /usr/bin/wall
USER 1000:1000
"""
REQUIRES = ("dynamo-container>=0.2,<0.3",)


@pytest.fixture(autouse=True)
def author_test_file(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_it=TEST_FILE)


def install(
    site: Site,
    body: str = PLUGIN,
    dockerfile: str = DOCKERFILE,
    requires: tuple[str, ...] = REQUIRES,
) -> Path:
    files = {"Dockerfile": dockerfile}
    return site.install(
        "acme-engine", body, group=FRAMEWORKS, name="acme", files=files, requires=requires
    )


def run_contract(pytester: pytest.Pytester, *words: str) -> pytest.RunResult:
    """Run the contract as the plugin's author does, without the test that needs an engine."""
    options = ("-p", "no:hypothesispytest", "-p", "no:cacheprovider")  # faster without them
    return pytester.runpytest_inprocess("-m", "not engine", "--strict-markers", *options, *words)


def failure(pytester: pytest.Pytester, rule: str) -> str:
    """Run the test of one rule, which must fail, and return the output."""
    result = run_contract(pytester, "-k", rule)
    result.assert_outcomes(failed=1, deselected=result.parseoutcomes()["deselected"])
    text = result.stdout.str()
    assert "The contract: " in text
    assert "Fix it in " in text
    assert "docs/plugins.md" in text
    return text


def test_framework_that_keeps_the_contract_passes(site, pytester):
    install(site)

    result = run_contract(pytester)

    # Skipped: the content of the wheel, because these distributions have no record of their files.
    assert result.ret == 0
    assert result.parseoutcomes().get("skipped") == 1
    assert result.parseoutcomes()["passed"] >= 14


def test_overlay_that_keeps_the_contract_passes_without_a_framework(site, pytester):
    site.install("acme-engine", OVERLAY, files={"Dockerfile": HARDENED}, requires=REQUIRES)

    result = run_contract(pytester)

    assert result.ret == 0
    assert result.parseoutcomes()["passed"] >= 14


def test_options_have_their_defaults(site, pytester):
    declared = """

@hookimpl
def dynamo_container_options(command):
    if command == "build":
        yield Option(flag="--kernels", help="x", default="flash", choices=("flash", "math"))
"""
    install(site, PLUGIN.replace('"hello"', 'request.option("kernels").upper()') + declared)

    assert run_contract(pytester).ret == 0


def test_plugins_that_are_not_required_have_no_influence(site, pytester):
    install(site)
    site.install("other", PLUGIN.replace("hello", "bye").replace("framework()", "nothing()"))

    assert run_contract(pytester).ret == 0


def test_required_plugins_are_loaded(site, pytester):
    needs_engine = PLUGIN.replace('"Dockerfile")', '"Dockerfile", needs=("engine",))')
    engine_stage = OVERLAY.replace("hardened", "engine").replace(', extends="runtime"', "")
    site.install("acme-parts", engine_stage, files={"Dockerfile": "FROM scratch AS engine\n"})
    install(site, needs_engine, requires=(*REQUIRES, "acme-parts"))

    assert run_contract(pytester, "-k", "test_hooks_answer").ret == 0


def test_stage_of_a_plugin_that_is_not_required_is_missing(site, pytester):
    install(site, PLUGIN.replace('"Dockerfile")', '"Dockerfile", needs=("engine",))'))

    assert "engine" in failure(pytester, "test_hooks_answer")


def test_distribution_that_is_not_installed(pytester):
    assert "acme-engine is not installed" in failure(pytester, "entry_points")


def test_distribution_without_plugins(site, pytester):
    site.install("acme-engine", group="console_scripts")

    text = failure(pytester, "entry_points")

    assert "no entry point" in text
    assert "dynamo_container.frameworks" in text


@pytest.mark.parametrize(
    ("requires", "message"),
    [
        ((), "requires no core"),
        (("dynamo-container>=0.1",), "requires dynamo-container>=0.1"),
        (("dynamo-container>=7,<8",), "requires dynamo-container"),
    ],
)
def test_required_core_without_an_upper_bound_or_of_another_version(
    site, pytester, requires, message
):
    install(site, requires=requires)

    assert message in failure(pytester, "upper_bound")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("import a_module_that_is_not_there", "No module named 'a_module_that_is_not_there'"),
        (PLUGIN.replace("_labels", "_lables"), "dynamo_container_lables"),
        (PLUGIN.replace("args(request)", "args(request, novelty)"), "novelty"),
        (PLUGIN.replace("_framework", "_notices"), "dynamo_container_framework"),
        (PLUGIN.replace("@hookimpl\ndef dynamo_container_l", "def dynamo_container_l"),
         "dynamo_container_labels is not marked with @hookimpl"),
    ],
)  # fmt: skip
def test_invalid_hooks(site, pytester, body, message):
    install(site, body)

    assert message in failure(pytester, "hooks_are_valid")


def test_heavy_import(site, pytester):
    (site.folder / "torch.py").write_text("")
    install(site, "import torch\n" + PLUGIN)

    assert "imports torch" in failure(pytester, "light")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("import subprocess; subprocess.run(['true'])", "starts a process"),
        ("import os; os.system('true')", "starts a process"),
        ("import socket; socket.gethostbyname('localhost')", "uses the network"),
        ("open('/dev/null', 'w').close()", "changes files"),
        ("import datetime; datetime.date.today()", "reads the clock"),
        ("from datetime import datetime, timezone; datetime.now(timezone.utc)", "reads the clock"),
        ("import time; time.time()", "reads the clock"),
    ],
)
@pytest.mark.parametrize("phase", ["import", "hook"])
def test_side_effects(site, pytester, line, message, phase):
    hook = "def dynamo_container_labels(request):\n"
    body = f"{line}\n{PLUGIN}" if phase == "import" else PLUGIN.replace(hook, f"{hook}    {line}\n")
    install(site, body)

    text = failure(pytester, "side_effects")

    assert message in text
    assert ("import: " if phase == "import" else "dynamo_container_labels: ") in text


def test_dates_of_a_file_are_dates_while_the_clock_is_watched(site, pytester):
    line = (
        "    from datetime import date; assert isinstance(read_toml(HERE / 'x.toml')['day'], date)"
    )
    hook = "def dynamo_container_labels(request):\n"
    folder = install(site, PLUGIN.replace(hook, f"{hook}{line}\n"))
    (folder / "x.toml").write_text("day = 2026-11-24\n")

    assert run_contract(pytester, "-k", "side_effects").ret == 0


@pytest.mark.parametrize(
    "value",
    [
        "','.join({'a', 'b', 'c', 'd', 'e', 'f'})",
        "__import__('os').environ['HOME']",
        "str(COUNT.append(1) or len(COUNT))",
    ],
)
def test_value_that_depends_on_more_than_the_request(site, pytester, value):
    install(site, PLUGIN.replace('"hello"', value) + "\nCOUNT = []\n")

    text = failure(pytester, "deterministic")

    assert "GREETING" in text
    assert "dynamo_container_build_args" in text


def test_value_of_a_subclass(site, pytester):
    subclass = "\nclass Mine(BuildArg):\n    pass\n"
    install(site, PLUGIN.replace("yield BuildArg(", "yield Mine(") + subclass)

    text = failure(pytester, "frozen")

    assert "is a Mine, a class of the plugin" in text
    assert "__init__.py:19" in text


@pytest.mark.parametrize("hook", ["overrides", "system_packages", "run_env", "checks"])
def test_every_hook_of_the_specifications_is_called(site, pytester, hook):
    install(
        site,
        f"{PLUGIN}\n@hookimpl\ndef dynamo_container_{hook}(request):\n    raise KeyError('x')\n",
    )

    text = failure(pytester, "hooks_answer")

    assert f"dynamo_container_{hook} failed: KeyError: 'x'" in text


VERIFY = """
@hookimpl
def dynamo_container_verify(plan):
    for image in plan.images:
        yield Refusal(reason=f"{plan.command} of {plan.target}: {image}")
"""


def test_a_policy_is_called_with_plans_and_may_refuse_each_of_them(site, pytester):
    install(site, PLUGIN + VERIFY)

    assert run_contract(pytester, "-k", "hooks_answer or deterministic").ret == 0


@pytest.mark.parametrize(
    ("old", "new", "rule", "message"),
    [
        ("plan.images", "plan.nothing", "hooks_answer", "dynamo_container_verify failed"),
        ("plan.target", "set('abcdef')", "deterministic", "dynamo_container_verify"),
        ("plan.target", "open('/dev/null', 'w')", "side_effects", "dynamo_container_verify"),
    ],
)
def test_a_policy_that_breaks_the_contract_fails(site, pytester, old, new, rule, message):
    install(site, PLUGIN + VERIFY.replace(old, new))

    assert message in failure(pytester, rule)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('yield Label(key="com.', 'yield 7 or Label(key="', "int"),
        ('value="hello"', 'value="hello" + 7', "TypeError"),
        ('"Dockerfile")', '"Dockerfile", needs=["tools"])', "not a tuple of"),
        ('default_target="runtime"', 'default_target="rutnime"', "rutnime"),
    ],
)
def test_hook_that_fails(site, pytester, old, new, message):
    install(site, PLUGIN.replace(old, new))

    assert message in failure(pytester, "hooks_answer")


def test_failing_hook_fails_one_test_and_skips_those_that_depend_on_it(site, pytester):
    install(site, PLUGIN.replace('value="hello"', 'value="hello" + 7'))

    result = run_contract(pytester)

    failed = [line for line in result.outlines if line.startswith("FAILED")]
    assert ["hooks_answer" in line for line in failed] == [True]
    assert result.parseoutcomes()["skipped"] >= 5


def test_listed_release_that_cannot_be_built(site, pytester):
    hook = """
@hookimpl
def dynamo_container_releases():
    yield Release(dynamo="1.0", released="2026-03-13")
    yield Release(dynamo="1.1", released="2026-05-04")


@hookimpl
def dynamo_container_pins(request):
    if request.dynamo_version == "1.1":
        raise UsageError("there is no engine for 1.1")
    yield Pin(name="ai-dynamo", version=request.dynamo_version or "1.0")
"""
    install(site, PLUGIN + hook)

    text = failure(pytester, "listed_releases")

    assert "Dynamo 1.1 for CUDA none is listed but cannot be planned" in text
    assert "there is no engine for 1.1" in text


@pytest.mark.parametrize(
    ("value", "stage"),
    [
        ('BuildArg(name="GREETINGS", value="hello")', ""),
        ('BuildArg(name="GREETINGS", value="hello", stage="runtime")', " of stage 'runtime'"),
    ],
)
def test_build_argument_that_no_dockerfile_declares(site, pytester, value, stage):
    install(site, PLUGIN.replace('BuildArg(name="GREETING", value="hello")', value))

    text = failure(pytester, "build_arguments")

    assert f"no Dockerfile{stage} declares the build argument GREETINGS" in text
    assert "__init__.py:19" in text


@pytest.mark.parametrize(
    ("hook", "value", "argument"),
    [
        ("pins", 'Pin(name="acme", version="1", build_arg="ACME")', "ACME"),
        ("overrides", 'Override(requirement="nixl==1.3.2")', "OVERRIDES"),
        ("system_packages", 'SystemPackage(name="libzmq5")', "EXTRA_PACKAGES"),
    ],
)
def test_argument_of_another_value_that_no_dockerfile_declares(
    site, pytester, hook, value, argument
):
    install(
        site, f"{PLUGIN}\n@hookimpl\ndef dynamo_container_{hook}(request):\n    yield {value}\n"
    )

    text = failure(pytester, "build_arguments")

    assert f"no Dockerfile declares the build argument {argument}" in text


def test_wheel_without_its_dockerfile(site, pytester):
    install(site)
    record = site.folder / "acme_engine-1.0.dist-info" / "RECORD"
    record.write_text("acme_engine/__init__.py,,\n")
    assert "acme_engine/Dockerfile" in failure(pytester, "wheel")

    record.write_text("acme_engine/__init__.py,,\nacme_engine/Dockerfile,,\n")

    assert run_contract(pytester, "-k", "wheel").ret == 0


def test_source_tree_whose_wheel_would_have_no_dockerfile(site, pytester, tmp_path):
    install(site)
    tree = tmp_path / "a tree"
    (tree / "acme_engine").mkdir(parents=True)
    (tree / "acme_engine" / "__init__.py").touch()
    (tree / "acme_engine" / "Dockerfile").touch()
    project = tree / "pyproject.toml"
    project.write_text(
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
        '[project]\nname = "acme-engine"\nversion = "1.0"\n'
        '[tool.hatch.build]\nexclude = ["Dockerfile"]\n'
    )
    origin = {"url": tree.as_uri(), "dir_info": {"editable": True}}
    info = site.folder / "acme_engine-1.0.dist-info"
    (info / "direct_url.json").write_text(json.dumps(origin))
    assert "acme_engine/Dockerfile" in failure(pytester, "wheel")

    project.write_text(project.read_text().replace("exclude", "# exclude"))
    assert run_contract(pytester, "-k", "wheel").ret == 0

    project.write_text(project.read_text().replace("[project]", "[project"))
    assert "no wheel of acme-engine can be built" in failure(pytester, "wheel")


@pytest.mark.parametrize(
    ("dockerfile", "message"),
    [
        ("# syntax=docker/dockerfile:1\n" + DOCKERFILE, "'# syntax=' line"),
        (DOCKERFILE.replace("GREETING", "GREETING\nCOPY --from=tools / /"), "'tools'"),
    ],
)
def test_dockerfile_that_cannot_be_built_by_itself(site, pytester, dockerfile, message):
    body = PLUGIN.replace('"Dockerfile")', '"Dockerfile", needs=("tools",))')
    install(site, body if "tools" in message else PLUGIN, dockerfile)

    assert message in failure(pytester, "stand_alone")


def test_image_without_the_label_of_its_user(site, pytester):
    install(site, PLUGIN.replace('"runtime")', '"runtime", user="")', 1))

    text = failure(pytester, "labelled_with_their_user")

    assert "no label ai.dynamo.container.user" in text
    assert "Framework(user=...)" in text


@pytest.mark.parametrize(
    ("line", "message"),
    [("USER ubuntu", "runs as ubuntu"), ("USER 0:0", "runs as 0:0"), ("", "runs as root")],
)
def test_image_that_runs_as_another_user(site, pytester, line, message):
    install(site, dockerfile=DOCKERFILE.replace("USER 1000:1000", line))

    assert message in failure(pytester, "user_1000")


def test_extension_that_leaves_the_image_as_root(site, pytester):
    dockerfile = HARDENED.replace("USER 1000:1000\n", "")
    site.install("acme-engine", OVERLAY, files={"Dockerfile": dockerfile}, requires=REQUIRES)

    text = failure(pytester, "user_1000")

    assert "Dockerfile:3" in text
    assert "runs as 0:0" in text


def test_dockerfile_with_findings_of_hadolint(site, pytester):
    install(site, dockerfile=DOCKERFILE + "RUN cd /tmp && make\n")

    assert "DL3003" in failure(pytester, "hadolint")


def test_class_without_a_distribution(pytester):
    pytester.makepyfile(test_it=TEST_FILE.replace("distribution = ", "distributon = "))

    result = run_contract(pytester, "-k", "entry_points")

    assert "TestContract does not set 'distribution'" in result.stdout.str()
    assert result.ret == 1


def test_class_without_targets_has_no_test_that_builds(site, pytester):
    install(site)
    pytester.makepyfile(test_it=f"{TEST_FILE}    build_targets = ()\n")

    result = pytester.runpytest_inprocess("--collect-only", "-q")

    assert "test_images_run_as_user_1000" in result.stdout.str()
    assert "test_images_build" not in result.stdout.str()


def test_dockerfile_is_read_as_docker_reads_it(tmp_path):
    path = tmp_path / "Dockerfile"
    path.write_text(
        "from base AS one\nuser 0:0\nRUN <<EOF\nUSER 7\nEOF\n"
        "FROM --platform=linux/amd64 one AS two\nRUN a \\\n # why\n && b\nUSER 1000:1000\n"
    )

    assert [instruction.arguments for instruction in users(path, "Two")] == ["0:0", "1000:1000"]
    assert [instruction.arguments for instruction in users(path, "one")] == ["0:0"]
    (run,) = [
        entry for entry in instructions(path) if entry.keyword == "RUN" and "a" in entry.arguments
    ]
    assert (run.arguments.split(), run.line) == (["a", "&&", "b"], 7)
