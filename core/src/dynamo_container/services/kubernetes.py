# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The plan of a served model for Kubernetes, as a folder for kustomize.

With Dynamo's operator, all services are one `DynamoGraphDeployment` (nvidia.com/v1beta1). Without
it, each is a Deployment, and a Service if it listens on a port. https://docs.dynamo.nvidia.com has
the operator's own documentation.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dynamo_container.errors import UsageError
from dynamo_container.model.names import CORE_DISTRIBUTION
from dynamo_container.model.references import has_registry
from dynamo_container.services.claims import (
    claim_document,
    claim_of,
    claims,
    compilation_cache,
)
from dynamo_container.services.kubernetes_text import object_name
from dynamo_container.services.plan import ServePlan, ServicePlan
from dynamo_container.services.pods import (
    not_expressed,
    pod_spec,
    secret_name,
    shared_memory,
)
from dynamo_container.services.renderers import ExportOptions
from dynamo_container.services.yaml import Value, dump

_GRAPH: Final = "graph.yaml"
_CLAIMS: Final = "volumes.yaml"
_KUSTOMIZATION: Final = "kustomization.yaml"
_REFERENCES: Final = "references.yaml"
_HEAD_OF_REFERENCES: Final = (
    "# Overlays with namePrefix or nameSuffix rename the volumes in the graph, too.\n"
)
# The frameworks that the operator knows.
_BACKENDS: Final = ("sglang", "trtllm", "vllm")
_TYPES: Final = ("frontend", "worker", "prefill", "decode")


def render(plan: ServePlan, options: ExportOptions) -> dict[str, str]:
    """Return the files by name: the services, the volumes and a kustomization.

    Raises:
        UsageError: the operator or the restricted profile does not permit what the plan has.
    """
    operated = not options.without_operator
    files = _graph_files(plan, options) if operated else _deployment_files(plan, options)
    if volumes := _claim_documents(plan, options):
        files[_CLAIMS] = volumes
    resources: list[Value] = [*sorted(files)]
    kustomization: dict[str, Value] = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": resources,
    }
    if operated and volumes:
        kustomization["configurations"] = [_REFERENCES]
        files[_REFERENCES] = _HEAD_OF_REFERENCES + dump(_references())
    head = "".join(f"# {line}\n" for line in _introduction(plan, options))
    return {_KUSTOMIZATION: head + dump(kustomization), **files}


def _references() -> dict[str, Value]:
    """Return where the graph names volumes: kustomize knows only the kinds of Kubernetes itself."""
    paths = ("compilationCache/pvcName", "podTemplate/spec/volumes/persistentVolumeClaim/claimName")
    fields: list[Value] = [
        {"kind": "DynamoGraphDeployment", "path": f"spec/components/{path}"} for path in paths
    ]
    reference: dict[str, Value] = {"kind": "PersistentVolumeClaim", "version": "v1"}
    return {"nameReference": [{**reference, "fieldSpecs": fields}]}


def _introduction(plan: ServePlan, options: ExportOptions) -> Iterator[str]:
    """Yield the lines that say how to apply the files, and what they require."""
    yield "Apply the files: kubectl apply --kustomize FOLDER --namespace NAMESPACE"
    frontend = object_name(plan, plan.frontend.name)
    port = plan.frontend.service.ports[0] if plan.frontend.service.ports else plan.port
    yield f"Reach the API: kubectl port-forward service/{frontend} {plan.port}:{port}"
    for name, hint in _secrets(plan):
        yield f"The Secret {name} is not part of the files: {hint}"
    for name in options.pull_secrets:
        yield f"The Secret {name} is not part of the files: it has the registry's credentials."
    if not has_registry(plan.image):
        yield f"{plan.image} is in no registry: push it, and export again with --image."
    flags = dict.fromkeys(flag for service in plan.services for flag in not_expressed(service))
    if flags:
        yield f"Not expressed here, but by the settings of the nodes: {' '.join(flags)}"


def _secrets(plan: ServePlan) -> Iterator[tuple[str, str]]:
    names: dict[str, list[str]] = {}
    for variable in plan.secrets:
        names.setdefault(secret_name(plan, variable), []).append(variable)
    for name, variables in sorted(names.items()):
        # By a pipe: other users see the arguments of a command.
        wanted = "|".join(variables)
        create = f"kubectl create secret generic {name} --from-env-file=/dev/stdin"
        yield name, f"env | grep -E '^({wanted})=' | {create}"


