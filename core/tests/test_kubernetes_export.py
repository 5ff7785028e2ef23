# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Manifests of Kubernetes, from the plan of a served model."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from dynamo_container.errors import UsageError
from dynamo_container.model.requests import Model
from dynamo_container.model.values import EnvVar, Mount, Readiness, RunFlag
from dynamo_container.services import kubernetes
from dynamo_container.services.kubernetes_text import label, quantity
from dynamo_container.services.renderers import ExportOptions
from dynamo_container.testing import PlanServe, ServePlan

MODEL = "Qwen/Qwen3-0.6B"
OPERATED = ExportOptions()
PLAIN = ExportOptions(without_operator=True)


@pytest.fixture
def plan(plan_serve: PlanServe):
    """Plan a served model for a cluster: `container` has fields of `RunRequest`."""

    def create(
        framework: str = "vllm", model: str | Model | None = MODEL, **fields: Any
    ) -> ServePlan:
        fields.setdefault("discovery", "kubernetes")
        fields.setdefault("project", "demo")
        return plan_serve(framework, model, **fields)

    return create


def objects(plan: ServePlan, options: ExportOptions = OPERATED) -> dict[str, Any]:
    """Return the objects by kind and name, such as `Deployment demo-worker`."""
    texts = kubernetes.render(plan, options).values()
    found = [one for text in texts for one in yaml.safe_load_all(text)]
    return {
        f"{one['kind']} {one.get('metadata', {}).get('name', '')}".strip(): one
        for one in found
        if "kind" in one
    }


def components(plan: ServePlan) -> dict[str, Any]:
    graph = objects(plan)[f"DynamoGraphDeployment {plan.project}"]
    return {one["name"]: one for one in graph["spec"]["components"]}


def pod(component: Any) -> Any:
    return component["podTemplate"]["spec"]


def main(component: Any) -> Any:
    [container] = pod(component)["containers"]
    assert container["name"] == "main"
    return container


def test_services_become_components(plan):
    found = components(plan(topology="disagg", workers=2, gpus_per_worker=4))

    assert {name: (one["type"], one["replicas"]) for name, one in found.items()} == {
        "frontend": ("frontend", 1),
        "decode": ("decode", 2),
        "prefill": ("prefill", 2),
    }
    assert main(found["decode"])["resources"] == {"limits": {"nvidia.com/gpu": "4"}}
    assert "resources" not in main(found["frontend"])
    assert found["decode"]["modelRef"] == {"name": MODEL}


def test_the_operator_gets_the_framework_if_it_knows_it(plan):
    assert objects(plan("sglang"))["DynamoGraphDeployment demo"]["spec"]["backendFramework"] == (
        "sglang"
    )
    assert "backendFramework" not in objects(plan("none"))["DynamoGraphDeployment demo"]["spec"]


def test_a_command_replaces_the_entry_point_and_keeps_its_arguments(plan):
    worker = main(components(plan(arguments=("--max-model-len", "4096")))["worker"])

    assert worker["command"] == ["python", "-m", "dynamo.vllm"]
    assert worker["args"][-2:] == ["--max-model-len", "4096"]


def test_shared_memory_and_the_cache_of_kernels_are_the_operators(plan):
    container = {"flags": (RunFlag(flag="--shm-size", value="32g"),)}
    worker = components(plan(container=container))["worker"]

    assert worker["sharedMemorySize"] == "32Gi"
    cache = worker["compilationCache"]
    assert cache["mountPath"] == "/home/ubuntu/.cache/vllm"
    assert f"PersistentVolumeClaim {cache['pvcName']}" in objects(plan(container=container))
    mounts = {one["mountPath"] for one in main(worker).get("volumeMounts", ())}
    assert not mounts & {"/dev/shm", cache["mountPath"]}


