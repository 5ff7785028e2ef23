# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Plugins: discovery without imports, isolation of broken ones, names, selection, and calls."""

from __future__ import annotations

import logging
import re
import sys
from types import ModuleType

import pytest
from dynamo_container.errors import ConflictError, PluginError, UsageError
from dynamo_container.model.requests import BuildRequest, RunRequest
from dynamo_container.plugins import discovery, hookspecs
from dynamo_container.plugins.registry import Registry
from fakes import FRAMEWORKS, Site

REQUEST = BuildRequest(framework="acme", target="runtime")
HOOK = """
from dynamo_container.api import *

@hookimpl
def dynamo_container_build_args(request):
"""


def registry_of(*names: str) -> Registry:
    """Return a registry in which only these plugins are installed."""
    installed = Registry.discover().candidates
    return Registry(candidate for candidate in installed if candidate.name in names)


def loaded(*frameworks: str) -> Registry:
    """Return a registry that has loaded these frameworks and the overlays."""
    registry = Registry.discover()
    registry.load(*frameworks)
    return registry


def declare_default(site: Site, distribution: str, framework: str) -> None:
    """Let an installed distribution declare that its framework is the default."""
    package = distribution.replace("-", "_")
    entry_points = site.folder / f"{package}-1.0.dist-info" / "entry_points.txt"
    entry = f"[dynamo_container.default]\n{framework} = {package}\n"
    entry_points.write_text(entry_points.read_text() + entry)


# Discovery and names.


def test_discovery_imports_nothing(site):
    site.framework("acme")
    site.install("acme-overlay", "raise RuntimeError('imported')")

    registry = Registry.discover()

    assert "acme" in registry.frameworks
    assert not {"acme_acme", "acme_overlay"} & set(sys.modules)


def test_only_the_selected_framework_is_imported(site):
    site.framework("acme")
    site.framework("other")

    loaded("acme")

    assert "acme_acme" in sys.modules
    assert "acme_other" not in sys.modules


def test_options_of_one_framework_do_not_import_another_one(site):
    body = """
        @hookimpl
        def dynamo_container_options(command):
            yield Option(flag="--acme-ref", help="A git ref.")
    """
    site.framework("acme", body)
    site.framework("other", "raise RuntimeError('imported')")
    registry = Registry.discover()
    registry.try_load("acme")

    options = registry.options("build", ("acme",))

    assert [option.value.flag for option in options if option.source.name == "acme"] == [
        "--acme-ref"
    ]
    assert "acme_other" not in sys.modules


def test_names_are_compared_without_case_and_punctuation(site):
    site.framework("My_Engine")

    assert Registry.discover().framework("my-ENGINE") == "my-engine"


def test_unreadable_metadata_of_one_distribution_does_not_hide_the_other_ones(site):
    site.framework("acme")
    site.install("acme-garbled", "")
    (site.folder / "acme_garbled-1.0.dist-info" / "entry_points.txt").write_bytes(b"\xff\xfe[x")

    (failure,) = loaded("acme").failures

    assert "acme-garbled 1.0" in str(failure)
    assert "metadata cannot be read" in str(failure)


def test_a_framework_that_two_distributions_provide_is_a_conflict_that_names_both(site):
    site.framework("acme")
    site.install("stranger", group=FRAMEWORKS, name="ACME", version="9.1")

    with pytest.raises(ConflictError) as error:
        loaded("acme")

    assert error.value.exit_status == 5
    for text in ("acme-acme 1.0", "stranger 9.1", "pip uninstall", "--no-plugin stranger"):
        assert text in str(error.value)


def test_an_overlay_that_two_distributions_provide_is_a_conflict_that_exclusion_resolves(site, cli):
    site.framework("acme")
    site.install("acme-policy", name="policy")
    site.install("stranger", name="policy", version="9.1")

    result = cli("build", "acme", "--dry-run")

    assert result.status == 5
    for text in ("overlay 'policy'", "acme-policy 1.0", "stranger 9.1", "--no-plugin stranger"):
        assert text in result.err
    cli.ok("build", "acme", "--dry-run", "--no-plugin", "stranger")


def test_one_module_can_be_the_plugin_of_several_names(site):
    site.framework("acme", "@hookimpl\ndef dynamo_container_notices(request):\n    return []\n")
    entry_points = site.folder / "acme_acme-1.0.dist-info" / "entry_points.txt"
    entry_points.write_text(entry_points.read_text() + "acme-next = acme_acme\n")

    registry = loaded("acme", "acme-next")

    names = [plugin.candidate.name for plugin in registry.plugins("acme-next")]
    assert names == ["acme-next", "images"]
    for framework in ("acme", "acme-next"):
        (description,) = registry.call_for(framework, hookspecs.dynamo_container_framework)
        assert description.source.name == framework


