# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The plan of a container: from plugins, the user, and facts about engine and image.

No test here is marked `processes`: planning a run starts no process.
"""

from __future__ import annotations

import pytest
from dynamo_container.containers import docker_argv, planner
from dynamo_container.errors import ConflictError, MachineError
from dynamo_container.model.facts import DriverInfo, EngineInfo, ImageInfo
from dynamo_container.model.requests import RunRequest
from dynamo_container.model.values import EnvVar, Mount, RunFlag
from dynamo_container.plugins.registry import Registry

TUNED = """
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
    return docker_argv.run_command(plan).argv


def image_info(**labels: str) -> ImageInfo:
    return ImageInfo(
        id="sha256:1",
        size=1,
        labels=tuple((f"ai.dynamo.container.{name}", value) for name, value in labels.items()),
        user="1000",
    )


def test_a_whole_run_is_planned_from_a_request_and_facts(site):
    """GPUs, a workspace and an image's labels, with the start of processes forbidden."""
    site.framework("tiny", TUNED)
    image = image_info(target="local-dev", home="/home/dev", uid="1234", cuda="13.0", driver="580")
    driver = DriverInfo(version="580.95.05", cuda="13.0")

    plan = plan_of(
        command=("python", "-m", "dynamo.frontend"),
        gpus="0",
        workspace="/src/dynamo",
        trusted=True,
        hf_cache="/models",
        ports=("8000:8000",),
        engine=EngineInfo(version=CDI.version, cdi_devices=CDI.cdi_devices, driver=driver),
        image_info=image,
        origins=(("--gpus", "project file"),),
    )

    assert argv_of(plan) == (
        *("docker", "run", "--rm"),
        "--cap-add=SYS_PTRACE",
        "--device=nvidia.com/gpu=0",
        "--init",
        "--ipc=host",
        "--network=bridge",
        "--shm-size=32G",
        *("--ulimit=memlock=-1", "--ulimit=nofile=65536:65536", "--ulimit=stack=67108864"),
        "--workdir=/workspace",
        "--publish=8000:8000",
        *("--env=HF_TOKEN", "--env=THREADS=4"),
        "--mount=type=volume,source=cache,target=/cache",
        "--mount=type=bind,source=/models,target=/home/dev/.cache/huggingface",
        "--mount=type=volume,source=dynamo-history-1234,target=/home/dev/.commandhistory",
        "--mount=type=bind,source=/src/dynamo,target=/workspace",
        "--label=ai.dynamo.container.run=tiny",
        *("an/image:1", "python", "-m", "dynamo.frontend"),
    )
    assert plan.folders == ("/models",)
    assert plan.warnings == ()
    (device,) = [entry for entry in plan.entries if entry.key.startswith("--device")]
    assert str(device.sources[0]) == "--gpus (project file)"


def test_an_image_that_requires_a_newer_driver_is_refused(site):
    site.framework("tiny")
    old = DriverInfo(version="535.104.05", cuda="12.2")
    engine = EngineInfo(version=CDI.version, cdi_devices=CDI.cdi_devices, driver=old)
    fields = {"engine": engine, "image_info": image_info(cuda="13.0", driver="580")}

    with pytest.raises(MachineError, match="requires driver 580 or newer"):
        plan_of(**fields)
    assert plan_of(**fields, preflight=False).warnings == ()
    assert plan_of(**fields, gpus="none").warnings == ()


def test_values_of_plugins_are_in_the_command(site):
    site.framework("tiny", TUNED)

    argv = argv_of(plan_of())

    assert "--env=THREADS=4" in argv
    assert "--mount=type=volume,source=cache,target=/cache" in argv
    assert "--shm-size=32G" in argv