def _require_commands(plan: ServePlan) -> None:
    """Require that each service has a command: the operator replaces that of an image.

    Raises:
        UsageError: a service has none.
    """
    for service in plan.services:
        if not (service.container.command or service.container.entrypoint):
            raise UsageError(
                f"the service {service.name} runs its image's own command, which Dynamo's operator "
                "would replace",
                "export it for a cluster without the operator: --without-operator",
            )


def _graph_files(plan: ServePlan, options: ExportOptions) -> dict[str, str]:
    _require_commands(plan)
    spec: dict[str, Value] = {
        **({"backendFramework": plan.framework} if plan.framework in _BACKENDS else {}),
        "components": [_component(plan, service, options) for service in plan.services],
    }
    graph: dict[str, Value] = {
        "apiVersion": "nvidia.com/v1beta1",
        "kind": "DynamoGraphDeployment",
        "metadata": {"name": object_name(plan), "labels": _labels(plan)},
        "spec": spec,
    }
    return {_GRAPH: dump(graph)}


def _component(plan: ServePlan, service: ServicePlan, options: ExportOptions) -> dict[str, Value]:
    component: dict[str, Value] = {"name": service.name}
    if service.service.role in _TYPES:
        component["type"] = service.service.role
    component["replicas"] = service.service.replicas
    if size := shared_memory(service):
        component["sharedMemorySize"] = size
    cache = compilation_cache(plan, service)
    claim = claim_of(plan, cache) if cache else None
    if cache and claim:
        component["compilationCache"] = {"pvcName": claim.name, "mountPath": cache.target}
    if plan.model and not plan.model.folder and service.service.role != "frontend":
        component["modelRef"] = {"name": plan.model.name}
    spec = pod_spec(plan, service, options.pull_secrets, operated=True)
    component["podTemplate"] = {"spec": spec}
    return component


def _deployment_files(plan: ServePlan, options: ExportOptions) -> dict[str, str]:
    return {
        f"{service.name}.yaml": _documents(*_objects(plan, service, options))
        for service in plan.services
    }


def _objects(
    plan: ServePlan, service: ServicePlan, options: ExportOptions
) -> Iterator[dict[str, Value]]:
    labels = _labels(plan, service.name)
    selector = {key: value for key, value in labels.items() if key != _MANAGED}
    template: dict[str, Value] = {
        "metadata": {"labels": labels},
        "spec": pod_spec(plan, service, options.pull_secrets, operated=False),
    }
    spec: dict[str, Value] = {
        "replicas": service.service.replicas,
        # A second set of GPUs is rarely free.
        **({"strategy": {"type": "Recreate"}} if service.service.gpus else {}),
        "selector": {"matchLabels": selector},
        "template": template,
    }
    metadata: dict[str, Value] = {"name": object_name(plan, service.name), "labels": labels}
    yield {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}
    if service.service.ports and service.service.role in ("frontend", "other"):
        yield _service(plan, service, labels, selector)


def _service(
    plan: ServePlan, service: ServicePlan, labels: dict[str, Value], selector: dict[str, Value]
) -> dict[str, Value]:
    # Other services find one that is not Dynamo's own by its name, such as etcd.
    own = service.service.role == "other"
    name = service.name if own else object_name(plan, service.name)
    ports: list[Value] = [
        {"name": f"port-{port}", "port": port, "targetPort": port} for port in service.service.ports
    ]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "labels": labels},
        "spec": {"selector": selector, "ports": ports},
    }


_MANAGED: Final = "app.kubernetes.io/managed-by"


def _labels(plan: ServePlan, component: str = "") -> dict[str, Value]:
    return {
        "app.kubernetes.io/name": f"dynamo-{plan.framework}" if plan.framework else "dynamo",
        "app.kubernetes.io/instance": object_name(plan),
        **({"app.kubernetes.io/component": component} if component else {}),
        _MANAGED: CORE_DISTRIBUTION,
    }


def _claim_documents(plan: ServePlan, options: ExportOptions) -> str:
    return _documents(
        *(
            claim_document(
                claim,
                _labels(plan),
                model_size=options.model_storage,
                storage_class=options.storage_class,
            )
            for claim in claims(plan)
        )
    )


def _documents(*documents: dict[str, Value]) -> str:
    return "---\n".join(map(dump, documents))