# Known frameworks and the default one.


def test_the_extras_of_the_core_are_the_known_frameworks(site):
    site.framework("acme")

    registry = Registry.discover()

    assert dict(registry.catalog.known_frameworks) == {
        name: f"dynamo-container-{name}" for name in ("none", "sglang", "trtllm", "vllm")
    }
    assert set(registry.known_frameworks) >= {"acme", "none", "sglang", "trtllm", "vllm"}


def test_an_extra_that_brings_something_else_is_not_a_known_framework(site):
    info = site.folder / "dynamo_container-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: dynamo-container\nVersion: 1.0\n"
        "Provides-Extra: ssh\nRequires-Dist: docker[ssh]>=7; extra == 'ssh'\n"
        "Provides-Extra: Gaudi\nRequires-Dist: dynamo_container.gaudi<2; extra == 'gaudi'\n"
    )

    assert discovery.known_frameworks() == {"gaudi": "dynamo-container-gaudi"}


def test_a_known_framework_that_is_not_installed_comes_with_the_command_to_install_it(site):
    site.framework("acme")

    with pytest.raises(UsageError) as error:
        registry_of("acme", "none").framework("trtllm")

    assert "'trtllm' is not installed (installed frameworks: acme, none)" in error.value.what
    assert error.value.next_step == "pip install dynamo-container-trtllm"


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("tensorrtllm", "trtllm"),
        ("trt-llm", "trtllm"),
        ("tensorrt-llm", "trtllm"),
        ("TensorRT-LLM", "trtllm"),
        ("sgl", "sglang"),
        ("vlm", "vllm"),
        ("dynamo-vllm", "vllm"),
        ("vllm-runtime", "vllm"),
        ("dynamo-container-sglang", "sglang"),
    ],
)
@pytest.mark.parametrize("installed", [True, False])
def test_what_people_type_for_a_framework_suggests_its_name(site, name, meant, installed):
    names = ("none", "sglang", "trtllm", "vllm") if installed else ("none",)
    registry = registry_of(*names)

    with pytest.raises(UsageError) as error:
        registry.framework(name)

    command = "" if installed else f" (pip install dynamo-container-{meant})"
    assert error.value.next_step == f"did you mean {meant!r}?{command}"


@pytest.mark.parametrize("name", ["vlm", "vlllm", "dynamo-vlm", "tensorflow", "x", "vllm-gaudi"])
def test_only_known_distributions_are_ever_advised(cli, name):
    shown = cli("build", name, "--dry-run").err

    advised = set(re.findall(r"dynamo-container-[a-z0-9-]+", shown))
    assert advised <= set(discovery.known_frameworks().values())


@pytest.mark.parametrize(
    ("name", "next_step"),
    [
        ("acmee", "did you mean 'acme'?"),
        ("vlm", "did you mean 'vllm'? (pip install dynamo-container-vllm)"),
        (
            "quantum",
            "install the plugin that provides it; known ones that are not installed: none, vllm",
        ),
    ],
)
def test_an_unknown_framework_suggests_a_similar_name_and_no_unknown_distribution(
    site, name, next_step
):
    site.framework("acme")

    with pytest.raises(UsageError) as error:
        registry_of("acme", "sglang", "trtllm").framework(name)

    installed = "installed frameworks: acme, sglang, trtllm"
    assert error.value.what == f"framework {name!r} not found ({installed})"
    assert error.value.next_step == next_step


def test_something_that_cannot_be_a_framework_name_is_not_shown(site):
    site.framework("acme")

    with pytest.raises(UsageError, match="not a valid name") as error:
        registry_of("acme").framework("https://user:SECRET@index.example/simple")

    assert "SECRET" not in str(error.value)


def test_the_only_framework_is_the_default(site):
    site.framework("acme")

    assert registry_of("acme").default_framework() == "acme"


def test_the_default_of_several_frameworks_is_the_one_whose_distribution_declares_it(site):
    site.framework("acme")
    site.framework("better")
    declare_default(site, "acme-better", "better")

    assert registry_of("acme", "better").default_framework() == "better"
    assert registry_of("acme").default_framework() == "acme"


def test_only_the_distribution_of_a_framework_can_make_it_the_default(site):
    site.framework("acme")
    site.framework("better")
    declare_default(site, "acme-better", "acme")

    with pytest.raises(UsageError, match="name one of: acme, better"):
        registry_of("acme", "better").default_framework()


