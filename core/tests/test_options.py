# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Typed options: their syntax, the rules between them, and the requests that they resolve to.

Nothing here starts a process: conftest.py forbids it.
"""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any, TypeVar

import pytest
from dynamo_container.containers import docker_argv, planner
from dynamo_container.errors import UsageError
from dynamo_container.model.facts import Checkout, EngineInfo, ImageInfo
from dynamo_container.model.names import (
    FRAMEWORK_LABEL,
    HOME_LABEL,
    LOCAL_DEV_TARGET,
    TARGET_LABEL,
    UID_LABEL,
)
from dynamo_container.model.values import EnvVar, Mount
from dynamo_container.options import rules, syntax
from dynamo_container.options.build import resolve_build
from dynamo_container.options.facts import BuildFacts, Caller
from dynamo_container.options.records import BuildOptions
from dynamo_container.options.run import resolve_run
from dynamo_container.options.run_facts import RunFacts
from dynamo_container.options.run_records import RunOptions
from dynamo_container.plugins.registry import Registry

Options = TypeVar("Options", BuildOptions, RunOptions)

CALLER = Caller(uid=501, gid=20, home="/home/me", hf_cache="/home/me/.cache/huggingface")
FACTS = BuildFacts(frameworks=(("none", "dev"),), caller=CALLER)
CHECKOUT = Checkout(path=Path("/src"), release="1.5.0", version="1.5.0.dev.abc", commit="abc")


def given(options: Options, flag: str) -> Options:
    """The options with one more that differs from its default."""
    name = flag[2:].replace("-", "_")
    default = next(field.default for field in fields(options) if field.name == name)
    examples = {
        "tmpfs": (Mount(type="tmpfs", target="/scratch"),),
        "ports": ("8000:8000",),
        "extra_index_url": ((syntax.IndexUrl(url="https://x"),),),
    }
    value: object = examples.get(name)
    if value is None and isinstance(default, bool):
        value = not default
    if value is None:
        value = ("x",) if isinstance(default, tuple) else 7 if name in ("uid", "gid") else "x"
    if name == "wait_timeout":
        value = 5.0
    if name == "index_url":
        value = syntax.IndexUrl(url="https://x")
    origins = (*options.origins, (flag, "command line"))
    changes: dict[str, Any] = {"origins": origins, name: value}
    return replace(options, **changes)


def build_case(rule: rules.Rule) -> tuple[BuildOptions, BuildFacts]:
    """Options and facts that break a rule of builds."""
    options, facts = BuildOptions(), FACTS
    names = (rule.option, rule.others[0]) if rule.relation == "excludes" else (rule.option,)
    for name in names:
        if name == "--device other than cuda":
            options = replace(options, device="cpu")
        elif name == "--source PATH":
            options = replace(options, source="/src")
        elif name == "several frameworks":
            facts = facts._replace(frameworks=(("none", "dev"), ("tiny", "dev")))
        elif name == "--push without --load":
            options = replace(options, push=True)
        elif name == "--lock none":
            options = replace(options, lock="none")
        elif name == "--dev-image of a dev image":
            options = replace(options, dev_image="my:dev")
        else:
            options = given(options, name)
    if "checkout" not in rule.others[0] and "sccache" in rule.option:
        facts = facts._replace(checkout=CHECKOUT)
        options = replace(options, use_sccache=rule.option != rule.others[0])
    if rule.others == ("--use-sccache",):
        options = replace(options, use_sccache=False)
    return options, facts


@pytest.mark.parametrize("rule", rules.BUILD_RULES, ids=lambda rule: rule.sentence())
def test_a_broken_rule_of_builds_is_reported_in_its_own_words(rule):
    options, facts = build_case(rule)

    with pytest.raises(UsageError) as error:
        rules.check_build(options, facts)

    assert error.value.what.startswith(rule.sentence().partition(" or ")[0].partition(":")[0])
    assert error.value.next_step


@pytest.mark.parametrize("rule", rules.RUN_RULES, ids=lambda rule: rule.sentence())
def test_a_broken_rule_of_runs_is_reported_in_its_own_words(rule):
    options = given(RunOptions(), rule.option)
    if rule.relation == "excludes":
        conditions: dict[str, dict[str, Any]] = {
            "--network host, none or container:NAME": {"network": "container:x"},
            "--volume at /workspace": {"volume": (Mount(source="/x", target="/workspace"),)},
            "--volume at the same path": {"volume": (Mount(source="/x", target="/scratch"),)},
            "--image": {"image": "x"},
            "--privileged": {"privileged": True},
            "--use-nixl-gds": {"use_nixl_gds": True},
            "--rm TRUE": {"origins": (("--rm", "command line"), *options.origins)},
        }
        options = replace(options, **conditions[rule.others[0]])

    with pytest.raises(UsageError) as error:
        rules.check_run(options)

    assert error.value.what == rule.sentence()


def test_options_that_keep_the_rules_are_accepted():
    rules.check_build(BuildOptions(base_image="a", base_image_tag="1"), FACTS)
    rules.check_build(BuildOptions(uid=5, target=(LOCAL_DEV_TARGET,)), FACTS)
    rules.check_run(RunOptions(detach=True, wait=True, port=("80:80",), network="bridge"))


def test_rules_about_facts_wait_until_the_facts_are_known():
    options = BuildOptions(release_build=True)

    rules.check_build(options)
    rules.check_build(options, FACTS._replace(checkout=CHECKOUT))
    with pytest.raises(UsageError, match="requires a Dynamo checkout"):
        rules.check_build(options, FACTS)


def test_a_time_limit_in_the_project_file_concerns_many_runs_and_is_accepted():
    options = RunOptions(wait_timeout=5.0, origins=(("--wait-timeout", "project file"),))

    rules.check_run(options)


def test_a_run_with_gpus_a_workspace_and_labels_is_planned_without_a_process():
    labels = (
        (FRAMEWORK_LABEL, "vllm"),
        (HOME_LABEL, "/home/ubuntu"),
        (TARGET_LABEL, LOCAL_DEV_TARGET),
        (UID_LABEL, "501"),
    )
    facts = RunFacts(
        framework="vllm",
        image="dynamo:latest-vllm-local-dev",
        engine=EngineInfo(version="28.5", cdi_devices=("nvidia.com/gpu=0", "nvidia.com/gpu=1")),
        image_info=ImageInfo(id="sha256:1", size=1, labels=labels),
        caller=CALLER,
        workspace="/src/dynamo",
        trusted=True,
    )
    options = RunOptions(gpus="0,1", mount_workspace="/src/dynamo", env=(EnvVar(name="A"),))
    registry = Registry.discover()
    registry.load("vllm")

    argv = docker_argv.run_command(planner.plan(registry, resolve_run(options, facts))).argv

    assert {"--device=nvidia.com/gpu=0", "--device=nvidia.com/gpu=1", "--env=A"} <= set(argv)
    assert "--mount=type=bind,source=/src/dynamo,target=/workspace" in argv
    cache = "/home/me/.cache/huggingface,target=/home/ubuntu/.cache/huggingface"
    assert f"--mount=type=bind,source={cache}" in argv
    assert any("source=dynamo-history-501," in word for word in argv)
    assert argv[-1] == "dynamo:latest-vllm-local-dev"


def test_repeating_an_option_of_a_run_replaces_its_earlier_value():
    options = RunOptions(
        env=(EnvVar(name="A", value="1"), EnvVar(name="A", value="2")),
        ulimit=("core=1", "stack=5", "core=0"),
    )

    request = resolve_run(options, RunFacts(framework="none", image="x", caller=CALLER))

    assert request.env == (EnvVar(name="A", value="2"),)
    assert [flag.value for flag in request.flags] == ["core=0", "stack=5"]


def test_a_terminal_is_allocated_only_for_a_run_without_a_command():
    facts = RunFacts(framework="none", image="x", caller=CALLER, terminal=True)

    assert resolve_run(RunOptions(), facts).tty
    assert not resolve_run(RunOptions(command=("ls",)), facts).tty
    assert not resolve_run(RunOptions(detach=True), facts).tty


def test_every_framework_cuda_version_and_target_is_a_request():
    options = BuildOptions(target=("runtime", "local-dev"), cuda_version=("12.9", "13.0"))
    facts = FACTS._replace(frameworks=(("vllm", "dev"), ("sglang", "dev")))

    resolved = resolve_build(options, facts)

    assert len(resolved.requests) == 8
    assert {(request.uid, request.gid) for request in resolved.requests} == {
        (501, 20),
        (None, None),
    }
    (origin,) = {
        request.source("--uid").distribution for request in resolved.requests if request.uid
    }
    assert origin == "the caller's own"


def test_credentials_of_an_index_are_hidden_and_never_represented():
    url = syntax.index_url("https://me:SECRET@index.example/simple")
    options = BuildOptions(index_url=url)

    resolved = resolve_build(options, FACTS)

    assert resolved.hidden_env == (
        ("DYNAMO_CONTAINER_BUILD_INDEX_URL", "https://me:SECRET@index.example/simple"),
    )
    assert resolved.requests[0].index_url == "https://index.example/simple"
    assert "SECRET" not in repr(options) + repr(resolved.requests) + repr(resolved.settings)


def test_a_build_argument_without_a_value_takes_it_from_the_environment():
    options = BuildOptions(build_arg=(("A", None), ("B", None), ("C", "c")))

    settings = resolve_build(options, FACTS._replace(environment=(("A", "a"),))).settings

    assert settings.build_args == (("A", "a"), ("C", "c"))


@pytest.mark.parametrize(
    ("parse", "text", "expected"),
    [
        (syntax.gpus, '"device=0,1,0"', "0,1"),
        (syntax.gpus, "count=02", "count=2"),
        (syntax.platforms, "linux/x86_64,linux/aarch64", ("linux/amd64", "linux/arm64")),
        (syntax.dynamo_version, "1.4.2-RC1", "1.4.2rc1"),
        (syntax.version_in_tag, "v0.6.1", "0.6.1"),
        (syntax.entrypoint, "", ("",)),
        (syntax.entrypoint, "sh -c 'a b'", ("sh", "-c", "a b")),
        (syntax.volume, "data:/data/", Mount(type="volume", source="data", target="/data")),
        (syntax.volume, "/a:/b:ro,z", Mount(source="/a", target="/b", options=("ro", "z"))),
        (syntax.cache, "r.example/x:1", "type=registry,ref=r.example/x:1"),
        (syntax.sbom, "no", "type=sbom,disabled=true"),
        (syntax.provenance, "mode=max", "type=provenance,mode=max"),
        (syntax.secret, "id=x,type=env,src=Y", syntax.SecretSpec(id="x", env="Y")),
        (syntax.switch, "Yes", True),
    ],
)
def test_values_are_parsed_once(parse, text, expected):
    assert parse(text) == expected


@pytest.mark.parametrize(
    ("parse", "text"),
    [
        (syntax.gpus, "count=0"),
        (syntax.date, "20260830"),
        (syntax.port, "8000:"),
        (syntax.volume, "a:b"),
        (syntax.stage_image, "tools=A B"),
        (syntax.secret, "id=x,value=SECRET"),
        (syntax.index_url, "https://index.example/?token=SECRET"),
        (syntax.switch, "maybe"),
    ],
)
def test_values_that_are_not_valid_are_refused_without_secrets(parse, text):
    with pytest.raises(ValueError, match=r".*") as error:
        parse(text)

    assert "SECRET" not in str(error.value)
