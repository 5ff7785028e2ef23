# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Access to GPUs, chosen by what the engine reports; the check of the driver."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from dynamo_container.containers import gpus, preflight
from dynamo_container.containers.docker_argv import env_arguments, flag_arguments
from dynamo_container.docker import cdi
from dynamo_container.errors import MachineError, UsageError
from dynamo_container.model.facts import NO_ENGINE, DriverInfo, EngineInfo, Gpu
from dynamo_container.options import syntax

NAMES = ("nvidia.com/gpu=0", "nvidia.com/gpu=1", "nvidia.com/gpu=all", "vendor.com/x=0")
CDI = EngineInfo(version="28.5.2", runtimes=("runc",), cdi_devices=NAMES)
RUNTIME = EngineInfo(version="26.1.5", runtimes=("nvidia", "runc"))
BOTH = EngineInfo(
    version="28.5.2",
    runtimes=("nvidia", "runc"),
    default_runtime="nvidia",
    cdi_devices=NAMES,
)
HOOK = EngineInfo(version="26.1.5", runtimes=("runc",), hook=True)
NEITHER = EngineInfo(version="26.1.5", runtimes=("runc",))
UUID = "GPU-8f7dc2a1-6f0e-4b0e-8c55-0f4f3f2d0c6a"


def arguments(requested, engine, **options):
    access = gpus.gpu_access(syntax.gpus(requested), engine, **options)
    return [*flag_arguments(access.flags), *env_arguments(access.env)]


@pytest.mark.parametrize(
    ("requested", "engine", "expected"),
    [
        ("auto", CDI, ["--device=nvidia.com/gpu=all"]),
        ("all", CDI, ["--device=nvidia.com/gpu=all"]),
        ("0", CDI, ["--device=nvidia.com/gpu=0"]),
        ("0,1", CDI, ["--device=nvidia.com/gpu=0", "--device=nvidia.com/gpu=1"]),
        ("device=1", CDI, ["--device=nvidia.com/gpu=1"]),
        ("count=1", CDI, ["--device=nvidia.com/gpu=0"]),
        ("none", CDI, []),
        ("auto", RUNTIME, ["--runtime=nvidia", "--env=NVIDIA_VISIBLE_DEVICES=all"]),
        ('"device=0,1"', RUNTIME, ["--runtime=nvidia", "--env=NVIDIA_VISIBLE_DEVICES=0,1"]),
        ("count=2", RUNTIME, ["--runtime=nvidia", "--env=NVIDIA_VISIBLE_DEVICES=0,1"]),
        (UUID, RUNTIME, ["--runtime=nvidia", f"--env=NVIDIA_VISIBLE_DEVICES={UUID}"]),
        # CDI does not have this name, but the runtime can.
        (UUID, BOTH, ["--runtime=nvidia", f"--env=NVIDIA_VISIBLE_DEVICES={UUID}"]),
        # Not both: the default runtime would add the GPUs that the image requests.
        ("0", BOTH, ["--device=nvidia.com/gpu=0", "--env=NVIDIA_VISIBLE_DEVICES=void"]),
        ("None", BOTH, ["--env=NVIDIA_VISIBLE_DEVICES=void"]),
        ("all", HOOK, ["--gpus=all"]),
        ("0", HOOK, ["--gpus=device=0"]),
        ("0,1", HOOK, ['--gpus="device=0,1"']),
        ("count=2", HOOK, ["--gpus=2"]),
        ("auto", NEITHER, []),
        # Nothing is known about an engine that does not answer: a dry run uses docker's own flag.
        ("auto", NO_ENGINE, []),
        ("0,1", NO_ENGINE, ['--gpus="device=0,1"']),
    ],
)
def test_access_depends_on_what_the_engine_reports(requested, engine, expected):
    assert arguments(requested, engine) == expected


@pytest.mark.parametrize(
    ("requested", "engine", "message"),
    [
        ("all", NEITHER, "no nvidia runtime"),
        ("2", CDI, "the engine has 0, 1, all, but not 2"),
        ("0,7", CDI, "but not 7"),
        ("count=3", CDI, "the engine has 0, 1, all"),
        (UUID, CDI, UUID),
    ],
)
def test_gpus_that_the_engine_lacks_are_an_error_with_a_next_step(requested, engine, message):
    with pytest.raises(MachineError, match=message) as caught:
        arguments(requested, engine)

    assert caught.value.exit_status == 6
    assert "nvidia-ctk cdi generate" in caught.value.next_step


def test_without_a_device_named_all_every_index_is_used():
    engine = EngineInfo(version="28", cdi_devices=("nvidia.com/gpu=10", "nvidia.com/gpu=9"))

    assert arguments("all", engine) == ["--device=nvidia.com/gpu=9", "--device=nvidia.com/gpu=10"]


def test_a_named_runtime_is_used():
    assert arguments("0", BOTH, runtime="nvidia")[0] == "--runtime=nvidia"
    assert arguments("0", BOTH, runtime="runc")[0] == "--device=nvidia.com/gpu=0"
    with pytest.raises(MachineError, match="--runtime runc gives no access"):
        arguments("0", RUNTIME, runtime="runc")