def test_two_defaults_are_a_conflict_unless_a_framework_is_named(site):
    site.framework("acme")
    site.framework("better")
    declare_default(site, "acme-acme", "acme")
    declare_default(site, "acme-better", "better")
    registry = registry_of("acme", "better")

    with pytest.raises(ConflictError) as error:
        registry.default_framework()

    assert "'acme' by acme-acme 1.0 and 'better' by acme-better 1.0" in error.value.what
    assert error.value.next_step == "name one of: acme, better"
    assert registry.framework("better") == "better"


def test_vllm_declares_itself_the_default():
    assert registry_of("none", "sglang", "vllm").default_framework() == "vllm"


def test_without_a_default_several_frameworks_are_an_error_that_lists_them(site):
    site.framework("acme")

    with pytest.raises(UsageError, match="name one of: acme, none"):
        registry_of("acme", "none").default_framework()


def test_without_any_framework_the_error_lists_the_known_distributions():
    with pytest.raises(UsageError, match="pip install") as error:
        registry_of().default_framework()

    assert "dynamo-container-none, dynamo-container-sglang" in error.value.next_step


def test_a_known_framework_of_another_distribution_causes_a_warning(site, cli, monkeypatch):
    site.framework("trtllm")
    monkeypatch.setenv("DYNAMO_CONTAINER_PLUGINS", "images,acme-trtllm")

    built = cli.ok("build", "trtllm", "--dry-run")

    assert (
        "warning: the framework 'trtllm' is provided by acme-trtllm 1.0 (acme_trtllm in "
        in built.err
    )
    assert "not by dynamo-container-trtllm" in built.err


# Exclusion.


def test_an_excluded_plugin_is_not_imported(site):
    site.framework("acme")
    site.install("acme-policy", "raise RuntimeError('imported')")
    registry = Registry.discover(without=["ACME_policy"])

    registry.load("acme")

    assert registry.failures == ()
    assert "acme_policy" not in sys.modules


def test_an_excluded_framework_is_an_error_that_says_what_excludes_it(site):
    site.framework("acme")

    with pytest.raises(UsageError, match=r"'acme' \(acme-acme 1\.0\) is excluded by --no-plugin"):
        Registry.discover(without=["acme"]).framework("acme")


def test_excluding_a_plugin_that_is_not_installed_is_an_error(site):
    site.framework("acme")

    with pytest.raises(UsageError, match="--no-plugin acmee: plugin not found") as error:
        Registry.discover(without=["acmee"])

    assert "acme, images, " in str(error.value)


def test_the_allow_list_excludes_all_other_plugins(site, cli, monkeypatch):
    site.framework("acme")
    site.install("acme-policy", "raise RuntimeError('imported')")
    monkeypatch.setenv("DYNAMO_CONTAINER_PLUGINS", "images, acme absent")

    built = cli.ok("build", "acme", "--dry-run")

    assert "DYNAMO_CONTAINER_PLUGINS contains 'absent', which is not installed" in built.err
    assert re.search("by DYNAMO_CONTAINER_PLUGINS: acme-policy$", built.err, re.MULTILINE)
    assert "acme_policy" not in sys.modules
    assert cli("build", "none", "--dry-run").status == 2
    assert "excluded by DYNAMO_CONTAINER_PLUGINS" in cli.ok("plugins", "show", "none").out


def test_a_framework_without_the_shared_stages_names_the_missing_one(site, cli, monkeypatch):
    monkeypatch.setenv("DYNAMO_CONTAINER_PLUGINS", "none")

    built = cli("build", "none", "--target", "runtime", "--dry-run")

    assert built.status != 0
    assert "by DYNAMO_CONTAINER_PLUGINS: images" in built.err
    assert "which no loaded plugin provides" in built.err


def test_an_empty_allow_list_is_an_error(cli, monkeypatch):
    monkeypatch.setenv("DYNAMO_CONTAINER_PLUGINS", " ")

    assert "DYNAMO_CONTAINER_PLUGINS is empty" in cli("build", "none", "--dry-run").err


@pytest.mark.parametrize("words", [("--no-plugin", "stranger", "build"), ("build",)])
def test_excluding_one_of_two_plugins_of_a_name_selects_the_other_one(
    site, cli, monkeypatch, words
):
    site.framework("acme")
    site.install("stranger", group=FRAMEWORKS, name="ACME", version="9.1")
    if len(words) == 1:
        monkeypatch.setenv("DYNAMO_CONTAINER_BUILD_NO_PLUGIN", "stranger")

    built = cli.ok(*words, "acme", "--dry-run")

    assert "acme_acme/Dockerfile" in built.out
    after = cli.ok("build", "acme", "--no-plugin", "stranger", "--dry-run")
    assert after.out == built.out


