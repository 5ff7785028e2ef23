# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The contract kit: green for a plugin that keeps the contract, and for each rule red, with the
rule and the place, for one that breaks it.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from dynamo_container.testing.dockerfile import instructions, users
from fakes import FRAMEWORKS, Site

pytestmark = pytest.mark.processes

# The whole test file of somebody else's plugin.
TEST_FILE = """
from dynamo_container.testing import PluginContract
class TestContract(PluginContract):
    distribution = "acme-engine"
"""
DOCKERFILE = """\
ARG BASE_IMAGE=ubuntu:24.04
FROM ${BASE_IMAGE} AS runtime
ARG GREETING
USER 1000:0
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
    yield Label(key=f"{LABEL_PREFIX}user", value="ubuntu")
    yield Label(key=f"{LABEL_PREFIX}home", value="/home/ubuntu")
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
USER 1000:0
"""
REQUIRES = ("dynamo-container>=0.2,<0.3",)


@pytest.fixture(autouse=True)
def three_lines(pytester: pytest.Pytester) -> None:
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


def contract(pytester: pytest.Pytester, *words: str) -> pytest.RunResult:
    """Run the contract as the plugin's author does, but for the test on an engine."""
    quicker = ("-p", "no:hypothesispytest", "-p", "no:cacheprovider")
    return pytester.runpytest_inprocess("-m", "not engine", "--strict-markers", *quicker, *words)


def verdict(pytester: pytest.Pytester, rule: str) -> str:
    """What the only test that fails, or is broken in its turn, says."""
    result = contract(pytester, "-k", rule)
    result.assert_outcomes(failed=1, deselected=result.parseoutcomes()["deselected"])
    text = result.stdout.str()
    assert "The contract: " in text
    assert "Mend it in " in text
    assert "docs/plugins.md" in text
    return text


def test_a_framework_that_keeps_the_contract_passes(site, pytester):
    install(site)

    result = contract(pytester)

    # Nothing has recorded what a distribution of these tests consists of.
    assert result.ret == 0
    assert result.parseoutcomes().get("skipped") == 1
    assert result.parseoutcomes()["passed"] >= 14


def test_an_overlay_that_keeps_the_contract_passes_without_any_framework(site, pytester):
    site.install("acme-engine", OVERLAY, files={"Dockerfile": HARDENED}, requires=REQUIRES)

    result = contract(pytester)

    assert result.ret == 0
    assert result.parseoutcomes()["passed"] >= 14


def test_plugins_that_it_does_not_require_have_no_say(site, pytester):
    install(site)
    site.install("stranger", PLUGIN.replace("hello", "bye").replace("framework()", "nothing()"))

    assert contract(pytester).ret == 0


def test_what_it_requires_is_loaded(site, pytester):
    install(site, PLUGIN.replace('"Dockerfile")', '"Dockerfile", needs=("engine",))'))
    assert "engine" in verdict(pytester, "test_its_hooks_answer")

    site.uninstall("acme-engine")
    install_again = (*REQUIRES, "acme-parts")
    info = next(site.folder.glob("acme_engine-*.gone")).rename(
        site.folder / "acme_engine-1.0.dist-info"
    )
    (info / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: acme-engine\nVersion: 1.0\n"
        + "".join(f"Requires-Dist: {one}\n" for one in install_again)
    )
    parts = OVERLAY.replace("hardened", "engine").replace(', extends="runtime"', "")
    site.install("acme-parts", parts, files={"Dockerfile": "FROM scratch AS engine\n"})

    assert contract(pytester, "-k", "test_its_hooks_answer").ret == 0


def test_a_distribution_that_is_not_installed(pytester):
    assert "acme-engine is not installed" in verdict(pytester, "entry_points")


def test_a_distribution_without_plugins(site, pytester):
    site.install("acme-engine", group="console_scripts")

    text = verdict(pytester, "entry_points")

    assert "no entry point" in text
    assert "dynamo_container.frameworks" in text


@pytest.mark.parametrize(
    ("requires", "said"),
    [
        ((), "requires no core at all"),
        (("dynamo-container>=0.1",), "requires dynamo-container>=0.1"),
        (("dynamo-container>=7,<8",), "requires dynamo-container"),
    ],
)
def test_a_core_that_may_be_too_new_or_is_another(site, pytester, requires, said):
    install(site, requires=requires)

    assert said in verdict(pytester, "which_core")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("import a_module_that_is_not_there", "No module named 'a_module_that_is_not_there'"),
        (PLUGIN.replace("_labels", "_lables"), "dynamo_container_lables"),
        (PLUGIN.replace("args(request)", "args(request, novelty)"), "novelty"),
        (PLUGIN.replace("_framework", "_notices"), "dynamo_container_framework"),
        (PLUGIN.replace("@hookimpl\ndef dynamo_container_l", "def dynamo_container_l"),
         "dynamo_container_labels is not marked with @hookimpl"),
    ],
)  # fmt: skip
def test_hooks_that_are_none(site, pytester, body, said):
    install(site, body)

    assert said in verdict(pytester, "hooks_are_valid")


