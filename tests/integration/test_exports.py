# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""All exports of a plan agree with it, and with each other."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import replace

import kubernetes_validate
import pytest
import yaml
from dynamo_container.containers.plan import RunPlan
from dynamo_container.errors import UsageError
from dynamo_container.model.provenance import Layer, Source
from dynamo_container.model.requests import Discovery
from dynamo_container.model.values import EnvVar, Mount, RunFlag
from dynamo_container.services import renderers
from dynamo_container.services.health import HEALTH
from dynamo_container.services.plan import ServePlan, ServicePlan, is_gpu_variable
from dynamo_container.services.quadlet import _unit
from dynamo_container.services.renderers import ExportOptions
from dynamo_container.testing import PlanServe
from exports import Exported, from_compose, from_deployments, from_graph, from_quadlets

FRAMEWORKS = ("none", "sglang", "trtllm", "vllm")
TOPOLOGIES = ("agg", "agg-router", "disagg")
MODEL = "Qwen/Qwen3-0.6B"
DISCOVERY = {"DYN_DISCOVERY_BACKEND", "DYN_FILE_KV"}
# Every kind of value, and texts that a format could understand as something else.
CONTAINER = {
    "hf_cache": "/home/me/.cache/huggingface",
    "image": "registry.example:5000/team/dynamo:1",
    "env": (
        EnvVar(name="ODD", value="a \"b\" 'c' $HOME ${X} %h 100% \\n # ; : {} - é"),
        EnvVar(name="REFERENCES", value="$(HF_TOKEN) $$(HF_TOKEN) $$ $"),
        EnvVar(name="NUMBER", value="010"),
        EnvVar(name="TRUTH", value="yes"),
        EnvVar(name="EMPTY", value=""),
        EnvVar(name="HF_TOKEN"),
    ),
    "mounts": (Mount(source="/srv/my data", target="/my data % $X", options=("ro",)),),
}


def planned(
    plan_serve: PlanServe, framework: str, topology: str, discovery: Discovery = "file"
) -> ServePlan:
    return plan_serve(
        framework, MODEL, topology=topology, workers=2, project="demo", discovery=discovery,
        arguments=("--flag", "two words", '{"json": "$1"}', "$(HF_TOKEN)", "${HF_TOKEN}"),
        container=CONTAINER,
    )  # fmt: skip


def expected(service: ServicePlan) -> Exported:
    """Return what every export must say, from the plan."""
    container = service.container
    env = {
        var.name: var.value
        for var in container.env
        if var.value is not None and not is_gpu_variable(var) and var.name not in DISCOVERY
    }
    [size] = [flag.value or "" for flag in container.flags if flag.flag == "--shm-size"]
    return Exported(
        image=container.image,
        command=container.command,
        replicas=service.service.replicas,
        env=env,
        secrets=frozenset(var.name for var in container.env if var.value is None),
        mounts=frozenset(one.target for one in container.mounts) - {"/discovery"},
        shm=size.replace("G", "Gi"),
        gpus=service.service.gpus,
    )


def comparable(service: Exported) -> Exported:
    """Return a service without what a format adds: how services find each other, and health."""
    hidden = {*DISCOVERY, HEALTH.name, "NVIDIA_VISIBLE_DEVICES"}
    env = {key: value for key, value in service.env.items() if key not in hidden}
    return replace(service, env=env)


@pytest.mark.parametrize("topology", TOPOLOGIES)
@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_exports_agree_with_the_plan(plan_serve: PlanServe, framework: str, topology: str):
    plan = planned(plan_serve, framework, topology)
    operated = planned(plan_serve, framework, topology, "kubernetes")
    options = ExportOptions()
    plain = ExportOptions(without_operator=True)

    found = {
        "compose": from_compose(renderers.render("compose", plan, options)),
        "graph": from_graph(renderers.render("kubernetes", operated, options)),
        "deployments": from_deployments(renderers.render("kubernetes", plan, plain), "demo"),
        "quadlet": from_quadlets(renderers.render("quadlet", plan, options), "demo"),
    }

    wanted = {service.name: expected(service) for service in plan.services}
    assert len(wanted) == (3 if topology == "disagg" else 2)
    for form, services in found.items():
        read = {name: comparable(one) for name, one in services.items()}
        assert read == wanted, form


@pytest.mark.parametrize("form", ["compose", "kubernetes", "quadlet"])
def test_the_same_plan_gives_the_same_bytes(plan_serve: PlanServe, form: str):
    plan = planned(plan_serve, "vllm", "disagg")

    first = renderers.render(form, plan, ExportOptions())

    assert renderers.render(form, planned(plan_serve, "vllm", "disagg"), ExportOptions()) == first


@pytest.mark.parametrize("form", ["compose", "kubernetes", "quadlet"])
def test_no_export_names_the_callers_home(plan_serve: PlanServe, form: str):
    plan = planned(plan_serve, "vllm", "agg")

    texts = renderers.render(form, plan, ExportOptions(home="/home/me"))

    assert "/home/me" not in "".join(texts.values())


