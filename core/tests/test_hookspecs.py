# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The specifications of the hooks: complete examples, and types that match the annotations."""

from __future__ import annotations

import inspect
import re
import typing

import pytest
from dynamo_container import api
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
from dynamo_container.plugins import hookspecs
from dynamo_container.plugins.hookspecs import SPECS
from dynamo_container.plugins.registry import Registry

REQUESTS = {
    BuildRequest: BuildRequest(framework="documented", target="runtime"),
    RunRequest: RunRequest(framework="documented", image="x"),
    CheckRequest: CheckRequest(
        framework="documented", image="x", image_info=ImageInfo(id="1", size=1)
    ),
    ServeRequest: ServeRequest(
        framework="documented",
        project="x",
        container=RunRequest(framework="documented", image="x"),
        model=Model(name="org/model", served_name="model"),
    ),
}
PRIVILEGED = PlanEntry(kind="flag", key="--privileged", value="", sources=(CORE,))
PLAN = PlanView(command="run", framework="documented", target="runtime", entries=(PRIVILEGED,))

CODEC = Component(kind="python", name="av", version="1.0")
INVENTORY = Inventory(image="x", framework="documented", components=(CODEC,))


def example(name: str) -> str:
    """Return the example in the docstring of a hook."""
    docstring = inspect.getdoc(getattr(hookspecs, name)) or ""
    (code,) = re.findall(r"```python\n(.*?)```", docstring, re.DOTALL)
    return str(code)


@pytest.mark.parametrize("name", SPECS)
def test_the_example_of_a_hook_is_a_plugin_by_itself(site, name):
    site.install("documented", example(name))
    installed = Registry.discover().candidates
    registry = Registry(entry for entry in installed if entry.name == "documented")
    function = getattr(hookspecs, name)
    request = REQUESTS.get(typing.get_type_hints(function).get("request", object))

    registry.load()
    contributions = registry.call_for(
        None, function, request=request, command="build", plan=PLAN, inventory=INVENTORY
    )

    assert registry.failures == ()
    assert contributions
    assert {type(entry.value) for entry in contributions} == {SPECS[name].type}


@pytest.mark.parametrize("name", SPECS)
def test_a_specification_and_its_annotation_declare_the_same_type(name):
    returned = typing.get_type_hints(getattr(hookspecs, name))["return"]

    if SPECS[name].single:
        expected = SPECS[name].type
        assert returned == (expected if SPECS[name].required else expected | None)
    else:
        assert typing.get_args(returned) == (SPECS[name].type,)


def test_all_types_of_the_hooks_are_in_the_api():
    types = {spec.returns for spec in SPECS.values()}

    assert types <= set(api.__all__)