def test_the_users_values_win_and_the_plugins_values_stay_visible(site):
    site.framework("tiny", TUNED)

    plan = plan_of(
        env=(EnvVar(name="THREADS", value="8"),),
        mounts=(Mount(source="/mine", target="/cache/"),),
        flags=(RunFlag(flag="--shm-size", value="1G"),),
    )

    assert {"--env=THREADS=8", "--shm-size=1G"} <= set(argv_of(plan))
    assert "--mount=type=bind,source=/mine,target=/cache/" in argv_of(plan)
    shadowed = {entry.key: [lower.value for lower in entry.shadowed] for entry in plan.entries}
    assert shadowed["THREADS"] == ["4"]
    assert shadowed["/cache"] == ["volume cache"]
    assert shadowed["--shm-size"] == ["32G", "10G"]


def test_overlays_that_contradict_each_other_are_a_conflict_that_names_both(site):
    site.framework("tiny")
    for number in "12":
        body = f"""
            from dynamo_container.api import *

            @hookimpl
            def dynamo_container_run_env(request):
                yield EnvVar(name="TEAM", value="{number}")
        """
        site.install(f"acme-{number}", body)

    with pytest.raises(ConflictError, match=r"TEAM.*acme-1.*acme-2") as caught:
        plan_of()

    assert "override both with a value of your own" in caught.value.next_step


@pytest.mark.parametrize(
    ("engine", "arguments"),
    [
        (CDI, {"--device=nvidia.com/gpu=all"}),
        (NVIDIA, {"--env=NVIDIA_VISIBLE_DEVICES=all", "--runtime=nvidia"}),
        (CPU, set()),
    ],
)
def test_gpu_access_depends_on_the_engine(site, engine, arguments):
    site.framework("tiny")

    argv = argv_of(plan_of(engine=engine))

    prefixes = ("--device", "--env", "--gpus", "--runtime")
    assert {argument for argument in argv if argument.startswith(prefixes)} == arguments


def test_a_missing_gpu_is_one_warning_unless_none_was_requested(site):
    site.framework("tiny")

    (warning,) = plan_of(engine=CPU).warnings
    assert warning.startswith("the engine has no GPU")
    assert plan_of(engine=CPU, gpus="none").warnings == ()


CPU_AS_WELL = """
@hookimpl
def dynamo_container_framework():
    return Framework(summary="a test's", needs_gpu=False)
"""


def test_a_framework_that_needs_no_gpu_gets_one_and_no_warning_without(site):
    site.framework("tiny", CPU_AS_WELL)

    assert plan_of(engine=CPU).warnings == ()
    assert "--device=nvidia.com/gpu=all" in argv_of(plan_of(engine=CDI))
    with pytest.raises(MachineError, match="no GPU for --gpus all"):
        plan_of(engine=CPU, gpus="all")


def test_a_runtime_without_access_to_the_gpus_is_named_in_the_warning(site):
    site.framework("tiny")

    (warning,) = plan_of(engine=NVIDIA, flags=(RunFlag(flag="--runtime", value="runc"),)).warnings

    assert "--runtime runc gives no access to the engine's GPUs" in warning


def test_an_unknown_runtime_lists_the_registered_ones(site):
    site.framework("tiny")

    with pytest.raises(MachineError, match="does not have the runtime 'runsc'") as caught:
        plan_of(engine=NVIDIA, flags=(RunFlag(flag="--runtime", value="runsc"),))

    assert "nvidia, runc" in caught.value.next_step


def test_an_accelerator_of_a_plugin_replaces_nvidia_gpus(site):
    site.framework("tiny", GAUDI)

    argv = argv_of(plan_of(engine=NVIDIA))

    assert "--device=/dev/accel/0" in argv
    assert "--runtime=nvidia" not in argv


def test_the_container_is_labelled_with_its_framework(site):
    site.framework("tiny")

    assert "--label=ai.dynamo.container.run=tiny" in argv_of(plan_of())


@pytest.mark.parametrize(
    ("source", "argument"),
    [
        ("/a b", "--mount=type=bind,source=/a b,target=/x"),
        ("/a,b", '--mount=type=bind,"source=/a,b",target=/x'),
        ("/a\nb", '--mount=type=bind,"source=/a\nb",target=/x'),
        ("/a\rb", '--mount=type=bind,"source=/a\rb",target=/x'),
        # Docker's CSV reader turns CRLF into a line feed.
        ("/a\r\nb", "--volume=/a\r\nb:/x"),
    ],
)
def test_a_path_with_special_characters_is_one_field_of_a_mount(source, argument):
    assert docker_argv.mount_argument(Mount(source=source, target="/x")) == argument


