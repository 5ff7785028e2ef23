# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""A served model as a project of docker compose, and the files of `export`."""

from __future__ import annotations

import importlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
from dynamo_container.errors import UsageError, WorkFailedError
from dynamo_container.model.facts import EngineInfo
from dynamo_container.model.requests import Model, RunRequest, ServeRequest
from dynamo_container.model.values import EnvVar, Mount, RunFlag
from dynamo_container.plugins.registry import Registry
from dynamo_container.services import compose, compose_command, files
from dynamo_container.services.plan import ServePlan
from dynamo_container.services.planner import plan_serve
from dynamo_container.services.renderers import RENDERERS, ExportOptions, render
from dynamo_container.services.yaml import Alias, Block, Commented, dump

yaml: Any = importlib.import_module("yaml")

TINY = """
@hookimpl
def dynamo_container_services(request):
    yield Service(
        name="frontend", role="frontend", command=("serve", "$HOME"), ports=(8000,),
        readiness=Readiness(serves="model"),
    )
    yield Service(
        name="worker", command=("work",), replicas=2, gpus=request.gpus_per_worker or 0,
        env=(EnvVar(name="LICENSE"),), needs=("frontend",),
    )

@hookimpl
def dynamo_container_run_mounts(request):
    yield Mount(type="volume", source="kernels", target="/kernels")
"""
CDI = EngineInfo(version="28.5.2", cdi_devices=("nvidia.com/gpu=0", "nvidia.com/gpu=1"))


def plan_of(container: dict[str, Any] | None = None, **fields: Any) -> ServePlan:
    registry = Registry.discover()
    registry.load("tiny")
    common = RunRequest(framework="tiny", image="an/image:1", target="runtime", **(container or {}))
    request = {"project": "mine", "model": Model(name="org/m", served_name="m"), **fields}
    return plan_serve(registry, ServeRequest(framework="tiny", container=common, **request))


def document(plan: ServePlan) -> Any:
    """Return the project as compose reads it."""
    text = compose.project(plan)
    (written,) = render("compose", plan, ExportOptions()).values()
    # Comments are all that an export has in addition.
    assert yaml.safe_load(written) == yaml.safe_load(text)
    return yaml.safe_load(text)


def test_the_frontend_alone_is_published_and_workers_are_replicas(site):
    site.framework("tiny", TINY)

    services = document(plan_of(port=9000))["services"]

    assert services["frontend"]["ports"] == ["127.0.0.1:9000:8000"]
    assert "ports" not in services["worker"]
    assert services["worker"]["deploy"] == {"replicas": 2}
    assert services["worker"]["depends_on"] == {"frontend": {"condition": "service_healthy"}}


def test_compose_replaces_no_variable(site):
    site.framework("tiny", TINY)
    container = {"env": (EnvVar(name="PRICE", value="$5 ${X}"),)}

    services = document(plan_of(container=container))["services"]

    assert services["frontend"]["command"] == ["serve", "$$HOME"]
    assert services["frontend"]["environment"]["PRICE"] == "$$5 $${X}"


def test_secrets_are_passed_by_name(site):
    site.framework("tiny", TINY)

    text = compose.project(plan_of())

    assert yaml.safe_load(text)["services"]["worker"]["environment"]["LICENSE"] is None


def test_readiness_becomes_a_health_check(site):
    site.framework("tiny", TINY)

    check = document(plan_of())["services"]["frontend"]["healthcheck"]

    assert check["test"][:2] == ["CMD", "python"]
    assert check["test"][-1] == "model"
    assert "listeners()" in check["test"][-2]


def test_answers_can_be_finished_when_services_are_stopped(site):
    site.framework("tiny", TINY)

    services = document(plan_of())["services"].values()
    units = render("quadlet", plan_of(), ExportOptions())

    assert {one["stop_grace_period"] for one in services} == {"30s"}
    assert "StopTimeout=30\n" in units["mine-frontend.container"]


