# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""A plugin that is broken, or of another release, is an error or a warning that names it."""

from __future__ import annotations

import sys

import pytest
from dynamo_container.errors import PluginError
from dynamo_container.model.requests import RunRequest
from dynamo_container.plugins import hookspecs
from fakes import FRAMEWORKS
from registries import HOOK, REQUEST, build_args, loaded


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        ("raise RuntimeError('no GPU\\nhere')", "RuntimeError: no GPU here"),
        ("import sys; sys.exit(3)", "SystemExit: 3"),
        ("import a_module_that_is_not_there", "ModuleNotFoundError: No module named"),
        (
            HOOK.replace("build_args", "bild_args") + "    return []",
            "no hook 'dynamo_container_bild_args': did you mean 'dynamo_container_build_args'?",
        ),
        (
            HOOK.replace("(request)", "(request, novelty)") + "    return []",
            "has no argument 'novelty'",
        ),
        (
            HOOK.replace("@hookimpl", "@hookimpl(tryfirst=True)") + "    return []",
            "dynamo_container_build_args cannot use tryfirst",
        ),
        (
            HOOK.replace("@hookimpl", "@hookimpl(wrapper=True)") + "    yield",
            "dynamo_container_build_args cannot use wrapper",
        ),
        (
            HOOK
            + "    return []\n\n@hookimpl(specname='dynamo_container_build_args')\n"
            + "def second(request):\n    return []\n",
            "dynamo_container_build_args is implemented twice",
        ),
    ],
)
def test_a_broken_overlay_is_one_failure_with_its_cause(site, body, cause):
    site.framework("acme")
    site.install("acme-broken", body, version="2.7")

    registry = loaded("acme")

    (failure,) = registry.failures
    assert str(failure).startswith("plugin 'acme-broken' (acme-broken 2.7) was not loaded: ")
    assert cause in str(failure)
    assert "\n" not in str(failure)
    assert build_args(registry) == ()


def test_a_broken_framework_is_an_error_if_it_is_selected(site):
    site.install("acme-broken", "1/0", group=FRAMEWORKS, name="acme")

    with pytest.raises(PluginError, match=r"acme-broken 1\.0.*ZeroDivisionError") as error:
        loaded("acme")

    assert error.value.exit_status == 4


def test_a_framework_must_implement_the_framework_hook(site):
    site.install("acme-x", HOOK + "    return []", group=FRAMEWORKS, name="acme")

    with pytest.raises(PluginError, match="does not implement dynamo_container_framework"):
        loaded("acme")


@pytest.mark.parametrize("requirement", ["dynamo-container>=9", "dynamo_container ~= 0.0.1"])
def test_a_plugin_that_requires_another_core_is_not_imported(site, requirement):
    site.framework("acme")
    site.install("acme-x", "raise RuntimeError('imported')", requires=(requirement,))

    (failure,) = loaded("acme").failures

    assert f"it requires {requirement}, and this is dynamo-container " in failure.cause
    assert "acme_x" not in sys.modules


@pytest.mark.parametrize(
    "requirement",
    [
        "dynamo-container>=0.1,<9",
        "dynamo-container[ssh]!=0.1.5",
        "dynamo-container>=9; python_version < '3'",
        "dynamo-container-images>=9",
    ],
)
def test_a_plugin_that_requires_this_core_is_loaded(site, requirement):
    site.framework("acme")
    site.install("acme-x", requires=(requirement,))

    assert loaded("acme").failures == ()


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        ("    raise KeyError('x')", "failed: KeyError: 'x'"),
        ("    yield BuildArg(name='A', value='1')\n    raise OSError('late')", "OSError: late"),
        ("    return ['A=1']", "returned an object of type str instead of a BuildArg"),
        ("    return [None]", "returned None instead of a BuildArg"),
        ("    return 7", "'int' object is not iterable"),
        ("    return [BuildArg(name='no good', value='')]", "'no good' is not a valid name"),
        (
            "    return [BuildArg(name='A', value=1)]",
            "returned a BuildArg whose field value is 1, which is not a str",
        ),
        (
            "    while True: yield BuildArg(name='A', value='1')",
            "returned more than 10000 values",
        ),
    ],
)
def test_a_hook_that_fails_is_an_error_with_the_plugin_and_the_line(site, body, cause):
    site.framework("acme")
    site.install("acme-broken", HOOK + body)
    registry = loaded("acme")

    with pytest.raises(PluginError) as error:
        registry.call(hookspecs.dynamo_container_build_args, REQUEST)

    assert cause in str(error.value)
    assert "acme-broken 1.0" in str(error.value)
    assert "__init__.py:4" in str(error.value)


def test_a_framework_hook_that_returns_none_is_the_fault_of_the_plugin(site, cli):
    body = "from dynamo_container.api import *\n\n@hookimpl\ndef dynamo_container_framework():\n"
    site.install("acme-x", body + "    Framework(summary='x')\n", group=FRAMEWORKS, name="x")

    result = cli("build", "x", "--dry-run")

    assert result.status == 4
    assert (
        "plugin 'x' (acme-x 1.0): dynamo_container_framework returned None instead of a Framework ("
        in result.err
    )
    assert "acme_x/__init__.py:3)" in result.err
    assert "fault in dynamo-container" not in result.err


def test_a_readiness_hook_can_return_none(site):
    site.framework("acme", "@hookimpl\ndef dynamo_container_readiness(request):\n    return None\n")
    request = RunRequest(framework="acme", image="image")

    assert loaded("acme").call(hookspecs.dynamo_container_readiness, request) == ()


def test_a_framework_does_not_contribute_to_another_one(site):
    body = HOOK + "    return [BuildArg(name='GREETING', value='hello')]"
    site.framework("acme", body)
    site.framework("other", body.replace("hello", "bye"))

    (contribution,) = build_args(loaded("acme", "other"))

    assert contribution.value.value == "hello"


def test_failing_options_of_a_plugin_are_an_error_only_if_the_plugin_is_used(site, cli):
    site.framework(
        "acme", "@hookimpl\ndef dynamo_container_options(command):\n    raise OSError('lost')\n"
    )
    site.framework("other")

    assert cli("build", "acme", "--acme-ref", "x", "--dry-run").status == 4
    assert "OSError: lost" in cli("build", "acme", "--dry-run").err
    assert cli.ok("build", "other", "--dry-run").err == ""
    assert cli.ok("build", "--help").err == ""
