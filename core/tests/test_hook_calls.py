# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Calls of hooks: monitoring, locations of values, and compatibility between releases."""

from __future__ import annotations

import logging
import re
from types import ModuleType

import pytest
from dynamo_container.errors import PluginError
from dynamo_container.plugins import hookspecs
from dynamo_container.plugins.registry import Registry
from registries import HOOK, REQUEST, build_args, loaded, registry_of


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

    (argument,) = build_args(registry)
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

    first, second = build_args(loaded("acme"))

    assert first.source.location == "releases.toml:12"
    assert "acme_acme/__init__.py:" in second.source.location


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

    found = future_registry().call_for(
        "acme", hookspecs.dynamo_container_build_args, request=REQUEST, old=1, new="as ever"
    )
    (contribution,) = (one for one in found if one.source.name == "acme-x")

    assert contribution.value.value == "as ever"


def test_an_optional_hook_of_a_later_release_is_ignored(site):
    site.framework("acme")
    optional = HOOK.replace("@hookimpl", "@hookimpl(optionalhook=True)")
    site.install("acme-x", optional.replace("build_args", "novelties") + "    return []")

    assert loaded("acme").warnings() == ()