def test_the_discovery_volume_is_in_memory_and_caches_are_not_removed_with_the_project(site):
    site.framework("tiny", TINY)

    volumes = document(plan_of())["volumes"]

    assert volumes["discovery"]["driver_opts"] == {
        "type": "tmpfs",
        "device": "tmpfs",
        "o": "mode=1777",
    }
    assert volumes["kernels"] == {"name": "kernels", "external": True}


def test_workers_with_gpus_are_services_of_their_own(site):
    site.framework("tiny", TINY)

    services = document(plan_of(gpus_per_worker=1, container={"engine": CDI}))["services"]

    found = {
        name: one["deploy"]["resources"]["reservations"]["devices"]
        for name, one in services.items()
        if "deploy" in one
    }
    assert found == {
        f"worker-{number + 1}": [
            {
                "driver": "cdi",
                "device_ids": [f"nvidia.com/gpu={number}"],
                "capabilities": ["gpu"],
            }
        ]
        for number in range(2)
    }


def test_gpus_without_an_engine_are_reserved_by_their_indexes(site):
    site.framework("tiny", TINY)

    services = document(plan_of(gpus_per_worker=2))["services"]

    (device,) = services["worker-2"]["deploy"]["resources"]["reservations"]["devices"]
    assert device == {"driver": "nvidia", "device_ids": ["2", "3"], "capabilities": ["gpu"]}


FLAGS = (
    (RunFlag(flag="--shm-size", value="1G"), "shm_size", "1G"),
    (RunFlag(flag="--memory", value="8g"), "mem_limit", "8g"),
    (RunFlag(flag="--cpus", value="1.5"), "cpus", "1.5"),
    (RunFlag(flag="--privileged"), "privileged", True),
    (RunFlag(flag="--pids-limit", value="99"), "pids_limit", 99),
    (RunFlag(flag="--user", value="1:0"), "user", "1:0"),
    (RunFlag(flag="--device", value="/dev/fuse", key="/dev/fuse"), "devices", ["/dev/fuse"]),
    (RunFlag(flag="--add-host", value="a:1.2.3.4", key="a"), "extra_hosts", ["a:1.2.3.4"]),
    (RunFlag(flag="--runtime", value="runc"), "runtime", "runc"),
)


@pytest.mark.parametrize(("flag", "key", "value"), FLAGS, ids=lambda one: str(one)[:20])
def test_flags_of_docker_run_have_keys(site, flag, key, value):
    site.framework("tiny", TINY)

    assert document(plan_of(container={"flags": (flag,)}))["services"]["worker"][key] == value


@pytest.mark.parametrize(
    ("limit", "expected"),
    [("nofile=10", 10), ("nofile=10:20", {"soft": 10, "hard": 20}), ("nofile=-1", -1)],
)
def test_limits(site, limit, expected):
    site.framework("tiny", TINY)
    flags = (RunFlag(flag="--ulimit", value=limit, key="nofile"),)

    limits = document(plan_of(container={"flags": flags}))["services"]["worker"]["ulimits"]

    assert limits["nofile"] == expected


def test_a_flag_without_an_equivalent_is_an_error_and_not_ignored(site):
    site.framework("tiny", TINY)
    flags = (RunFlag(flag="--oom-score-adj", value="1"),)

    with pytest.raises(UsageError, match="compose has no equivalent of --oom-score-adj"):
        compose.project(plan_of(container={"flags": flags}))


def test_a_hardened_service_can_write_to_its_folders_in_memory(site):
    site.framework("tiny", TINY)

    worker = document(plan_of(container={"hardened": True}))["services"]["worker"]

    assert worker["read_only"] is True
    assert "/tmp:exec,mode=1777" in worker["tmpfs"]
    assert "network_mode" not in worker


def test_mounts_keep_their_options(site):
    site.framework("tiny", TINY)
    mounts = (
        Mount(source="/a b", target="/a", options=("ro", "z")),
        Mount(source="/c", target="/c", options=("rshared",)),
    )

    found = document(plan_of(container={"mounts": mounts}))["services"]["worker"]["volumes"]

    by_target = {one["target"]: one for one in found}
    assert by_target["/a"] == {
        "type": "bind", "source": "/a b", "target": "/a", "read_only": True,
        "bind": {"create_host_path": False, "selinux": "z"},
    }  # fmt: skip
    assert by_target["/c"]["bind"]["propagation"] == "rshared"


