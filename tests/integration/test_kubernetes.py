# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Manifests are validated by a real API server, with strict validation of fields."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from clusters import DEFINITION, Cluster, cluster, require_definition
from dynamo_container.model.values import EnvVar, Mount
from dynamo_container.services import kubernetes
from dynamo_container.services.renderers import ExportOptions
from dynamo_container.testing import PlanServe

pytestmark = pytest.mark.processes

DOCS = Path(__file__).parents[2] / "docs"
# Upstream's example for vLLM, shortened.
UPSTREAM = """\
apiVersion: nvidia.com/v1beta1
kind: DynamoGraphDeployment
metadata:
  name: vllm-agg
spec:
  backendFramework: vllm
  components:
    - name: Frontend
      type: frontend
      replicas: 1
      podTemplate:
        spec:
          containers:
            - name: main
              image: registry.example/ai-dynamo/vllm-runtime:my-tag
    - name: VllmDecodeWorker
      type: worker
      replicas: 1
      podTemplate:
        spec:
          containers:
            - name: main
              image: registry.example/ai-dynamo/vllm-runtime:my-tag
              workingDir: /workspace/examples/backends/vllm
              command: [python3, -m, dynamo.vllm]
              args: [--model, Qwen/Qwen3-0.6B]
              envFrom: [{secretRef: {name: hf-token-secret}}]
              resources: {limits: {nvidia.com/gpu: "1"}}
"""


@pytest.fixture(scope="module")
def api() -> Iterator[Cluster]:
    with cluster() as started:
        yield started


def test_an_example_of_upstream_is_valid(api: Cluster):
    require_definition()

    assert api.validate(UPSTREAM).stdout == (
        "dynamographdeployment.nvidia.com/vllm-agg created (server dry run)\n"
    )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("replicas: 1", "replica: 1", 'unknown field "spec.components[0].replica"'),
        ("replicas: 1", "replicas: one", "must be of type integer"),
        ("type: frontend", "type: front", 'Unsupported value: "front"'),
        ("backendFramework: vllm", "backendFramework: comet", 'Unsupported value: "comet"'),
        ("containers:", "container:", "unknown field"),
        ("name: VllmDecodeWorker", "name: frontend", "unique case-insensitively"),
        ('nvidia.com/gpu: "1"', "nvidia.com/gpu: one", "limits.nvidia.com/gpu"),
    ],
)
def test_a_wrong_field_is_refused(api: Cluster, old: str, new: str, message: str):
    require_definition()
    assert old in UPSTREAM

    refused = api.validate(UPSTREAM.replace(old, new, 1))

    assert refused.returncode == 1
    assert message in refused.stderr


def hardened_pod() -> str:
    """The pod in the documentation of the hardened profile."""
    [pod] = re.findall(r"```yaml\n(.*?)```", (DOCS / "hardened.md").read_text(), re.DOTALL)
    return str(pod)


def test_the_documented_hardened_pod_is_admitted_under_the_restricted_profile(api: Cluster):
    assert api.validate(hardened_pod(), "restricted").stdout == (
        "pod/dynamo created (server dry run)\n"
    )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("runAsNonRoot: true", "runAsNonRoot: false", "runAsNonRoot != true"),
        ("runAsUser: 54321", "runAsUser: 0", "runAsUser=0"),
        ("{drop: [ALL]}", "{drop: [ALL], add: [SYS_PTRACE]}", "unrestricted capabilities"),
        ("{drop: [ALL]}", "{}", "unrestricted capabilities"),
        ("allowPrivilegeEscalation: false", "allowPrivilegeEscalation: true", "allowPrivilege"),
        ("{type: RuntimeDefault}", "{type: Unconfined}", "seccompProfile"),
        ("tmp, emptyDir: {}", "tmp, hostPath: {path: /tmp}", "restricted volume types"),
    ],
)
def test_the_restricted_profile_is_enforced(api: Cluster, old: str, new: str, message: str):
    pod = hardened_pod()
    assert old in pod

    refused = api.validate(pod.replace(old, new, 1), "restricted")

    assert refused.returncode == 1
    assert 'violates PodSecurity "restricted' in refused.stderr
    assert message in refused.stderr


FRAMEWORKS = ("none", "sglang", "trtllm", "vllm")
TOPOLOGIES = ("agg", "agg-router", "disagg")
CONTAINER = {
    "hf_cache": "/home/me/.cache/huggingface",
    "env": (EnvVar(name="HF_TOKEN"), EnvVar(name="ACME_KEY"), EnvVar(name="ODD", value="yes: # 1")),
    "mounts": (Mount(source="/srv/data", target="/data", options=("ro",)),),
}