def test_an_import_that_every_command_would_pay_for(site, pytester):
    (site.folder / "torch.py").write_text("")
    install(site, "import torch\n" + PLUGIN)

    assert "imports torch" in verdict(pytester, "light")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("import subprocess; subprocess.run(['true'])", "starts a process"),
        ("import os; os.system('true')", "starts a process"),
        ("import socket; socket.gethostbyname('localhost')", "uses the network"),
        ("open('/dev/null', 'w').close()", "changes files"),
        ("import datetime; datetime.date.today()", "looks at the clock"),
        ("from datetime import datetime, timezone; datetime.now(timezone.utc)", "the clock"),
        ("import time; time.time()", "looks at the clock"),
    ],
)
@pytest.mark.parametrize("where", ["import", "hook"])
def test_whom_it_asks_and_what_it_changes(site, pytester, line, said, where):
    hook = "def dynamo_container_labels(request):\n"
    body = f"{line}\n{PLUGIN}" if where == "import" else PLUGIN.replace(hook, f"{hook}    {line}\n")
    install(site, body)

    text = verdict(pytester, "asks_nobody")

    assert said in text
    assert ("import: " if where == "import" else "dynamo_container_labels: ") in text


def test_a_real_date_is_a_date_for_a_plugin_whose_clock_is_watched(site, pytester):
    line = (
        "    from datetime import date; assert isinstance(read_toml(HERE / 'x.toml')['day'], date)"
    )
    hook = "def dynamo_container_labels(request):\n"
    folder = install(site, PLUGIN.replace(hook, f"{hook}{line}\n"))
    (folder / "x.toml").write_text("day = 2026-11-24\n")

    assert contract(pytester, "-k", "asks_nobody").ret == 0


@pytest.mark.parametrize(
    "value",
    [
        "','.join({'a', 'b', 'c', 'd', 'e', 'f'})",
        "__import__('os').environ['HOME']",
        "str(COUNT.append(1) or len(COUNT))",
    ],
)
def test_an_answer_that_depends_on_more_than_the_request(site, pytester, value):
    install(site, PLUGIN.replace('"hello"', value) + "\nCOUNT = []\n")

    text = verdict(pytester, "says_the_same")

    assert "GREETING" in text
    assert "dynamo_container_build_args" in text


def test_a_value_that_is_not_frozen(site, pytester):
    mine = "\nclass Mine(BuildArg):\n    pass\n"
    install(site, PLUGIN.replace("yield BuildArg(", "yield Mine(") + mine)

    text = verdict(pytester, "frozen")

    assert "Mine is a class of the plugin's own" in text
    assert "__init__.py:19" in text


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            'yield Label(key=f"{LABEL_PREFIX}u',
            'yield 7 or Label(key=f"',
            "returned an object of type int",
        ),
        ('value="hello"', 'value="hello" + 7', "TypeError"),
        ('"Dockerfile")', '"Dockerfile", needs=["tools"])', "which is not a tuple of str"),
        ('default_target="runtime"', 'default_target="rutnime"', "rutnime"),
    ],
)
def test_a_hook_that_fails(site, pytester, old, new, said):
    install(site, PLUGIN.replace(old, new))

    assert said in verdict(pytester, "hooks_answer")


def test_a_fault_fails_the_test_that_is_about_it_and_skips_those_that_cannot_tell(site, pytester):
    install(site, PLUGIN.replace('value="hello"', 'value="hello" + 7'))

    result = contract(pytester)

    failed = [line for line in result.outlines if line.startswith("FAILED")]
    assert ["hooks_answer" in line for line in failed] == [True]
    assert result.parseoutcomes()["skipped"] >= 5


def test_a_hook_of_a_run_that_fails(site, pytester):
    hook = "\n@hookimpl\ndef dynamo_container_run_env(request):\n    raise KeyError('x')\n"
    install(site, PLUGIN + hook)

    assert "KeyError: 'x'" in verdict(pytester, "hooks_answer")


def test_a_release_that_is_listed_and_cannot_be_built(site, pytester):
    hook = """
@hookimpl
def dynamo_container_releases():
    yield Release(dynamo="1.0", released="2026-03-13")
    yield Release(dynamo="1.1", released="2026-05-04")


@hookimpl
def dynamo_container_pins(request):
    if request.dynamo_version == "1.1":
        raise UsageError("of 1.1 there is no engine")
    yield Pin(name="ai-dynamo", version=request.dynamo_version or "1.0")
"""
    install(site, PLUGIN + hook)

    text = verdict(pytester, "every_release")

    assert "Dynamo 1.1 for CUDA none is listed" in text
    assert "of 1.1 there is no engine" in text


