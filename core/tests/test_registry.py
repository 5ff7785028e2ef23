# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Plugins: found without being imported, isolated when they are broken, named when they collide."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest
from dynamo_container.errors import ConflictError, PluginError, UsageError
from dynamo_container.model.requests import BuildRequest
from dynamo_container.model.values import BuildArg
from dynamo_container.plugins import discovery, hookspecs
from dynamo_container.plugins.registry import Registry
from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet

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
    assert registry.call(hookspecs.dynamo_container_build_args, REQUEST) == ()


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
        registry.call(hookspecs.dynamo_container_build_args, REQUEST)

    assert cause in str(error.value)
    assert "acme-broken 1.0" in str(error.value)
    assert "__init__.py:4" in str(error.value)


def test_a_framework_has_no_say_about_another_one(site):
    body = HOOK + "    return [BuildArg(name='GREETING', value='hello')]"
    site.framework("acme", body)
    site.framework("other", body.replace("hello", "bye"))
    registry = Registry.discover()
    registry.load("acme", "other")

    (said,) = registry.call(hookspecs.dynamo_container_build_args, REQUEST)

    assert said.value.value == "hello"


def test_a_framework_claimed_twice_is_a_conflict_that_names_both(site):
    site.framework("acme")
    site.install("stranger", group="dynamo_container.frameworks", name="ACME", version="9.1")

    with pytest.raises(ConflictError) as error:
        Registry.discover().load("acme")

    assert error.value.exit_status == 5
    for word in ("acme-acme 1.0", "stranger 9.1", "pip uninstall"):
        assert word in str(error.value)


def test_an_overlay_claimed_twice_is_a_conflict_with_a_way_out(site, cli):
    site.framework("acme")
    site.install("acme-policy", name="policy")
    site.install("stranger", name="policy", version="9.1")

    result = cli("build", "acme", "--dry-run")

    assert result.status == 5
    for word in ("overlay 'policy'", "acme-policy 1.0", "stranger 9.1", "--no-plugin stranger"):
        assert word in result.err
    cli.ok("build", "acme", "--dry-run", "--no-plugin", "stranger")


def test_an_unknown_framework_lists_what_is_installed_and_what_to_install(site):
    site.framework("acme")

    with pytest.raises(UsageError) as error:
        candidates("acme", "none").framework("trtllm")

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


def test_what_is_left_out_is_not_even_imported(site):
    site.framework("acme")
    site.install("acme-policy", "raise RuntimeError('imported')")

    registry = Registry.discover(without=["ACME_policy"])

    registry.load("acme")
    assert registry.failures == ()
    with pytest.raises(UsageError, match=r"'acme' of acme-acme 1\.0 is left out by --no-plugin"):
        Registry.discover(without=["acme"]).framework("acme")


def test_leaving_out_what_is_not_there_is_an_error(site):
    site.framework("acme")

    with pytest.raises(UsageError, match="--no-plugin acmee: no such plugin") as error:
        Registry.discover(without=["acmee"])

    assert "acme, images, " in str(error.value)


def test_the_list_of_allowed_plugins(site, cli, monkeypatch):
    site.framework("acme")
    site.install("acme-policy", "raise RuntimeError('imported')")
    monkeypatch.setenv("DYNAMO_CONTAINER_PLUGINS", "images, acme absent")

    built = cli.ok("build", "acme", "--dry-run")

    assert "DYNAMO_CONTAINER_PLUGINS names 'absent', which is not installed" in built.err
    assert "note: left out by DYNAMO_CONTAINER_PLUGINS: acme-policy" in built.err
    assert "acme_policy" not in sys.modules
    assert cli("build", "none", "--dry-run").status == 2
    monkeypatch.setenv("DYNAMO_CONTAINER_PLUGINS", "none")
    alone = cli("build", "none", "--dry-run")
    assert "note: left out by DYNAMO_CONTAINER_PLUGINS: acme-policy, images" in alone.err
    assert "has no target 'dev'" in alone.err
    alone = cli("build", "none", "--target", "runtime", "--dry-run")
    assert "needs the stage 'scripts', which no loaded plugin provides" in alone.err
    monkeypatch.setenv("DYNAMO_CONTAINER_PLUGINS", "images, acme")
    assert "left out by DYNAMO_CONTAINER_PLUGINS" in cli.ok("plugins", "show", "none").out


def test_an_empty_list_of_allowed_plugins_is_an_error(cli, monkeypatch):
    monkeypatch.setenv("DYNAMO_CONTAINER_PLUGINS", " ")

    assert "DYNAMO_CONTAINER_PLUGINS is empty" in cli("build", "none", "--dry-run").err


@pytest.mark.parametrize("words", [("--no-plugin", "stranger", "build"), ("build",)])
def test_a_name_that_is_taken_twice_is_decided_by_leaving_one_out(site, cli, monkeypatch, words):
    site.framework("acme")
    site.install("stranger", group="dynamo_container.frameworks", name="ACME", version="9.1")
    if len(words) == 1:
        monkeypatch.setenv("DYNAMO_CONTAINER_BUILD_NO_PLUGIN", "stranger")

    built = cli.ok(*words, "acme", "--dry-run")

    assert "acme_acme/Dockerfile" in built.out
    after = cli.ok("build", "acme", "--no-plugin", "stranger", "--dry-run")
    assert after.out == built.out