def exported(
    plan_serve: PlanServe, folder: Path, framework: str, topology: str, *, operated: bool
) -> Path:
    """Write the manifests of a hardened service with every kind of value."""
    plan = plan_serve(
        framework,
        "Qwen/Qwen3-0.6B",
        topology=topology,
        project="demo",
        discovery="kubernetes" if operated else "file",
        container={**CONTAINER, "hardened": True},
    )
    options = ExportOptions(
        without_operator=not operated, pull_secrets=("regcred",), storage_class="fast"
    )
    for name, text in kubernetes.render(plan, options).items():
        (folder / name).write_text(text)
    return folder


@pytest.mark.parametrize("topology", TOPOLOGIES)
@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_graphs_are_valid(
    api: Cluster, plan_serve: PlanServe, tmp_path: Path, framework: str, topology: str
):
    require_definition()
    folder = exported(plan_serve, tmp_path, framework, topology, operated=True)

    applied = api.validate_folder(folder, "restricted")

    assert applied.returncode == 0, applied.stderr
    assert "dynamographdeployment.nvidia.com/demo created (server dry run)" in applied.stdout
    assert "persistentvolumeclaim/demo-models created (server dry run)" in applied.stdout


@pytest.mark.parametrize("topology", TOPOLOGIES)
@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_plain_manifests_are_valid_under_the_restricted_profile(
    api: Cluster, plan_serve: PlanServe, tmp_path: Path, framework: str, topology: str
):
    folder = exported(plan_serve, tmp_path, framework, topology, operated=False)

    applied = api.validate_folder(folder, "restricted")

    assert applied.returncode == 0, applied.stderr
    # The server warns of a template whose pods the profile would refuse.
    assert applied.stderr == ""
    assert "deployment.apps/demo-frontend created (server dry run)" in applied.stdout


@pytest.mark.parametrize("operated", [True, False])
def test_pods_are_admitted_under_the_restricted_profile(
    api: Cluster, plan_serve: PlanServe, tmp_path: Path, operated: bool
):
    folder = exported(plan_serve, tmp_path, "vllm", "disagg", operated=operated)

    for number, pod in enumerate(pods(folder)):
        applied = api.validate(
            json.dumps(pod | {"metadata": {"name": f"pod-{number}"}}), "restricted"
        )
        assert applied.returncode == 0, applied.stderr


def pods(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield the pods that the operator, or a Deployment, makes of the manifests."""
    for path in folder.iterdir():
        for document in yaml.safe_load_all(path.read_text()):
            spec = document.get("spec", {})
            templates = [one["podTemplate"] for one in spec.get("components", ())]
            for template in [*templates, *([spec["template"]] if "template" in spec else [])]:
                yield {"apiVersion": "v1", "kind": "Pod", "spec": template["spec"]}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("sharedMemorySize", "sharedMemory", "unknown field"),
        ("failureThreshold: 3", "failureThreshold: often", "must be of type integer"),
        ("type: prefill", "type: prefiller", "Unsupported value"),
        ("pvcName", "claimName", "unknown field"),
    ],
)
def test_a_wrong_field_of_an_export_is_found(
    api: Cluster, plan_serve: PlanServe, tmp_path: Path, old: str, new: str, message: str
):
    require_definition()
    folder = exported(plan_serve, tmp_path, "vllm", "disagg", operated=True)
    graph = folder / "graph.yaml"
    assert old in graph.read_text()
    graph.write_text(graph.read_text().replace(old, new, 1))

    applied = api.validate_folder(folder)

    assert applied.returncode == 1
    assert message in applied.stderr


def test_an_overlay_of_kustomize_changes_image_replicas_and_names(
    api: Cluster, plan_serve: PlanServe, tmp_path: Path
):
    base = tmp_path / "base"
    base.mkdir()
    exported(plan_serve, base, "vllm", "agg", operated=True)
    (tmp_path / "kustomization.yaml").write_text(OVERLAY)

    *found, graph = yaml.safe_load_all(api.ok("kustomize", str(tmp_path)))
    renamed = {one["metadata"]["name"] for one in found}

    worker = {one["name"]: one for one in graph["spec"]["components"]}["worker"]
    [container] = worker["podTemplate"]["spec"]["containers"]
    assert container["image"] == f"registry.example/dynamo@{DIGEST}"
    assert worker["replicas"] == 8
    mounted = worker["podTemplate"]["spec"]["volumes"]
    claims = {one.get("persistentVolumeClaim", {}).get("claimName") for one in mounted} - {None}
    assert {*claims, worker["compilationCache"]["pvcName"]} == renamed
    assert "team-demo-models" in renamed
    if DEFINITION.exists():
        assert api.validate_folder(tmp_path).returncode == 0


DIGEST = f"sha256:{'0' * 64}"
# As docs/deploy.md has it.
OVERLAY = f"""\
resources: [base]
namePrefix: team-
images:
  - name: dynamo
    newName: registry.example/dynamo
    digest: {DIGEST}
patches:
  - target: {{kind: DynamoGraphDeployment}}
    patch: |
      - op: replace
        path: /spec/components/1/replicas
        value: 8
"""
