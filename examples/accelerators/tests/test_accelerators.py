# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""AMD's and Intel's GPUs, with device files that stand in for those of a machine that has them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from dynamo_container.api import DeviceFile, EngineInfo, MachineError, UsageError
from dynamo_container.testing import Cli, PlanBuild, PlanRun, PlanServe, plan_values

pytestmark = pytest.mark.processes  # the overlays are installed for these tests

VIDEO, RENDER = 44, 109
RENDERER = DeviceFile(path="/dev/dri/renderD128", group=RENDER)
DRI = (
    DeviceFile(path="/dev/dri", group=0),
    DeviceFile(path="/dev/dri/card0", group=VIDEO),
    RENDERER,
)
KFD = DeviceFile(path="/dev/kfd", group=RENDER)
LINKS = DeviceFile(path="/dev/dri/by-path", group=0)
OTHER = DeviceFile(path="/dev/sound", group=29)


def machine(*files: DeviceFile) -> EngineInfo:
    return EngineInfo(version="28.5.2", runtimes=("runc",), local=True, device_files=files)


AMD = machine(*DRI, KFD, OTHER)
INTEL = machine(*DRI, LINKS, OTHER)
LABEL = "ai.dynamo.container.device"


def flags_of(values: dict[str, str], flag: str) -> list[str]:
    return [value for key, value in values.items() if key.startswith(f"flag {flag} ")]


@pytest.mark.parametrize(
    ("device", "engine", "files"),
    [("rocm", AMD, ["/dev/dri", "/dev/kfd"]), ("xpu", INTEL, ["/dev/dri"])],
)
def test_a_container_gets_the_device_files_and_their_groups(
    plan_run: PlanRun, device: str, engine: EngineInfo, files: list[str]
) -> None:
    values = plan_values(plan_run("vllm", "i", labels={LABEL: device}, engine=engine))

    assert sorted(flags_of(values, "--device")) == files
    assert sorted(flags_of(values, "--group-add")) == [str(RENDER), str(VIDEO)]


def test_only_the_groups_of_its_own_files_are_added(plan_run: PlanRun) -> None:
    one = machine(DRI[0], RENDERER, KFD, OTHER)
    values = plan_values(plan_run("vllm", "i", labels={LABEL: "rocm"}, engine=one))

    assert flags_of(values, "--group-add") == [str(RENDER)]


def test_groups_that_are_not_known_are_added_by_name(plan_run: PlanRun) -> None:
    remote = EngineInfo(version="28.5.2", runtimes=("runc",), local=False)
    values = plan_values(plan_run("vllm", "i", device="rocm", engine=remote))

    assert sorted(flags_of(values, "--group-add")) == ["render", "video"]


@pytest.mark.parametrize(
    ("device", "engine", "variable"),
    [("rocm", AMD, "HIP_VISIBLE_DEVICES"), ("xpu", INTEL, "ZE_AFFINITY_MASK")],
)
@pytest.mark.parametrize(
    ("gpus", "visible"), [("0", "0"), ("1,3", "1,3"), ("count=2", "0,1"), ("all", None)]
)
def test_gpus_are_selected_by_a_variable(
    plan_run: PlanRun,
    device: str,
    engine: EngineInfo,
    variable: str,
    gpus: str,
    visible: str | None,
) -> None:
    plan = plan_run("vllm", "i", labels={LABEL: device}, engine=engine, gpus=gpus)

    assert plan_values(plan).get(f"env {variable}") == visible


def test_gpus_have_no_other_names(plan_run: PlanRun) -> None:
    with pytest.raises(UsageError, match="selected by their indexes"):
        plan_run("vllm", "i", device="rocm", engine=AMD, gpus="GPU-1f3a")