def test_the_variable_selects_gpus_of_the_runtime_only():
    assert arguments("auto", BOTH, by_variable=True) == ["--runtime=nvidia"]
    with pytest.raises(UsageError, match="requires an nvidia runtime"):
        arguments("auto", CDI, by_variable=True)
    # Docker's own `--gpus` would give access to all GPUs and override the variable.
    with pytest.raises(UsageError, match="requires an nvidia runtime"):
        arguments("auto", HOOK, by_variable=True)
    with pytest.raises(UsageError, match="both select GPUs"):
        arguments("0", BOTH, by_variable=True)


@pytest.mark.parametrize("word", ["al", "0,,1", "count=0", "count=x", "-1", "GPU-", "0 1", "²"])
def test_an_invalid_value_for_gpus_is_an_error(word):
    with pytest.raises(ValueError, match=re.escape(word)):
        syntax.gpus(word)


def test_cdi_devices_are_read_from_json_and_yaml(tmp_path):
    spec = {"cdiVersion": "0.5.0", "kind": "nvidia.com/gpu", "devices": [{"name": "0"}]}
    (tmp_path / "a.json").write_text(json.dumps(spec))
    (tmp_path / "b.yaml").write_text("kind: nvidia.com/gpu\ndevices:\n- name: '1'\n- name: all\n")
    (tmp_path / "broken.yaml").write_text("kind: [")
    (tmp_path / "other.json").write_text("[]")
    (tmp_path / "notes.txt").write_text("kind: x")

    devices = cdi.devices([str(tmp_path), "/no/such/folder"])

    assert devices == ("nvidia.com/gpu=0", "nvidia.com/gpu=1", "nvidia.com/gpu=all")


OLD = DriverInfo(version="535.104.05", cuda="12.2")
NEW = DriverInfo(version="580.95.05", cuda="13.0")


@pytest.mark.parametrize(
    ("cuda", "minimum", "driver"),
    [
        ("13.0", "580", NEW),
        ("13.1", "580", NEW),  # a driver supports all minor versions of its CUDA
        ("12.9", "525", OLD),
        ("12.9", "", OLD),
        ("12.9", "525", NEW),
        ("11.8", "450", OLD),
    ],
)
def test_a_new_enough_driver_gives_no_warning(cuda, minimum, driver):
    assert preflight.check_driver(cuda, minimum, driver) == ""


@pytest.mark.parametrize(("cuda", "minimum"), [("13.0", "580"), ("13.0", ""), ("12.9", "575")])
def test_a_driver_that_is_too_old_is_an_error_with_next_steps(cuda, minimum):
    with pytest.raises(MachineError) as caught:
        preflight.check_driver(cuda, minimum, OLD)

    assert f"CUDA {cuda}" in caught.value.what
    assert "535.104.05" in caught.value.what
    for hint in ("--cuda-version 12.9", "upgrade the driver", "--no-preflight"):
        assert hint in caught.value.next_step


@pytest.mark.parametrize(
    ("cuda", "driver"), [("thirteen", NEW), ("13.0", DriverInfo(version="a new one", cuda="13.0"))]
)
def test_versions_that_cannot_be_compared_are_a_warning(cuda, driver):
    assert "was not compared" in preflight.check_driver(cuda, "580", driver)


KERNELS = "torch=7.5,8.0,9.0,12.0,12.0+PTX vllm=8.0,9.0,10.0"


def driver_of(*gpus: tuple[str, str]) -> DriverInfo:
    """A driver of GPUs with these names and compute capabilities."""
    found = (Gpu(name=name, uuid="", memory=0, capability=code) for name, code in gpus)
    return DriverInfo(version="580", cuda="13.0", gpus=tuple(found))


@pytest.mark.parametrize(
    ("capability", "lacking"),
    [
        ("8.0", ""),
        ("8.6", ""),  # code for 8.0 runs on all of 8.x
        ("9.0", ""),
        ("10.3", "torch"),
        ("12.1", "vllm"),  # PyTorch has code for 12.0
        ("13.0", "vllm"),  # the driver compiles PyTorch's PTX
        ("7.0", "torch, vllm"),
        ("7.5", "vllm"),
        ("", ""),
    ],
)
def test_a_gpu_without_kernels_in_the_image_is_an_error_that_names_the_packages(
    capability, lacking
):
    driver = driver_of(("NVIDIA GB10", capability))
    if not lacking:
        assert preflight.check_kernels(KERNELS, driver) == ""
        return
    with pytest.raises(MachineError) as caught:
        preflight.check_kernels(KERNELS, driver)

    number = capability.replace(".", "")
    assert caught.value.what == (
        f"the image has no kernels for sm_{number} (NVIDIA GB10) in {lacking}"
    )
    assert "--no-preflight" in caught.value.next_step


def test_kernels_are_not_compared_on_machines_for_which_they_are_not_known():
    driver = replace(driver_of(("NVIDIA GB10", "12.1")), machine="aarch64")

    assert preflight.check_kernels("torch=9.0", driver) == ""


def test_some_gpus_without_kernels_are_a_warning():
    driver = driver_of(("NVIDIA H100", "9.0"), ("NVIDIA GB10", "12.1"))

    warning = preflight.check_kernels(KERNELS, driver)

    assert warning.startswith("no kernels for sm_121 (NVIDIA GB10) in vllm")


@pytest.mark.parametrize("label", ["", "torch", "torch=", "torch=nine", "=", "torch=9.0;rm"])
def test_a_label_that_is_not_ours_is_not_compared(label):
    assert preflight.check_kernels(label, driver_of(("NVIDIA GB10", "12.1"))) == ""
