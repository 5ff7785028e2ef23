# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The plan of a container: what plugins say, what the user says, and what the engine has."""

from __future__ import annotations

import pytest
from dynamo_container.containers import docker_argv, planner
from dynamo_container.errors import ConflictError
from dynamo_container.model.facts import EngineInfo
from dynamo_container.model.requests import RunRequest
from dynamo_container.model.values import EnvVar, Mount, RunFlag
from dynamo_container.plugins.registry import Registry

SAYS = """
@hookimpl
def dynamo_container_run_env(request):
    yield EnvVar(name="THREADS", value="4")

@hookimpl
def dynamo_container_run_mounts(request):
    yield Mount(type="volume", source="cache", target="/cache")

@hookimpl
def dynamo_container_run_flags(request):
    yield RunFlag(flag="--shm-size", value="32G")
"""
GAUDI = """
@hookimpl
def dynamo_container_accelerator(request):
    yield RunFlag(flag="--device", value="/dev/accel/0", key="/dev/accel/0")
"""
CPU = EngineInfo(version="28.5.2", runtimes=("runc",))
NVIDIA = EngineInfo(version="28.5.2", runtimes=("nvidia", "runc"))
CDI = EngineInfo(
    version="28.5.2",
    runtimes=("nvidia", "runc"),
    cdi_devices=("nvidia.com/gpu=0", "nvidia.com/gpu=all"),
)


def plan_of(framework="tiny", **fields):
    registry = Registry.discover()
    registry.load(framework)
    return planner.plan(registry, RunRequest(framework=framework, image="an/image:1", **fields))


def argv_of(plan):
    return docker_argv.command(plan).argv


def test_a_plugins_word_is_in_the_command(site):
    site.framework("tiny", SAYS)

    argv = argv_of(plan_of())

    assert "--env=THREADS=4" in argv
    assert "--mount=type=volume,source=cache,target=/cache" in argv
    assert "--shm-size=32G" in argv


def test_the_users_word_wins_by_name_by_place_and_by_flag_and_the_plugins_stays_visible(site):
    site.framework("tiny", SAYS)

    plan = plan_of(
        env=(EnvVar(name="THREADS", value="8"),),
        mounts=(Mount(source="/mine", target="/cache/"),),
        flags=(RunFlag(flag="--shm-size", value="1G"),),
    )

    assert {"--env=THREADS=8", "--shm-size=1G"} <= set(argv_of(plan))
    assert "--mount=type=bind,source=/mine,target=/cache/" in argv_of(plan)
    shadowed = {fact.key: [one.value for one in fact.shadowed] for fact in plan.facts}
    assert shadowed["THREADS"] == ["4"]
    assert shadowed["/cache"] == ["volume cache"]
    assert shadowed["--shm-size"] == ["32G", "10G"]


def test_two_overlays_that_contradict_each_other_are_a_conflict_that_names_both(site):
    site.framework("tiny")
    for number in "12":
        body = f"""
            from dynamo_container.api import *

            @hookimpl
            def dynamo_container_run_env(request):
                yield EnvVar(name="TEAM", value="{number}")
        """
        site.install(f"acme-{number}", body)

    with pytest.raises(ConflictError, match=r"TEAM.*acme-1.*acme-2"):
        plan_of()


@pytest.mark.parametrize(
    ("engine", "flags"),
    [
        (CDI, {"--device=nvidia.com/gpu=all"}),
        (NVIDIA, {"--env=NVIDIA_VISIBLE_DEVICES=all", "--runtime=nvidia"}),
        (CPU, set()),
    ],
)
def test_gpus_come_in_as_the_engine_has_them(site, engine, flags):
    site.framework("tiny")

    argv = argv_of(plan_of(engine=engine))

    given = {word for word in argv if word.startswith(("--device", "--env", "--gpus", "--runtime"))}
    assert given == flags


def test_without_a_gpu_there_is_one_warning_and_none_where_none_was_asked_for(site):
    site.framework("tiny")

    assert len(plan_of(engine=CPU).warnings) == 1
    assert plan_of(engine=CPU, gpus="none").warnings == ()


def test_gpus_that_a_runtime_keeps_out_are_told_as_what_they_are(site):
    site.framework("tiny")

    (told,) = plan_of(engine=NVIDIA, flags=(RunFlag(flag="--runtime", value="runc"),)).warnings

    assert "do not come in by --runtime runc" in told


def test_an_accelerator_of_a_plugin_comes_instead_of_nvidias(site):
    site.framework("tiny", GAUDI)

    argv = argv_of(plan_of(engine=NVIDIA))

    assert "--device=/dev/accel/0" in argv
    assert "--gpus=all" not in argv


def test_the_container_is_labelled_with_its_framework(site):
    site.framework("tiny")

    assert "--label=ai.dynamo.container.run=tiny" in argv_of(plan_of())


@pytest.mark.parametrize(
    ("source", "word"),
    [
        ("/a b", "--mount=type=bind,source=/a b,target=/x"),
        ("/a,b", '--mount=type=bind,"source=/a,b",target=/x'),
        ("/a\nb", '--mount=type=bind,"source=/a\nb",target=/x'),
        ("/a\rb", '--mount=type=bind,"source=/a\rb",target=/x'),
        # Docker's reader of CSV makes a lone line feed of these two.
        ("/a\r\nb", "--volume=/a\r\nb:/x"),
    ],
)
def test_a_path_of_any_signs_is_one_field_of_a_mount(source, word):
    assert docker_argv.mount_word(Mount(source=source, target="/x")) == word