# Validation.


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
    assert registry.call(hookspecs.dynamo_container_build_args, REQUEST) == ()


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


# Calls.


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

    (contribution,) = loaded("acme", "other").call(hookspecs.dynamo_container_build_args, REQUEST)

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


# Monitoring.


def test_pluggy_monitoring_sees_each_call_with_one_plugin(site):
    site.framework("acme", HOOK + "    return [BuildArg(name='A', value='1')]")
    site.install("acme-policy", HOOK + "    return [BuildArg(name='B', value='2')]")
    registry = registry_of("acme", "acme-policy")
    registry.load("acme")
    calls: list[tuple[str, str, object]] = []

    def after(outcome, hook, impls, arguments):
        (impl,) = impls
        calls.append((impl.plugin_name.partition(":")[0], hook, arguments["request"]))

    undo = registry.manager.add_hookcall_monitoring(lambda *_: None, after)
    registry.call(hookspecs.dynamo_container_build_args, REQUEST)
    undo()
    registry.call(hookspecs.dynamo_container_build_args, REQUEST)

    hook = "dynamo_container_build_args"
    assert calls == [("framework acme", hook, REQUEST), ("overlay acme-policy", hook, REQUEST)]


def test_calls_are_logged_at_level_debug(site, caplog):
    site.framework("acme", HOOK + "    raise OSError('lost')")
    registry = loaded("acme")
    registry.manager.log_calls()

    with (
        caplog.at_level(logging.DEBUG, "dynamo_container.plugins"),
        pytest.raises(PluginError, match="lost"),
    ):
        registry.call(hookspecs.dynamo_container_build_args, REQUEST)

    called, raised = caplog.messages
    assert re.fullmatch(
        r"framework acme: dynamo_container_build_args \(.*__init__\.py:\d+\)", called
    )
    assert raised == "framework acme: dynamo_container_build_args raised OSError('lost')"


# Locations.

BASE = """
from dynamo_container.api import *

class Base:
    @hookimpl
    def dynamo_container_build_args(self, request):
        yield BuildArg(name="A", value="1")

    @hookimpl
    def dynamo_container_labels(self, request):
        yield Label(key="a", value="1")
"""


def test_an_inherited_hook_has_the_location_of_the_plugins_own_class(site):
    site.framework("acme")
    site.install(
        "acme-policy",
        "from acme_policy.base import *\n\n\nclass Policy(Base):\n    @hookimpl\n"
        "    def dynamo_container_labels(self, request):\n"
        "        yield Label(key='a', value='2')\n\n\nplugin = Policy()\n",
        files={"base.py": BASE},
    )
    entry_points = site.folder / "acme_policy-1.0.dist-info" / "entry_points.txt"
    entry_points.write_text(
        entry_points.read_text().replace("= acme_policy", "= acme_policy:plugin")
    )
    registry = loaded("acme")

    (argument,) = registry.call(hookspecs.dynamo_container_build_args, REQUEST)
    (label,) = (
        contribution
        for contribution in registry.call(hookspecs.dynamo_container_labels, REQUEST)
        if contribution.source.name == "acme-policy"
    )

    own = site.folder / "acme_policy" / "__init__.py"
    assert argument.source.location == f"{own}:4"
    assert label.source.location == f"{own}:5"


def test_a_value_can_state_its_own_location(site):
    site.framework(
        "acme",
        HOOK
        + "    yield BuildArg(name='A', value='1', location='releases.toml:12')\n"
        + "    yield BuildArg(name='B', value='2')\n",
    )

    first, second = loaded("acme").call(hookspecs.dynamo_container_build_args, REQUEST)

    assert first.source.location == "releases.toml:12"
    assert "acme_acme/__init__.py:" in second.source.location


# Compatibility between releases.


def hooks_of_the_future() -> ModuleType:
    """Return the hooks of a later release, in which some are deprecated or removed."""

    @hookspecs.hook(
        returns="BuildArg", since="0.1", deprecated="it goes in 0.4; use dynamo_container_pins"
    )
    def dynamo_container_versions(request): ...

    @hookspecs.hook(
        returns="BuildArg",
        since="0.1",
        deprecated_arguments={"old": "it goes in 0.4; use `request`"},
    )
    def dynamo_container_build_args(request, old, new): ...

    module = ModuleType("hooks_of_the_future")
    vars(module).update(vars(hookspecs))
    vars(module).update(
        dynamo_container_versions=dynamo_container_versions,
        dynamo_container_build_args=dynamo_container_build_args,
        REMOVED={"dynamo_container_flags": "use dynamo_container_run_flags"},
    )
    vars(module).update(SPECS=hookspecs.specifications(vars(module)))
    return module


