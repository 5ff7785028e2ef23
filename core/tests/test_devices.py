# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Devices (`--device`): what images are built with for them, and what containers get."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from dynamo_container.containers import docker_argv, planner
from dynamo_container.errors import ConflictError, MachineError, UsageError
from dynamo_container.host import devices
from dynamo_container.images import planner as build_planner
from dynamo_container.model.facts import DeviceFile, EngineInfo, ImageInfo
from dynamo_container.model.requests import BuildRequest, BuildSettings, CheckRequest, RunRequest
from dynamo_container.model.values import Device, EnvVar, Framework
from dynamo_container.options.checking import device_arguments
from dynamo_container.options.run import resolve_run
from dynamo_container.options.run_facts import RunFacts
from dynamo_container.options.run_records import RunOptions
from dynamo_container.plugins.registry import Registry

PREFIX = "ai.dynamo.container."
# A framework with two devices, the first of which is the default.
TWO = """
@hookimpl
def dynamo_container_framework():
    return Framework(summary="a test's", default_target="runtime", devices=("cuda", "cpu"))

@hookimpl
def dynamo_container_build_args(request):
    yield BuildArg(name="GREETING", value=request.device or "default")
"""
ACME = """
from dynamo_container.api import *

@hookimpl
def dynamo_container_devices(request):
    yield Device(
        name="acme",
        summary="Acme's accelerators",
        files=("/dev/acme0",),
        flags=(RunFlag(flag="--device", value="/dev/acme0", key="/dev/acme0"),),
        env=(EnvVar(name="ACME_VISIBLE_DEVICES", value="0"),),
        resources=(("acme.example/accelerator", "1"),),
        frameworks=("tiny",),
    )
"""
PLAIN = EngineInfo(version="28.5.2", runtimes=("runc",), local=True)
NVIDIA = EngineInfo(version="28.5.2", runtimes=("nvidia", "runc"), default_runtime="nvidia")
WITH_ACME = replace(PLAIN, device_files=(DeviceFile(path="/dev/acme0", group=44),))


def registry_of(framework="tiny"):
    registry = Registry.discover()
    registry.load(framework)
    return registry


def built(framework="tiny", **fields):
    request = BuildRequest(framework=framework, target="runtime", **fields)
    (image,) = build_planner.plan(registry_of(framework), [request], BuildSettings()).images
    return image


def info(**labels):
    pairs = tuple((f"{PREFIX}{name}", value) for name, value in labels.items())
    return ImageInfo(id="sha256:1", size=1, labels=pairs)


def planned(framework="tiny", **fields):
    request = RunRequest(framework=framework, image="an/image:1", **fields)
    return planner.plan(registry_of(framework), request)


def argv(plan):
    return docker_argv.run_command(plan).argv


def labels_of(image):
    return {label.key.removeprefix(PREFIX): label.value for label in image.labels}


def test_the_label_and_the_tags_of_an_image_name_its_device(site):
    site.framework("tiny", TWO)

    image = built(device="cpu")

    assert labels_of(image)["device"] == "cpu"
    assert image.tags == ("dynamo:v1.0-tiny-cpu-runtime", "dynamo:latest-tiny-cpu-runtime")
    values = {entry.key: entry.value for entry in image.entries}
    assert values["GREETING"] == "cpu"


@pytest.mark.parametrize("device", ["", "cuda"])
def test_the_default_device_changes_nothing(site, device):
    site.framework("tiny", TWO)

    image = built(device=device)

    assert "device" not in labels_of(image)
    assert image.tags == ("dynamo:v1.0-tiny-runtime", "dynamo:latest-tiny-runtime")
    assert image.plan_hash == built().plan_hash


def test_a_framework_for_cpus_only_has_the_label_and_plain_tags(site):
    site.framework("tiny", TWO.replace('("cuda", "cpu")', '("cpu",)'))

    image = built()

    assert labels_of(image)["device"] == "cpu"
    assert image.tags == ("dynamo:v1.0-tiny-runtime", "dynamo:latest-tiny-runtime")
    assert built(device="cpu").plan_hash == image.plan_hash


