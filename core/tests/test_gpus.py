# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""How GPUs come into a container, by what the engine reports; whether the driver is new enough."""

from __future__ import annotations

import json

import pytest
from dynamo_container.containers import gpus, preflight
from dynamo_container.containers.docker_argv import env_words, flag_words
from dynamo_container.docker import cdi
from dynamo_container.errors import MachineError, UsageError
from dynamo_container.model.facts import NO_ENGINE, DriverInfo, EngineInfo
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


def words(asked, engine, **options):
    way = gpus.gpu_access(syntax.gpus(asked), engine, **options)
    return [*flag_words(way.flags), *env_words(way.env)]


@pytest.mark.parametrize(
    ("asked", "engine", "expected"),
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
        # A name that CDI does not have, but the runtime may.
        (UUID, BOTH, ["--runtime=nvidia", f"--env=NVIDIA_VISIBLE_DEVICES={UUID}"]),
        # Not both: the default runtime would add what the image asks for.
        ("0", BOTH, ["--device=nvidia.com/gpu=0", "--env=NVIDIA_VISIBLE_DEVICES=void"]),
        ("None", BOTH, ["--env=NVIDIA_VISIBLE_DEVICES=void"]),
        ("all", HOOK, ["--gpus=all"]),
        ("0", HOOK, ["--gpus=device=0"]),
        ("0,1", HOOK, ['--gpus="device=0,1"']),
        ("count=2", HOOK, ["--gpus=2"]),
        ("auto", NEITHER, []),
        # Of an engine that does not answer nothing is known: docker's own word, for a dry run.
        ("auto", NO_ENGINE, []),
        ("0,1", NO_ENGINE, ['--gpus="device=0,1"']),
    ],
)
def test_the_way_in_is_what_the_engine_reports(asked, engine, expected):
    assert words(asked, engine) == expected


@pytest.mark.parametrize(
    ("asked", "engine", "said"),
    [
        ("all", NEITHER, "no nvidia runtime"),
        ("2", CDI, "the engine has 0, 1, all, and not 2"),
        ("0,7", CDI, "not 7"),
        ("count=3", CDI, "the engine has 0, 1, all"),
        (UUID, CDI, UUID),
    ],
)
def test_what_cannot_be_had_is_an_error_that_says_what_to_do(asked, engine, said):
    with pytest.raises(MachineError, match=said) as caught:
        words(asked, engine)

    assert caught.value.exit_status == 6
    assert "nvidia-ctk cdi generate" in caught.value.next_step


def test_without_the_name_all_every_index_is_meant():
    engine = EngineInfo(version="28", cdi_devices=("nvidia.com/gpu=10", "nvidia.com/gpu=9"))

    assert words("all", engine) == ["--device=nvidia.com/gpu=9", "--device=nvidia.com/gpu=10"]


def test_a_runtime_that_is_named_is_honoured():
    assert words("0", BOTH, runtime="nvidia")[0] == "--runtime=nvidia"
    assert words("0", BOTH, runtime="runc")[0] == "--device=nvidia.com/gpu=0"
    with pytest.raises(MachineError, match="do not come in by --runtime runc"):
        words("0", RUNTIME, runtime="runc")


def test_who_chooses_by_the_variable_gets_the_runtime_and_no_device_besides():
    assert words("auto", BOTH, chosen=True) == ["--runtime=nvidia"]
    with pytest.raises(UsageError, match="means nothing"):
        words("auto", CDI, chosen=True)
    # Docker's own `--gpus` would give all of them, and put its own word over the variable.
    with pytest.raises(UsageError, match="means nothing"):
        words("auto", HOOK, chosen=True)
    with pytest.raises(UsageError, match="both say"):
        words("0", BOTH, chosen=True)


@pytest.mark.parametrize("word", ["al", "0,,1", "count=0", "count=x", "-1", "GPU-", "0 1", "²"])
def test_what_names_no_gpus_is_told(word):
    with pytest.raises(UsageError, match="names no GPUs"):
        syntax.gpus(word)


def test_names_of_devices_come_from_specifications_of_either_form(tmp_path):
    spec = {"cdiVersion": "0.5.0", "kind": "nvidia.com/gpu", "devices": [{"name": "0"}]}
    (tmp_path / "a.json").write_text(json.dumps(spec))
    (tmp_path / "b.yaml").write_text("kind: nvidia.com/gpu\ndevices:\n- name: '1'\n- name: all\n")
    (tmp_path / "broken.yaml").write_text("kind: [")
    (tmp_path / "other.json").write_text("[]")
    (tmp_path / "notes.txt").write_text("kind: x")

    found = cdi.devices([str(tmp_path), "/no/such/folder"])

    assert found == ("nvidia.com/gpu=0", "nvidia.com/gpu=1", "nvidia.com/gpu=all")


OLD = DriverInfo(version="535.104.05", cuda="12.2")
NEW = DriverInfo(version="580.95.05", cuda="13.0")


@pytest.mark.parametrize(
    ("cuda", "minimum", "driver"),
    [
        ("13.0", "580", NEW),
        ("13.1", "580", NEW),  # a driver runs every minor version of its CUDA
        ("12.9", "525", OLD),
        ("12.9", "", OLD),
        ("12.9", "525", NEW),
        ("11.8", "450", OLD),
    ],
)
def test_a_driver_that_is_new_enough_is_no_matter(cuda, minimum, driver):
    assert preflight.warning(cuda, minimum, driver) == ""


@pytest.mark.parametrize(("cuda", "minimum"), [("13.0", "580"), ("13.0", ""), ("12.9", "575")])
def test_a_driver_that_is_too_old_is_an_error_with_the_ways_out(cuda, minimum):
    with pytest.raises(MachineError) as caught:
        preflight.warning(cuda, minimum, OLD)

    assert f"CUDA {cuda}" in caught.value.what
    assert "535.104.05" in caught.value.what
    for hint in ("--cuda-version 12.9", "upgrade the driver", "--no-preflight"):
        assert hint in caught.value.next_step


@pytest.mark.parametrize(
    ("cuda", "driver"), [("thirteen", NEW), ("13.0", DriverInfo(version="a new one", cuda="13.0"))]
)
def test_what_cannot_be_compared_is_a_warning(cuda, driver):
    assert "not checked" in preflight.warning(cuda, "580", driver)