def future_registry() -> Registry:
    registry = Registry(Registry.discover().candidates, specifications=hooks_of_the_future())
    registry.load("acme")
    return registry


def test_deprecated_hooks_and_arguments_cause_warnings_with_the_plugin_and_the_line(site):
    site.framework("acme")
    site.install(
        "acme-old",
        HOOK.replace("(request)", "(old)") + "    return []\n"
        "@hookimpl\ndef dynamo_container_versions(request):\n    return []\n",
    )

    registry = future_registry()

    assert registry.failures == ()
    first, second = registry.warnings()
    assert first.startswith(
        "plugin 'acme-old' (acme-old 1.0): the argument 'old' of dynamo_container_build_args is "
        "deprecated: it goes in 0.4; use `request` ("
    )
    assert first.endswith("__init__.py:4)")
    assert "dynamo_container_versions is deprecated: it goes in 0.4; use dynamo_" in second


def test_a_removed_hook_is_a_failure_that_names_its_replacement(site):
    site.framework("acme")
    site.install("acme-old", HOOK.replace("build_args", "flags") + "    return []\n")

    (failure,) = future_registry().failures

    assert "it was removed: use dynamo_container_run_flags" in str(failure)


@pytest.mark.parametrize("parameters", ["request", "", "request, new=5, never=6"])
def test_a_hook_takes_only_the_arguments_that_it_names(site, parameters):
    value = "new" if "new" in parameters else "'as ever'"
    site.framework("acme")
    site.install(
        "acme-x",
        HOOK.replace("(request)", f"({parameters})")
        + f"    yield BuildArg(name='A', value={value})",
    )

    (contribution,) = future_registry().call_for(
        "acme", hookspecs.dynamo_container_build_args, request=REQUEST, old=1, new="as ever"
    )

    assert contribution.value.value == "as ever"


def test_an_optional_hook_of_a_later_release_is_ignored(site):
    site.framework("acme")
    optional = HOOK.replace("@hookimpl", "@hookimpl(optionalhook=True)")
    site.install("acme-x", optional.replace("build_args", "novelties") + "    return []")

    assert loaded("acme").warnings() == ()


# The command `plugins`.


def test_plugins_list_imports_nothing_and_shows_problems_of_the_metadata(site, cli):
    site.install("acme-broken", "raise RuntimeError('imported')")
    site.install("acme-old", requires=("dynamo-container<0.1",))

    lines = cli.ok("plugins", "list").out.splitlines()

    assert "acme_broken" not in sys.modules
    (broken,) = (line for line in lines if line.startswith("acme-broken "))
    assert re.fullmatch(r"acme-broken +overlay +acme-broken 1\.0 +ok", broken)
    (old,) = (line for line in lines if line.startswith("acme-old "))
    assert "it requires dynamo-container<0.1" in old


def test_plugins_show_imports_only_the_plugin_that_it_shows(site, cli):
    site.framework("acme")
    site.install("acme-broken", "raise RuntimeError('imported')")

    shown = cli.ok("plugins", "show", "ACME-acme")

    assert re.search(r"hooks: +dynamo_container_framework  .*acme_acme/__init__\.py:7", shown.out)
    assert "acme_broken" not in sys.modules


def test_plugins_show_of_an_unknown_name_lists_the_installed_plugins(cli):
    result = cli("plugins", "show", "nonee")

    assert result.status == 2
    assert (
        "plugin 'nonee' not found\ndid you mean 'none'? installed plugins: images, " in result.err
    )


def test_plugins_check_imports_all_plugins_and_fails_if_one_is_broken(site, cli):
    site.framework("acme")
    site.install("acme-broken", "raise RuntimeError('bad wheel')", version="2.7")

    result = cli("plugins", "check")

    assert result.status == 4
    assert "importing all installed plugins" in result.err
    assert re.search(r"acme-broken 2\.7 +RuntimeError: bad wheel", result.out)
    assert re.search(r"acme-acme 1\.0 +ok", result.out)
    assert {"acme_acme", "dynamo_container_none.plugin"} <= set(sys.modules)


def test_plugins_check_of_one_plugin_ignores_the_other_ones(site, cli):
    site.framework("acme")
    site.install("acme-broken", "raise RuntimeError('bad wheel')")

    assert "acme-acme 1.0  ok" in cli.ok("plugins", "check", "acme").out
    assert cli("plugins", "check", "acme-broken").status == 4
    cli.ok("--no-plugin", "acme-broken", "plugins", "check")