def test_the_same_plan_gives_the_same_bytes_and_every_home_the_same_file(site):
    site.framework("tiny", TINY)

    def written(home: str) -> str:
        plan = plan_of(container={"hf_cache": f"{home}/.cache/huggingface"})
        return render("compose", plan, ExportOptions(home=home))["compose.yaml"]

    assert written("/home/me") == written("/home/you")
    assert "${HOME}/.cache/huggingface" in written("/home/me")


def test_an_export_says_where_values_come_from(site):
    site.framework("tiny", TINY)

    text = render("compose", plan_of(), ExportOptions())["compose.yaml"]

    assert re.search(r"^ +LICENSE:  # tiny \(.*\)$", text, re.MULTILINE)
    assert "# core" in text


def test_the_command_reads_no_file_of_variables_of_the_current_folder(site):
    site.framework("tiny", TINY)

    command = compose_command.up_command(plan_of(), detach=True, wait=60)

    assert command.argv == (
        "docker", "compose", "--env-file=/dev/null", "--project-name=mine", "--file=-", "up",
        "--detach", "--wait", "--wait-timeout=60",
    )  # fmt: skip
    assert yaml.safe_load(command.stdin)["name"] == "mine"


def test_every_format_has_its_module():
    for module in RENDERERS.values():
        assert callable(importlib.import_module(f"dynamo_container.services.{module}").render)


STRINGS = (
    "",
    "a",
    "no",
    "8000",
    "1.5",
    "- x",
    "a: b",
    "#",
    "é",
    "\x1b",
    "a\nb",
    "*x",
    "{",
    "~",
    "0x1",
)


def test_yaml_is_read_back_as_it_was_written():
    value: Any = {
        "strings": list(STRINGS),
        "mapping": {one: one for one in STRINGS},
        "rest": [1, 1.5, True, None, {}, [], {"a": {"b": [{"c": 1, "d": [2]}]}}],
    }

    assert yaml.safe_load(dump(value)) == json.loads(json.dumps(value))


def test_yaml_has_comments_blocks_and_aliases():
    text = dump(
        {
            "x": Block("a: |\n\n  'b'\n", "block"),
            "y": [Alias("block"), Commented("c", "why")],
            "z": Commented({"d": 1}, "because"),
        }
    )

    assert "  - c  # why\n" in text
    assert "# because\nz:\n" in text
    assert yaml.safe_load(text)["y"] == ["a: |\n\n  'b'\n", "c"]


TEXTS = {
    "a.yaml": files.with_header("a: 1\n", "compose"),
    "b/run.sh": files.with_header("#!/bin/sh\ntrue\n", "slurm"),
}


def test_files_are_written_and_checked(tmp_path: Path):
    with pytest.raises(WorkFailedError, match="was not found"):
        files.require_current(tmp_path, TEXTS)

    written = list(files.write(tmp_path, TEXTS, force=False))

    assert written[0].startswith("wrote ")
    assert (tmp_path / "b" / "run.sh").read_text().startswith("#!/bin/sh\n# Written by")
    files.require_current(tmp_path, TEXTS)
    assert "is up to date" in next(iter(files.write(tmp_path, TEXTS, force=False)))


@pytest.mark.parametrize("name", TEXTS)
def test_an_edited_file_is_left_alone(tmp_path: Path, name: str):
    list(files.write(tmp_path, TEXTS, force=False))
    path = tmp_path / name
    path.write_text(path.read_text() + "edited\n")

    with pytest.raises(WorkFailedError, match="is out of date"):
        files.require_current(tmp_path, TEXTS)
    with pytest.raises(UsageError, match="was edited"):
        list(files.write(tmp_path, TEXTS, force=False))
    list(files.write(tmp_path, TEXTS, force=True))
    files.require_current(tmp_path, TEXTS)


def test_a_symbolic_link_does_not_lead_out_of_the_folder(tmp_path: Path):
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "a.yaml").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(UsageError, match="leads out of"):
        list(files.write(folder, TEXTS, force=True))
    assert not (tmp_path / "elsewhere").exists()
