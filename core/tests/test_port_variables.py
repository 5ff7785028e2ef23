# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""A port that Dynamo would not accept is an error before a container starts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from dynamo_container.containers import planner
from dynamo_container.containers.plan import RunPlan
from dynamo_container.errors import DynamoContainerError, MachineError, UsageError
from dynamo_container.model.facts import EngineInfo, ImageInfo
from dynamo_container.model.requests import RunRequest
from dynamo_container.model.values import EnvVar
from dynamo_container.plugins.registry import Registry
from fakes import Site

REQUEST = RunRequest(
    framework="tiny",
    image="tiny:1",
    engine=EngineInfo(version="28.5.2", runtimes=("runc",)),
    image_info=ImageInfo(id="1", size=1),
)
PLUGIN = """
@hookimpl
def dynamo_container_run_env(request):
    yield EnvVar(name="DYN_SYSTEM_PORT", value="{value}")
"""
# Of Dynamo's system server, whose numbers are signed, and of its frontend.
ACCEPTED = [
    *(("DYN_SYSTEM_PORT", one) for one in ("9090", "0", "-1", "32767", "")),
    *(("DYN_HTTP_PORT", one) for one in ("8000", "65535")),
]
REFUSED = [
    *(("DYN_SYSTEM_PORT", one) for one in ("32768", "65536", "-40000", "http", "9090/tcp", " 1")),
    *(("DYN_HTTP_PORT", one) for one in ("65536", "-1", "8000.0", "9" * 5000, "\u0668000")),
]


def loaded(site: Site, plugin: str = "") -> Registry:
    site.framework("tiny", plugin)
    registry = Registry.discover()
    registry.load("tiny")
    return registry


@pytest.fixture
def plan(site: Site) -> Callable[[RunRequest], RunPlan]:
    registry = loaded(site)
    return lambda request: planner.plan(registry, request)


def of_image(name: str, value: str) -> RunRequest:
    return replace(REQUEST, image_info=ImageInfo(id="1", size=1, env=("A=1", f"{name}={value}")))


def given(name: str, value: str | None) -> RunRequest:
    return replace(REQUEST, env=(EnvVar(name=name, value=value),))


@pytest.mark.parametrize(("name", "value"), ACCEPTED)
def test_what_dynamo_accepts_is_passed_on(plan, name, value):
    plan(given(name, value))
    plan(of_image(name, value))


@pytest.mark.parametrize(("name", "value"), REFUSED)
def test_what_dynamo_does_not_accept_is_refused(plan, name, value):
    for request, kind in ((given(name, value), UsageError), (of_image(name, value), MachineError)):
        with pytest.raises(DynamoContainerError, match="not a valid port") as refused:
            plan(request)

        assert type(refused.value) is kind
        assert name in refused.value.what
        assert f"-e {name}=" in refused.value.next_step
        assert len(refused.value.what) < 400


def test_a_value_that_is_given_replaces_that_of_the_image(plan):
    plan(replace(of_image("DYN_SYSTEM_PORT", "x"), env=given("DYN_SYSTEM_PORT", "1").env))


def test_a_plugin_is_named_as_the_source(site):
    with pytest.raises(UsageError, match=r"DYN_SYSTEM_PORT=70000, from tiny"):
        planner.plan(loaded(site, PLUGIN.format(value=70000)), REQUEST)


def test_what_is_not_known_here_is_left_to_dynamo(plan):
    """Values of variables that are passed by name, and those that docker reads from files."""
    plan(given("DYN_SYSTEM_PORT", None))
    plan(replace(REQUEST, env_files=(("/a/file", ("DYN_SYSTEM_PORT",)),)))
    hidden = of_image("DYN_SYSTEM_PORT", "x")
    plan(replace(hidden, env_files=(("/a/file", ("DYN_SYSTEM_PORT",)),)))


@pytest.mark.processes
def test_the_command_line_reports_it_in_two_lines(cli, no_docker):
    result = cli("run", "none", "-e", "DYN_SYSTEM_PORT=99999", "--dry-run")

    assert result.status == 2
    error, hint = result.err.splitlines()[-2:]
    assert error.startswith(
        "error: DYN_SYSTEM_PORT=99999, from --env (command line), is not a valid port: "
    )
    assert error.endswith("Dynamo accepts numbers up to 32767")
    assert hint == "choose another: -e DYN_SYSTEM_PORT=9090"