def test_a_stranger_by_a_published_name_is_never_silent(site, cli, monkeypatch):
    site.framework("trtllm")
    monkeypatch.setenv("DYNAMO_CONTAINER_PLUGINS", "images,acme-trtllm")

    built = cli.ok("build", "trtllm", "--dry-run")

    assert (
        "warning: the framework 'trtllm' is that of acme-trtllm 1.0 (acme_trtllm in " in built.err
    )
    assert "not of dynamo-container-trtllm" in built.err


def test_one_module_may_be_the_plugin_of_several_names(site):
    site.framework("acme")
    info = site.folder / "acme_acme-1.0.dist-info" / "entry_points.txt"
    info.write_text(info.read_text() + "acme-next = acme_acme\n")
    registry = Registry.discover()

    registry.load("acme", "acme-next")

    assert [one.candidate.name for one in registry.plugins("acme-next")] == ["acme-next", "images"]


def test_the_failing_options_of_a_plugin_are_the_error_of_who_uses_it(site, cli):
    body = "\n@hookimpl\ndef dynamo_container_options(command):\n    raise OSError('lost')\n"
    site.framework("acme", body)
    site.framework("other")

    assert cli("build", "acme", "--acme-ref", "x", "--dry-run").status == 4
    assert "OSError: lost" in cli("build", "acme", "--dry-run").err
    assert cli.ok("build", "other", "--dry-run").err == ""
    assert cli.ok("build", "--help").err == ""


def hooks_of_the_future() -> ModuleType:
    """The hooks of a later release, with some that go."""

    @hookspecs.hook(
        returns=BuildArg, since="0.1", deprecated="it goes in 0.4; use dynamo_container_pins"
    )
    def dynamo_container_versions(request): ...

    @hookspecs.hook(
        returns=BuildArg, since="0.1", deprecated_arguments={"old": "it goes in 0.4; use `request`"}
    )
    def dynamo_container_build_args(request, old, new): ...

    module = ModuleType("hooks_of_the_future")
    vars(module).update(
        {
            **vars(hookspecs),
            "dynamo_container_versions": dynamo_container_versions,
            "dynamo_container_build_args": dynamo_container_build_args,
            "REMOVED": {"dynamo_container_flags": "use dynamo_container_run_flags"},
        }
    )
    return module


def of_the_future(site) -> Registry:
    registry = Registry(Registry.discover().candidates, specifications=hooks_of_the_future())
    registry.load("acme")
    return registry


def test_what_is_deprecated_warns_with_the_plugins_name_and_line(site):
    site.framework("acme")
    site.install(
        "acme-old",
        HOOK.replace("(request)", "(old)") + "    return []\n"
        "@hookimpl\ndef dynamo_container_versions(request):\n    return []\n",
    )

    registry = of_the_future(site)

    assert registry.failures == ()
    first, second = registry.warnings()
    assert first.startswith(
        "plugin 'acme-old' of acme-old 1.0: the argument 'old' of dynamo_container_build_args is "
        "deprecated: it goes in 0.4; use `request` ("
    )
    assert first.endswith("__init__.py:4)")
    assert "dynamo_container_versions is deprecated: it goes in 0.4; use dynamo_" in second


def test_a_hook_that_was_removed_says_what_to_use_instead(site):
    site.framework("acme")
    site.install("acme-old", HOOK.replace("build_args", "flags") + "    return []\n")

    (failure,) = of_the_future(site).failures

    assert "it was removed: use dynamo_container_run_flags" in str(failure)


@pytest.mark.parametrize("taken", ["request", "", "request, new=5, never=6"])
def test_a_plugin_takes_the_arguments_that_it_knows(site, taken):
    value = "new" if "new" in taken else "'as ever'"
    site.framework("acme")
    site.install(
        "acme-x",
        HOOK.replace("(request)", f"({taken})") + f"    yield BuildArg(name='A', value={value})",
    )

    (said,) = of_the_future(site).call_for(
        "acme", hookspecs.dynamo_container_build_args, request=REQUEST, old=1, new="as ever"
    )

    assert said.value.value == "as ever"


def test_a_hook_of_a_later_release_may_be_optional(site):
    site.framework("acme")
    optional = HOOK.replace("@hookimpl", "@hookimpl(optionalhook=True)")
    site.install("acme-x", optional.replace("build_args", "novelties") + "    return []")
    registry = Registry.discover()

    registry.load("acme")

    assert registry.warnings() == ()


VERSIONS = st.builds(
    "{}.{}{}".format, st.integers(0, 2), st.integers(0, 3), st.sampled_from(["", ".0", ".1"])
)
CLAUSES = st.lists(st.builds("{}{}".format, st.sampled_from([">=", "<"]), VERSIONS), min_size=1)


@given(VERSIONS, CLAUSES)
def test_the_short_way_to_compare_versions_agrees_with_packaging(version, clauses):
    specifier = ",".join(clauses)

    assert discovery._plainly_fits(specifier, version) is SpecifierSet(specifier).contains(version)