def test_without_the_operator_each_service_is_a_deployment(plan):
    found = objects(plan("none", discovery="file", workers=2), PLAIN)

    assert found["Deployment demo-worker"]["spec"]["replicas"] == 2
    assert found["Service demo-frontend"]["spec"]["ports"] == [
        {"name": "port-8000", "port": 8000, "targetPort": 8000}
    ]
    labels = found["Deployment demo-frontend"]["spec"]["template"]["metadata"]["labels"]
    assert found["Service demo-frontend"]["spec"]["selector"].items() <= labels.items()
    assert "Service demo-worker" not in found
    assert "PersistentVolumeClaim demo-discovery" in found


def test_without_the_operator_shared_memory_is_a_volume(plan):
    template = objects(plan(discovery="file"), PLAIN)["Deployment demo-worker"]["spec"]["template"]
    [container] = template["spec"]["containers"]

    shared = {"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": "16Gi"}}
    assert shared in template["spec"]["volumes"]
    assert {"name": "shm", "mountPath": "/dev/shm"} in container["volumeMounts"]


def test_workers_with_gpus_are_replaced_because_there_is_no_second_set(plan):
    found = objects(plan(discovery="file"), PLAIN)

    assert found["Deployment demo-worker"]["spec"]["strategy"] == {"type": "Recreate"}
    assert "strategy" not in found["Deployment demo-frontend"]["spec"]


def test_discovery_is_left_to_the_operator(plan):
    names = {one["name"] for one in main(components(plan())["worker"])["env"]}

    assert not names & {"DYN_DISCOVERY_BACKEND", "DYN_FILE_KV"}


def test_secrets_are_named_and_never_contained(plan, monkeypatch):
    monkeypatch.setenv("ACME_KEY", "s3cr3t")
    env = (EnvVar(name="HF_TOKEN"), EnvVar(name="ACME_KEY"))
    files = kubernetes.render(plan(container={"env": env}), ExportOptions())

    variables = {
        one["name"]: one for one in main(components(plan(container={"env": env}))["worker"])["env"]
    }
    token = {"name": "hf-token-secret", "key": "HF_TOKEN", "optional": True}
    assert variables["HF_TOKEN"] == {"name": "HF_TOKEN", "valueFrom": {"secretKeyRef": token}}
    key = {"name": "demo-env", "key": "ACME_KEY"}
    assert variables["ACME_KEY"]["valueFrom"] == {"secretKeyRef": key}
    assert "s3cr3t" not in "".join(files.values())
    create = "kubectl create secret generic demo-env --from-env-file=/dev/stdin"
    assert f"env | grep -E '^(ACME_KEY)=' | {create}" in files["kustomization.yaml"]


