# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Plugins: found without being imported, isolated when they are broken, named when they collide."""

from __future__ import annotations

import sys

import pytest
from dynamo_container.errors import ConflictError, PluginError, UsageError
from dynamo_container.registry import Registry
from dynamo_container.requests import BuildRequest
from dynamo_container.values import BuildArg

REQUEST = BuildRequest(framework="acme", target="runtime")
HOOK = """
from dynamo_container.api import *

@hookimpl
def dynamo_container_build_args(request):
"""


def test_discovery_imports_nothing(site):
    site.framework("acme")
    site.install("acme-overlay", "raise RuntimeError('imported')")

    registry = Registry.discover()

    assert "acme" in registry.frameworks
    assert not {"acme_acme", "acme_overlay"} & set(sys.modules)


def test_only_the_selected_framework_is_imported(site):
    site.framework("acme")
    site.framework("other")

    Registry.discover().load("acme")

    assert "acme_acme" in sys.modules
    assert "acme_other" not in sys.modules


def test_names_are_compared_without_case_and_punctuation(site):
    site.framework("My_Engine")

    assert Registry.discover().framework("my-ENGINE") == "my-engine"


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        ("raise RuntimeError('no GPU\\nhere')", "RuntimeError: no GPU here"),
        ("import sys; sys.exit(3)", "SystemExit: 3"),
        ("import a_module_that_is_not_there", "ModuleNotFoundError: No module named"),
        (
            HOOK.replace("build_args", "bild_args") + "    return []",
            "no hook 'dynamo_container_bild",
        ),
        (HOOK.replace("(request)", "(request, novelty)") + "    return []", "novelty"),
        (
            HOOK.replace("@hookimpl", "@hookimpl(tryfirst=True)") + "    return []",
            "order is by name",
        ),
    ],
)
def test_a_broken_overlay_is_one_failure_that_tells_its_cause(site, body, cause):
    site.framework("acme")
    site.install("acme-broken", body, version="2.7")
    registry = Registry.discover()

    registry.load("acme")

    (failure,) = registry.failures
    assert "acme-broken 2.7" in str(failure)
    assert cause in str(failure)
    assert "\n" not in str(failure)
    assert registry.say("build_args", BuildArg, "acme", request=REQUEST) == ()


def test_a_broken_framework_is_the_error_when_it_is_selected(site):
    site.install("acme-broken", "1/0", group="dynamo_container.frameworks", name="acme")

    with pytest.raises(PluginError, match=r"acme-broken 1.0 .*ZeroDivisionError") as error:
        Registry.discover().load("acme")

    assert error.value.exit_status == 4


def test_a_framework_has_to_say_what_it_is(site):
    site.install("acme-x", HOOK + "    return []", group="dynamo_container.frameworks", name="acme")

    with pytest.raises(PluginError, match="no hook dynamo_container_framework"):
        Registry.discover().load("acme")


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        ("    raise KeyError('x')", "failed: KeyError: 'x'"),
        ("    yield BuildArg(name='A', value='1')\n    raise OSError('late')", "OSError: late"),
        ("    return ['A=1']", "gave a str instead of a BuildArg"),
        ("    return 7", "'int' object is not iterable"),
        ("    return [BuildArg(name='no good', value='')]", "no name for a build argument"),
    ],
)
def test_a_hook_that_fails_is_an_error_with_the_plugins_name_and_line(site, body, cause):
    site.framework("acme")
    site.install("acme-broken", HOOK + body)
    registry = Registry.discover()
    registry.load("acme")

    with pytest.raises(PluginError) as error:
        registry.say("build_args", BuildArg, "acme", request=REQUEST)

    assert cause in str(error.value)
    assert "acme-broken 1.0" in str(error.value)
    assert "__init__.py:4" in str(error.value)


def test_a_framework_has_no_say_about_another_one(site):
    body = HOOK + "    return [BuildArg(name='GREETING', value='hello')]"
    site.framework("acme", body)
    site.framework("other", body.replace("hello", "bye"))
    registry = Registry.discover()
    registry.load("acme", "other")

    (said,) = registry.say("build_args", BuildArg, "acme", request=REQUEST)

    assert said.value.value == "hello"


def test_a_framework_claimed_twice_is_a_conflict_that_names_both(site):
    site.framework("acme")
    site.install("stranger", group="dynamo_container.frameworks", name="ACME", version="9.1")

    with pytest.raises(ConflictError) as error:
        Registry.discover().load("acme")

    assert error.value.exit_status == 5
    for word in ("acme-acme 1.0", "stranger 9.1", "pip uninstall"):
        assert word in str(error.value)


def test_an_unknown_framework_lists_what_is_installed_and_what_to_install(site):
    site.framework("acme")

    with pytest.raises(UsageError) as error:
        Registry.discover().framework("trtllm")

    assert "acme" in str(error.value)
    assert "pip install dynamo-container-trtllm" in str(error.value)


def candidates(*names: str) -> Registry:
    everything = Registry.discover().candidates
    return Registry(one for one in everything if one.name in names)


def test_the_default_framework_is_vllm_else_the_only_one_else_an_error(site):
    site.framework("vllm")
    site.framework("acme")

    assert candidates("vllm", "acme").default_framework() == "vllm"
    assert candidates("acme").default_framework() == "acme"
    with pytest.raises(UsageError, match="acme, none"):
        candidates("acme", "none").default_framework()
    with pytest.raises(UsageError, match="pip install"):
        candidates().default_framework()


def test_a_distribution_whose_metadata_cannot_be_read_hides_no_other(site):
    site.framework("acme")
    site.install("acme-garbled", "")
    (site.folder / "acme_garbled-1.0.dist-info" / "entry_points.txt").write_bytes(b"\xff\xfe[x")

    registry = Registry.discover()

    registry.load("acme")
    (failure,) = registry.failures
    assert "acme-garbled 1.0" in str(failure)
    assert "metadata cannot be read" in str(failure)