def manifests(plan_serve: PlanServe, framework: str, topology: str, **container: object) -> str:
    """Return the plain manifests of a plan."""
    plan = plan_serve(framework, MODEL, topology=topology, container={**CONTAINER, **container})
    files = renderers.render("kubernetes", plan, ExportOptions(without_operator=True))
    return "---\n".join(text for name, text in files.items() if name != "kustomization.yaml")


def validated(text: str) -> Iterator[str]:
    for document in yaml.safe_load_all(text):
        kubernetes_validate.validate(document, "1.34", strict=True)
        yield document["kind"]


@pytest.mark.parametrize("hardened", [False, True])
@pytest.mark.parametrize("topology", TOPOLOGIES)
@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_plain_manifests_are_valid(
    plan_serve: PlanServe, framework: str, topology: str, hardened: bool
):
    text = manifests(plan_serve, framework, topology, hardened=hardened)

    assert set(validated(text)) == {"Deployment", "Service", "PersistentVolumeClaim"}


@pytest.mark.parametrize(
    ("old", "new"),
    [("replicas:", "replica:"), ("containerPort: 8000", "containerPort: one"), ("image:", "imag:")],
)
def test_a_wrong_field_of_a_plain_manifest_is_found(plan_serve: PlanServe, old: str, new: str):
    text = manifests(plan_serve, "none", "agg")
    assert old in text

    with pytest.raises(kubernetes_validate.ValidationError):
        list(validated(text.replace(old, new)))


def test_limits_of_docker_become_limits_of_a_pod(plan_serve: PlanServe):
    flags = (RunFlag(flag="--memory", value="8g"), RunFlag(flag="--cpus", value="2"))
    text = manifests(plan_serve, "none", "agg", flags=flags)

    assert "Deployment" in set(validated(text))
    assert 'memory: "8Gi"' in text


HOSTILE = "of others\n  privileged: true\n#PodmanArgs=--privileged\nPodmanArgs=--privileged"


@pytest.mark.parametrize("form", ["compose", "kubernetes"])
def test_a_source_is_a_comment_of_one_line(plan_serve: PlanServe, form: str):
    """It names the project file, whose folder can have any name."""
    plan = planned(plan_serve, "none", "agg", "kubernetes" if form == "kubernetes" else "file")
    source = Source(layer=Layer.USER, name=f"project file {HOSTILE}")

    def sourced(container: RunPlan) -> RunPlan:
        entries = tuple(replace(entry, sources=(source,)) for entry in container.entries)
        return replace(container, entries=entries)

    services = tuple(
        replace(one, containers=tuple(map(sourced, one.containers))) for one in plan.services
    )

    files = renderers.render(form, replace(plan, services=services), ExportOptions())

    text = "".join(files.values())
    assert "project file of others\\n  privileged: true" in text
    read = [document for one in files.values() for document in yaml.safe_load_all(one)]
    plain = renderers.render(form, plan, ExportOptions())
    assert read == [document for one in plain.values() for document in yaml.safe_load_all(one)]


@pytest.mark.parametrize(
    "target", ["/a\nPodmanArgs=--privileged", "/a\rPodmanArgs=--privileged", "/a\\"]
)
def test_no_value_of_a_quadlet_becomes_another_line(plan_serve: PlanServe, target: str):
    mounts = (Mount(source="/srv/data", target=target),)
    plan = plan_serve("none", MODEL, container={**CONTAINER, "mounts": mounts})

    with pytest.raises(UsageError, match="a quadlet cannot express Volume"):
        renderers.render("quadlet", plan, ExportOptions())


def test_a_source_in_a_quadlet_is_a_comment_of_one_line():
    keys = [("#", HOSTILE), ("Image", "x")]

    lines = _unit([("Container", keys)]).splitlines()

    assert lines[0] == "[Container]"
    assert lines[1].startswith("# of others\\n  privileged")
    assert lines[2:] == ["Image=x"]


@pytest.mark.processes
def test_a_script_for_slurm_runs_nothing_of_its_values(plan_serve: PlanServe, tmp_path):
    """The script runs with an `srun` that writes its arguments down."""
    evil = f"$(touch {tmp_path}/ran) `touch {tmp_path}/ran`; touch {tmp_path}/ran\n'\""
    container = {
        **CONTAINER,
        "mounts": (Mount(source=f"/srv/{evil}", target=f"/{evil}"),),
        "env": (EnvVar(name="ODD", value=evil),),
    }
    plan = plan_serve("none", MODEL, project="demo", arguments=(evil,), container=container)
    srun = tmp_path / "srun"
    srun.write_text(f"#!/bin/sh\nprintf '%s\\0' \"$@\" >>{tmp_path}/arguments\n")
    srun.chmod(0o755)
    [script] = renderers.render("slurm", plan, ExportOptions()).values()

    subprocess.run(
        ["bash", "-c", script],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin", "HOME": str(tmp_path)},
        cwd=tmp_path, check=True,
    )  # fmt: skip

    assert not (tmp_path / "ran").exists()
    words = (tmp_path / "arguments").read_text().split("\0")
    assert evil in words
    assert f"ODD={evil}" in words
    assert any(f"/srv/{evil}:/{evil}" in word for word in words)