def test_pods_fulfil_the_restricted_profile(plan):
    for component in components(plan()).values():
        assert pod(component)["securityContext"]["runAsNonRoot"] is True
        assert pod(component)["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        security = main(component)["securityContext"]
        assert security == {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}


@pytest.mark.parametrize("options", [OPERATED, ExportOptions(without_operator=True)])
def test_pods_end_gracefully_and_get_no_variables_of_other_services(plan, options):
    graph, *more = [
        one["spec"]
        for one in objects(plan(), options).values()
        if one["kind"] in ("DynamoGraphDeployment", "Deployment")
    ]
    templates = [one["podTemplate"] for one in graph.get("components", ())] or [
        one["template"] for one in (graph, *more)
    ]

    assert len(templates) == 2
    for template in templates:
        assert template["spec"]["terminationGracePeriodSeconds"] == 60
        # A Service with the name `vllm` would set VLLM_PORT, which vLLM reads.
        assert template["spec"]["enableServiceLinks"] is False


def test_kustomize_knows_where_the_graph_names_volumes(plan):
    container = {"hf_cache": "/home/me/.cache/huggingface"}
    files = kubernetes.render(plan(container=container), OPERATED)
    (references,) = yaml.safe_load(files["references.yaml"])["nameReference"]
    found = objects(plan(container=container))
    claims = {key.partition(" ")[2] for key in found if key.startswith("PersistentVolumeClaim")}

    named = {
        name
        for field in references["fieldSpecs"]
        for name in values(found["DynamoGraphDeployment demo"], field["path"].split("/"))
    }

    assert references["kind"] == "PersistentVolumeClaim"
    assert named == claims
    assert yaml.safe_load(files["kustomization.yaml"])["configurations"] == ["references.yaml"]


def values(document: Any, path: list[str]) -> list[str]:
    """Return the values at a path, which goes through every item of a list."""
    if isinstance(document, list):
        return [value for one in document for value in values(one, path)]
    if not path:
        return [document]
    return values(document[path[0]], path[1:]) if path[0] in document else []


def test_hardened_pods_have_read_only_files_and_folders_of_their_own(plan):
    worker = components(plan("none", container={"hardened": True}))["worker"]

    assert main(worker)["securityContext"]["readOnlyRootFilesystem"] is True
    folders = {one["name"]: one for one in pod(worker)["volumes"]}
    writable = {one["mountPath"]: folders[one["name"]] for one in main(worker)["volumeMounts"]}
    assert writable["/tmp"]["emptyDir"] == {}
    assert "/home/ubuntu/.config" in writable


@pytest.mark.parametrize(
    ("chosen", "user", "group"),
    [(None, 1000, 1000), ("54321", 54321, 0), ("1234:5678", 1234, 5678)],
)
def test_the_user_of_the_pods(plan, chosen, user, group):
    flags = (RunFlag(flag="--user", value=chosen),) if chosen else ()
    security = pod(components(plan(container={"flags": flags}))["worker"])["securityContext"]

    assert (security["runAsUser"], security["runAsGroup"]) == (user, group)
    assert security["fsGroup"] == group


@pytest.mark.parametrize("chosen", ["0", "root", "0:0", "1000:video"])
def test_a_user_that_the_profile_does_not_permit_is_refused(plan, chosen):
    flags = (RunFlag(flag="--user", value=chosen),)

    with pytest.raises(UsageError, match="restricted profile requires a number other than 0"):
        objects(plan(container={"flags": flags}))


def test_folders_of_the_machine_become_claims(plan):
    container = {
        "hf_cache": "/home/me/.cache/huggingface",
        "mounts": (
            Mount(source="/srv/a", target="/data/a", options=("ro",)),
            Mount(source="/srv/b", target="/data-a"),
            Mount(type="volume", source="logs", target="/logs"),
        ),
    }
    found = objects(plan("none", container=container))
    text = str(found)

    claims = {key.partition(" ")[2] for key in found if key.startswith("PersistentVolumeClaim")}
    assert "demo-models" in claims
    assert "demo-data-data-a" in claims
    assert "demo-cache-logs" in claims
    assert len(claims) == 4, "two folders must not share a claim"
    assert "/srv" not in text
    assert "/home/me" not in text
    mounts = main(components(plan("none", container=container))["worker"])["volumeMounts"]
    assert {"name": "data-data-a", "mountPath": "/data/a", "readOnly": True} in mounts


def test_a_model_in_a_folder_is_a_claim_and_no_reference(plan):
    model = Model(name="/models/mine", served_name="mine", folder="/srv/mine")
    worker = components(plan("none", model))["worker"]

    assert "modelRef" not in worker
    assert main(worker)["volumeMounts"] == [
        {"name": "model", "mountPath": "/models/mine", "readOnly": True}
    ]


def test_probes_ask_the_servers(plan):
    found = components(plan())

    ready = main(found["worker"])["readinessProbe"]["httpGet"]
    assert ready == {"path": "/health", "port": 9090}
    assert main(found["frontend"])["readinessProbe"]["httpGet"]["port"] == 8000
    assert main(found["worker"])["livenessProbe"]["tcpSocket"] == {"port": 9090}
    start = main(found["worker"])["startupProbe"]
    assert start["periodSeconds"] * start["failureThreshold"] == 7200


@pytest.mark.parametrize(
    ("readiness", "action"),
    [
        (
            Readiness(http="http://localhost:81/up?now=1"),
            {"httpGet": {"path": "/up?now=1", "port": 81}},
        ),
        (
            Readiness(http="https://localhost"),
            {"httpGet": {"path": "/", "port": 443, "scheme": "HTTPS"}},
        ),
        (Readiness(argv=("ls", "/ready")), {"exec": {"command": ["ls", "/ready"]}}),
    ],
)
def test_probes_follow_the_users_readiness(plan, readiness, action):
    worker = main(components(plan(container={"readiness": readiness}))["worker"])

    assert action.items() <= worker["readinessProbe"].items()
    assert "livenessProbe" not in worker


def test_no_probe_reads_the_log(plan):
    worker = main(components(plan(container={"readiness": Readiness(log="ready")}))["worker"])

    assert not [key for key in worker if key.endswith("Probe")]


def test_options_of_the_files(plan):
    options = ExportOptions(pull_secrets=("regcred",), storage_class="fast", model_storage="500Gi")
    container = {"hf_cache": "/cache"}
    found = objects(plan("none", container=container), options)

    graph = found["DynamoGraphDeployment demo"]
    for component in graph["spec"]["components"]:
        assert pod(component)["imagePullSecrets"] == [{"name": "regcred"}]
    claim = found["PersistentVolumeClaim demo-models"]["spec"]
    assert claim["storageClassName"] == "fast"
    assert claim["resources"]["requests"]["storage"] == "500Gi"


def test_limits_of_the_containers(plan):
    flags = (RunFlag(flag="--cpus", value="4"), RunFlag(flag="--memory", value="64g"))
    worker = main(components(plan(container={"flags": flags}))["worker"])

    assert worker["resources"]["limits"] == {"cpu": "4", "memory": "64Gi", "nvidia.com/gpu": "1"}


def test_what_no_pod_can_express_is_listed(plan):
    flags = (RunFlag(flag="--add-host", value="hub:10.0.0.1", key="hub"),)
    text = kubernetes.render(plan(container={"flags": flags}), ExportOptions())

    assert "--add-host=hub:10.0.0.1" in text["kustomization.yaml"]
    assert "--gpus" not in text["kustomization.yaml"]


def test_an_images_own_command_would_be_replaced_by_the_operator(plan):
    own = plan("llama-cpp", None)

    with pytest.raises(UsageError, match="own command"):
        objects(own)
    container = objects(own, PLAIN)["Deployment demo-server"]["spec"]["template"]["spec"]
    assert "command" not in container["containers"][0]


def test_comments_have_the_sources(plan):
    env = (EnvVar(name="MINE", value="1"),)
    text = kubernetes.render(plan(container={"env": env}), ExportOptions())["graph.yaml"]

    assert 'value: "1"  # --env\n' in text
    assert "  # plugin vllm\n" in text


def test_projects_that_compose_takes_become_names_of_objects(plan):
    assert "DynamoGraphDeployment my-demo" in objects(plan(project="my_demo_"))


@pytest.mark.parametrize(
    ("docker", "expected"),
    [
        ("10G", "10Gi"),
        ("512m", "512Mi"),
        ("1.5g", "1.5Gi"),
        ("16gb", "16Gi"),
        ("1024", "1024"),
        ("64k", "64Ki"),
        ("", ""),
    ],
)
def test_sizes_of_docker_are_powers_of_1024(docker, expected):
    assert quantity(docker) == expected


def test_labels_of_different_texts_differ():
    texts = ("/a/b", "/a-b", "/A/b", "/a_b", "/a//b", "a.b", "a-b", "/" + "x" * 60, "/" + "x" * 61)
    # A name of a volume has no slash: claims for these have a prefix of their own.
    assert label("a-b") == label("/a/b") == "a-b"
    assert len({label(text) for text in texts}) == len(texts) - 1
    assert all(len(label(text)) <= 47 for text in texts)