def test_intels_links_are_mounted_if_the_machine_has_them(plan_run: PlanRun) -> None:
    with_links = plan_run("vllm", "i", labels={LABEL: "xpu"}, engine=INTEL)
    without = plan_run("vllm", "i", labels={LABEL: "xpu"}, engine=machine(*DRI))
    on_amd = plan_run("vllm", "i", labels={LABEL: "rocm"}, engine=machine(*DRI, LINKS, KFD))

    assert "mount /dev/dri/by-path" in plan_values(with_links)
    assert "mount /dev/dri/by-path" not in plan_values(without)
    assert "mount /dev/dri/by-path" not in plan_values(on_amd)


def test_a_machine_without_them_gets_a_warning(plan_run: PlanRun) -> None:
    plan = plan_run("vllm", "i", labels={LABEL: "rocm"}, engine=INTEL)

    assert flags_of(plan_values(plan), "--device") == []
    assert any("no AMD GPUs (/dev/kfd was not found)" in warning for warning in plan.warnings)
    with pytest.raises(MachineError, match="/dev/kfd was not found"):
        plan_run("vllm", "i", device="rocm", engine=INTEL)


def test_workers_divide_the_gpus_that_are_named(plan_serve: PlanServe) -> None:
    container = {"engine": AMD, "device": "rocm", "gpus": "0,1,2,3", "image": "i"}
    plan = plan_serve("vllm", "acme/model", container=container, workers=2, gpus_per_worker=2)

    selected = [
        [var.value for var in one.env if var.name == "HIP_VISIBLE_DEVICES"]
        for service in plan.services
        for one in service.containers
    ]
    assert selected == [[], ["0,1"], ["2,3"]]


@pytest.mark.parametrize(
    ("device", "resource"), [("rocm", "amd.com/gpu"), ("xpu", "gpu.intel.com/xe")]
)
def test_kubernetes_gets_the_resource(cli: Cli, tmp_path: Path, device: str, resource: str) -> None:
    words = ("--model", "acme/model", "--device", device, "--gpus-per-worker", "2")
    folder = str(tmp_path)
    cli.ok("export", "kubernetes", folder, "vllm", *words, "--device", "/dev/fuse")
    text = "".join(path.read_text(encoding="utf-8") for path in tmp_path.iterdir())

    assert f'{resource}: "2"' in text
    assert "nvidia.com/gpu" not in text
    # The device plugin of the cluster gives a container its files, but no others.
    assert "--device=/dev/dri" not in text
    assert "--device=/dev/fuse" in text


def test_a_dev_container_has_the_same_flags(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = cli.ok("devcontainer", "vllm", "--device", "rocm", "--dry-run").out
    document = json.loads(text.partition("\n")[2])

    flags = {"--device=/dev/kfd", "--device=/dev/dri", "--group-add=render", "--group-add=video"}
    assert flags <= set(document["runArgs"])
    assert document["image"] == "dynamo:latest-vllm-rocm-local-dev"


@pytest.mark.parametrize(
    ("device", "image"), [("rocm", "rocm/vllm:1"), ("xpu", "vllm/vllm-openai-xpu:1")]
)
def test_dynamo_is_built_beside_the_engine_and_without_what_is_for_nvidias_gpus(
    plan_build: PlanBuild, device: str, image: str
) -> None:
    values = plan_values(plan_build("vllm", device=device, engine_image=image))

    assert values[f"label {LABEL}"] == device
    names = [word.partition("==")[0] for word in values["build-arg REQUIREMENTS"].split()]
    assert names == ["ai-dynamo", "nixl"]
    assert "nixl-cu12; python_version < '0'" in values["build-arg OVERRIDES"]
    with pytest.raises(UsageError, match="requires --engine-image"):
        plan_build("vllm", device=device)


def test_other_devices_and_frameworks_are_left_alone(
    plan_build: PlanBuild, plan_run: PlanRun
) -> None:
    assert "nixl-cu12" not in plan_values(plan_build("vllm")).get("build-arg OVERRIDES", "")
    assert flags_of(plan_values(plan_run("vllm", "i", engine=AMD)), "--device") == []
    with pytest.raises(UsageError, match="cannot be used with 'sglang'"):
        plan_build("sglang", device="rocm", engine_image="rocm/sglang:1")