@pytest.mark.parametrize("limits", [(), ("nofile",), ("memlock", "nofile")])
def test_limits_that_the_engine_may_not_raise_are_left_out_unless_given(site, limits):
    site.framework("tiny")
    engine = EngineInfo(version="28.5.2", rootless=True, limits=limits)

    argv = argv_of(plan_of(engine=engine, gpus="none"))
    given = argv_of(
        plan_of(engine=engine, flags=(RunFlag(flag="--ulimit", value="nofile=9", key="nofile"),))
    )

    defaults = {"memlock": "-1", "nofile": "65536:65536", "stack": "67108864"}
    kept = {f"--ulimit={name}={value}" for name, value in defaults.items() if name not in limits}
    assert {word for word in argv if word.startswith("--ulimit")} == kept
    assert "--ulimit=nofile=9" in given


PODMAN = EngineInfo(program="podman", version="5.4.2", rootless=True)


def test_podman_does_not_get_the_size_of_shared_memory_that_is_the_hosts(site):
    site.framework("tiny")
    asked = (RunFlag(flag="--shm-size", value="1G"),)
    private = (RunFlag(flag="--ipc", value="private"),)

    assert "--shm-size=10G" in argv_of(plan_of(gpus="none"))
    assert "--shm-size=10G" not in argv_of(plan_of(engine=PODMAN, gpus="none"))
    assert "--shm-size=1G" in argv_of(plan_of(engine=PODMAN, gpus="none", flags=asked))
    assert "--shm-size=10G" in argv_of(plan_of(engine=PODMAN, gpus="none", flags=private))


@pytest.mark.parametrize(
    ("user", "fields", "mapped"),
    [
        ("1000:0", {"workspace": "/w"}, "--userns=keep-id:uid=1000,gid=0"),
        ("1000", {"hf_cache": "/c"}, "--userns=keep-id:uid=1000,gid=0"),
        ("1000:1000", {"workspace": "/w"}, "--userns=keep-id:uid=1000,gid=1000"),
        ("1000:0", {}, ""),
        ("0:0", {"workspace": "/w"}, ""),
        ("", {"workspace": "/w"}, ""),
        ("ubuntu", {"workspace": "/w"}, ""),
        ("1000:0", {"workspace": "/w", "flags": (RunFlag(flag="--user", value="7"),)}, ""),
        (
            "1000:0",
            {"workspace": "/w", "flags": (RunFlag(flag="--userns", value="auto"),)},
            "--userns=auto",
        ),
    ],
)
def test_rootless_podman_maps_the_caller_to_the_images_user_for_mounted_folders(
    site, user, fields, mapped
):
    site.framework("tiny")
    info = ImageInfo(id="sha256:1", size=1, user=user)

    argv = argv_of(plan_of(engine=PODMAN, gpus="none", image_info=info, **fields))

    assert [word for word in argv if word.startswith("--userns")] == ([mapped] if mapped else [])
    docker = argv_of(plan_of(gpus="none", image_info=info, **fields))
    assert not any(word.startswith("--userns=keep-id") for word in docker)


def test_the_volume_of_a_cache_is_of_the_image_and_not_of_its_labels():
    def key(image, **fields):
        return RunRequest(framework="t", image="x", image_info=image, **fields).image_key

    mine = ImageInfo(id="sha256:1", size=1, labels=(("ai.dynamo.container.plan", "p"),))
    evil = ImageInfo(id="sha256:2", size=1, labels=mine.labels)

    assert key(mine, built_here=True) == key(evil, built_here=True)
    assert key(evil) not in (key(mine), key(mine, built_here=True))
    assert key(evil, trusted=True) == key(evil)
    assert key(None) != key(evil)