@pytest.mark.parametrize("device", ["rocm", "cp", "gpu"])
def test_an_unsupported_device_lists_the_supported_ones(site, device):
    site.framework("tiny", TWO)
    site.install("acme-device", ACME)

    with pytest.raises(UsageError, match=f"--device {device} .*only: cuda, cpu, acme") as caught:
        built(device=device)

    assert "docs/devices.md" in caught.value.next_step


def test_a_plugin_provides_a_device_for_frameworks_of_others(site):
    site.framework("tiny", TWO)
    site.framework("other", TWO)
    site.install("acme-device", ACME)

    assert labels_of(built(device="acme"))["device"] == "acme"
    with pytest.raises(UsageError, match="cannot be used with 'other'"):
        built("other", device="acme")


def test_two_descriptions_of_one_device_are_a_conflict(site):
    site.framework("tiny", TWO)
    site.install("acme-device", ACME)
    site.install("acme-other", ACME.replace("acme0", "acme1"))

    with pytest.raises(ConflictError, match="device acme"):
        built(device="acme")


@pytest.mark.parametrize(
    "fields", [{"image_info": info(device="cpu")}, {"device": "cpu"}], ids=["label", "option"]
)
def test_a_container_for_cpus_sees_no_gpus_and_nothing_is_missing(site, fields):
    site.framework("tiny", TWO)

    plan = planned(engine=NVIDIA, **fields)

    assert "--runtime=nvidia" not in argv(plan)
    # The engine's default runtime would add the GPUs that the image requests.
    assert "--env=NVIDIA_VISIBLE_DEVICES=void" in argv(plan)
    assert planned(engine=PLAIN, **fields).warnings == ()


@pytest.mark.parametrize("gpus", ["all", "0", "count=1"])
def test_an_image_for_cpus_gets_no_gpus(site, gpus):
    site.framework("tiny", TWO)

    with pytest.raises(UsageError, match=f"--gpus {gpus} cannot be used with an image for CPUs"):
        planned(gpus=gpus, engine=NVIDIA, image_info=info(device="cpu"))


@pytest.mark.parametrize(
    ("label", "device"), [({"device": "cpu"}, "cuda"), ({"cuda": "13.0"}, "cpu")]
)
def test_an_image_runs_on_its_own_device_only(site, label, device):
    site.framework("tiny", TWO)

    with pytest.raises(UsageError, match=f"--device {device} cannot be used with an/image:1"):
        planned(device=device, image_info=info(**label))


def test_a_container_gets_what_the_plugin_of_its_device_describes(site):
    site.framework("tiny", TWO)
    site.install("acme-device", ACME)

    plan = planned(engine=WITH_ACME, image_info=info(device="acme"))

    assert {"--device=/dev/acme0", "--env=ACME_VISIBLE_DEVICES=0"} <= set(argv(plan))
    entries = {(entry.kind, entry.key): entry for entry in plan.entries}
    assert entries["resource", "acme.example/accelerator"].value == "1"
    assert entries["setting", "--device"].value == "acme"
    assert entries["env", "ACME_VISIBLE_DEVICES"].sources[0].name == "acme-device"


def test_the_user_overrides_a_variable_of_the_device(site):
    site.framework("tiny", TWO)
    site.install("acme-device", ACME)
    plan = planned(
        engine=WITH_ACME,
        image_info=info(device="acme"),
        env=(EnvVar(name="ACME_VISIBLE_DEVICES", value="3"),),
    )

    assert "--env=ACME_VISIBLE_DEVICES=3" in argv(plan)
    assert "--env=ACME_VISIBLE_DEVICES=0" not in argv(plan)


def test_without_the_device_the_container_runs_with_a_warning(site):
    site.framework("tiny", TWO)
    site.install("acme-device", ACME)

    plan = planned(engine=PLAIN, image_info=info(device="acme"))

    assert "--device=/dev/acme0" not in argv(plan)
    assert "/dev/acme0 was not found" in plan.warnings[0]
    confirmed = planned(engine=PLAIN, image_info=info(device="acme"), gpus="none")
    assert confirmed.warnings == ()