@pytest.mark.parametrize(
    "value",
    [
        'BuildArg(name="GREETINGS", value="hello")',
        'BuildArg(name="GREETINGS", value="hello", stage="runtime")',
    ],
)
def test_a_build_argument_that_no_dockerfile_declares(site, pytester, value):
    install(site, PLUGIN.replace('BuildArg(name="GREETING", value="hello")', value))

    text = verdict(pytester, "build_argument")

    assert "GREETINGS is declared by no Dockerfile" in text
    assert "__init__.py:19" in text


def test_a_pins_argument_that_no_dockerfile_declares(site, pytester):
    pin = 'Pin(name="acme", version="1", build_arg="ACME")'
    hook = f"\n@hookimpl\ndef dynamo_container_pins(request):\n    yield {pin}\n"
    install(site, PLUGIN + hook)

    assert "ACME is declared by no Dockerfile" in verdict(pytester, "build_argument")


def test_a_wheel_without_its_dockerfile(site, pytester):
    install(site)
    record = site.folder / "acme_engine-1.0.dist-info" / "RECORD"
    record.write_text("acme_engine/__init__.py,,\n")
    assert "acme_engine/Dockerfile" in verdict(pytester, "wheel")

    record.write_text("acme_engine/__init__.py,,\nacme_engine/Dockerfile,,\n")

    assert contract(pytester, "-k", "wheel").ret == 0


def test_a_source_tree_whose_wheel_would_have_no_dockerfile(site, pytester, tmp_path):
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
    assert "acme_engine/Dockerfile" in verdict(pytester, "wheel")

    project.write_text(project.read_text().replace("exclude", "# exclude"))
    assert contract(pytester, "-k", "wheel").ret == 0

    project.write_text(project.read_text().replace("[project]", "[project"))
    assert "no wheel can be built of acme-engine" in verdict(pytester, "wheel")


@pytest.mark.parametrize(
    ("dockerfile", "said"),
    [
        ("# syntax=docker/dockerfile:1\n" + DOCKERFILE, "'# syntax=' line"),
        (DOCKERFILE.replace("GREETING", "GREETING\nCOPY --from=tools / /"), "'tools'"),
    ],
)
def test_a_dockerfile_that_is_none_by_itself(site, pytester, dockerfile, said):
    body = PLUGIN.replace('"Dockerfile")', '"Dockerfile", needs=("tools",))')
    install(site, body if "tools" in said else PLUGIN, dockerfile)

    assert said in verdict(pytester, "stand_alone")


@pytest.mark.parametrize("key", ["user", "home"])
def test_an_image_that_does_not_say_who_runs_in_it(site, pytester, key):
    install(site, PLUGIN.replace(f"}}{key}", f"}}another-{key}"))

    assert f"no label ai.dynamo.container.{key}" in verdict(pytester, "say_who_runs")


@pytest.mark.parametrize(
    ("line", "said"),
    [("USER ubuntu", "runs as ubuntu"), ("USER 0:0", "runs as 0:0"), ("", "nobody said")],
)
def test_an_image_that_runs_as_somebody_else(site, pytester, line, said):
    install(site, dockerfile=DOCKERFILE.replace("USER 1000:0", line))

    assert said in verdict(pytester, "user_1000")


def test_an_extension_that_stays_root(site, pytester):
    dockerfile = HARDENED.replace("USER 1000:0\n", "")
    site.install("acme-engine", OVERLAY, files={"Dockerfile": dockerfile}, requires=REQUIRES)

    text = verdict(pytester, "user_1000")

    assert "Dockerfile:3" in text
    assert "runs as 0:0" in text


def test_a_dockerfile_that_hadolint_finds_fault_with(site, pytester):
    install(site, dockerfile=DOCKERFILE + "RUN cd /tmp && make\n")

    assert "DL3003" in verdict(pytester, "hadolint")


def test_a_class_that_does_not_say_its_distribution(pytester):
    pytester.makepyfile(test_it=TEST_FILE.replace("distribution = ", "distributon = "))

    result = contract(pytester, "-k", "entry_points")

    assert "TestContract does not say its 'distribution'" in result.stdout.str()
    assert result.ret == 1


def test_a_dockerfile_is_read_as_docker_reads_it(tmp_path):
    path = tmp_path / "Dockerfile"
    path.write_text(
        "from base AS one\nuser 0:0\nRUN <<EOF\nUSER 7\nEOF\n"
        "FROM --platform=linux/amd64 one AS two\nRUN a \\\n # why\n && b\nUSER 1000:0\n"
    )

    assert [one.rest for one in users(path, "Two")] == ["0:0", "1000:0"]
    assert [one.rest for one in users(path, "one")] == ["0:0"]
    (run,) = [one for one in instructions(path) if one.word == "RUN" and "a" in one.rest]
    assert (run.rest, run.line) == ("a && b", 7)