@pytest.mark.parametrize("fields", [{"device": "acme"}, {"gpus": "all"}])
def test_a_device_that_was_named_has_to_exist(site, fields):
    site.framework("tiny", TWO)
    site.install("acme-device", ACME)

    with pytest.raises(MachineError, match="/dev/acme0 was not found") as caught:
        planned(engine=PLAIN, image_info=info(device="acme"), **fields)

    assert caught.value.exit_status == 6


def test_a_remote_engine_is_trusted_to_have_the_device(site):
    site.framework("tiny", TWO)
    site.install("acme-device", ACME)

    plan = planned(engine=replace(PLAIN, local=False), device="acme")

    assert "--device=/dev/acme0" in argv(plan)


def test_the_device_of_an_image_whose_plugin_is_missing_is_named(site):
    site.framework("tiny", TWO)

    with pytest.raises(UsageError, match="no installed plugin describes the device 'acme'"):
        planned(engine=PLAIN, image_info=info(device="acme"))


@pytest.mark.parametrize(
    ("device", "engine", "arguments"),
    [
        ("cpu", PLAIN, ()),
        ("cpu", NVIDIA, ("--env=NVIDIA_VISIBLE_DEVICES=void",)),
        ("cuda", PLAIN, None),
        ("cuda", NVIDIA, ("--runtime=nvidia", "--env=NVIDIA_VISIBLE_DEVICES=all")),
        (
            "acme",
            replace(PLAIN, local=False),
            ("--device=/dev/acme0", "--env=ACME_VISIBLE_DEVICES=0"),
        ),
        ("acme", PLAIN, None),
    ],
)
def test_checks_run_on_the_device_of_the_image(site, device, engine, arguments):
    site.framework("tiny", TWO)
    site.install("acme-device", ACME)
    request = CheckRequest(framework="tiny", image="i", image_info=info(device=device))

    assert device_arguments(registry_of(), request, engine) == arguments


def test_a_dev_container_has_the_flags_of_the_device(site, cli, tmp_path, monkeypatch):
    site.framework("tiny", TWO)
    site.install("acme-device", ACME)
    monkeypatch.chdir(tmp_path)

    file = cli("devcontainer", "tiny", "--device", "acme", "--dry-run").out
    document = json.loads(file.partition("\n")[2])

    assert document["image"] == "dynamo:latest-tiny-acme-local-dev"
    assert "--device=/dev/acme0" in document["runArgs"]
    assert document["containerEnv"]["ACME_VISIBLE_DEVICES"] == "0"
    assert "hostRequirements" not in document


def test_docker_gets_devices_of_the_host_and_no_kind_of_device(site):
    site.framework("tiny", TWO)
    options = RunOptions(device=("cpu", "/dev/fuse", "vendor.com/class=0"))
    request = resolve_run(options, RunFacts(framework="tiny", image="i"))

    assert request.device == "cpu"
    assert [flag.value for flag in request.flags] == ["/dev/fuse", "vendor.com/class=0"]


@pytest.mark.processes
def test_a_run_looks_for_the_image_of_the_device(site, cli):
    site.framework("tiny", TWO)

    assert "tiny-cpu-runtime" in cli("run", "tiny", "--device", "CPU", "--dry-run").out
    assert "latest-tiny-runtime" in cli("run", "tiny", "--device", "cuda", "--dry-run").out
    assert "not a device" in cli("run", "tiny", "--device", "c pu", "--dry-run").err
    several = cli("run", "tiny", "--device", "cpu", "--device", "cuda", "--dry-run")
    assert "one kind of device, not cpu and cuda" in several.err


def test_device_files_are_character_devices_and_their_folders(tmp_path):
    (tmp_path / "dri").mkdir()
    (tmp_path / "file").write_text("")
    (tmp_path / "dri" / "link").symlink_to("/dev/null")

    assert [file.path for file in devices.collect(tmp_path)] == [str(tmp_path / "dri")]
    machine = {file.path for file in devices.collect()}
    assert {"/dev/null", "/dev/zero"} <= machine


def test_a_device_requires_a_plain_name_and_absolute_paths():
    for fields in ({"name": "AMD GPU"}, {"name": "acme", "files": ("dev/acme",)}):
        with pytest.raises(ValueError, match="not a"):
            Device(summary="x", **fields)
    with pytest.raises(ValueError, match="at least one device"):
        Framework(summary="x", devices=())
