# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""A service as a pod of Kubernetes, under the restricted Pod Security profile."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from dynamo_container.errors import UsageError
from dynamo_container.model.names import CUDA_DEVICE
from dynamo_container.model.values import EnvVar
from dynamo_container.services import health
from dynamo_container.services.claims import PodVolume, volumes
from dynamo_container.services.kubernetes_text import literal, object_name, quantity
from dynamo_container.services.notes import commented, note_of
from dynamo_container.services.plan import ServePlan, ServicePlan, is_gpu_flag
from dynamo_container.services.yaml import Value

# The user of our images. Volumes that are mounted belong to its group.
_USER: Final = 1000
_TOKEN: Final = "HF_TOKEN"  # noqa: S105  # a name
# As upstream's examples name it.
_TOKEN_SECRET: Final = "hf-token-secret"  # noqa: S105  # a name
_GPU: Final = "nvidia.com/gpu"
_BACKEND: Final = EnvVar(name="DYN_DISCOVERY_BACKEND", value="kubernetes")
# How long a service may take to start: two hours, for the download of a model.
_START: Final = {"periodSeconds": 10, "failureThreshold": 720, "timeoutSeconds": 5}
# Requests that are being answered when a pod ends may take so long.
_GRACE_SECONDS: Final = 60
_PERIOD: Final = {"periodSeconds": 10, "failureThreshold": 3, "timeoutSeconds": 5}
# Flags that other fields express, or that every pod has by its nature or by the profile.
_EXPRESSED: Final = frozenset({
    "--cap-drop", "--cpus", "--group-add", "--init", "--ipc", "--memory", "--network",
    "--pull", "--read-only", "--restart", "--security-opt", "--shm-size", "--user", "--userns",
    "--workdir",
})  # fmt: skip
_PULL: Final = {"always": "Always", "never": "Never", "missing": "IfNotPresent"}


def pod_spec(
    plan: ServePlan, service: ServicePlan, pull_secrets: tuple[str, ...], *, operated: bool
) -> dict[str, Value]:
    """Return the specification of a service's pods.

    Args:
        plan: of all services.
        service: one of them.
        pull_secrets: names of the secrets for the image's registry.
        operated: whether Dynamo's operator runs the pods: it decides on discovery, and mounts
            shared memory and the cache of compiled kernels.
    """
    mounted = volumes(plan, service, operated=operated)
    spec: dict[str, Value] = {
        # Dynamo's operator gives its pods the account that discovery requires.
        **({} if operated else {"automountServiceAccountToken": False}),
        # Variables for the services of a namespace can have names that an engine reads: VLLM_PORT.
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": _GRACE_SECONDS,
        "securityContext": _pod_security(service),
        "imagePullSecrets": [{"name": name} for name in pull_secrets],
        "containers": [_container(plan, service, mounted, operated=operated)],
        "volumes": [one.volume for one in mounted],
    }
    return _without_empty(spec)


def secret_name(plan: ServePlan, variable: str) -> str:
    """Return the name of the Secret that has the value of a variable."""
    return _TOKEN_SECRET if variable == _TOKEN else object_name(plan, "env")


def environment(service: ServicePlan, *, operated: bool) -> tuple[EnvVar, ...]:
    """Return a service's variables, without that which Dynamo's operator sets itself."""
    return tuple(var for var in health.environment(service) if not (operated and var == _BACKEND))


def not_expressed(service: ServicePlan) -> tuple[str, ...]:
    """Return the flags of a service that have no place in a pod, such as limits of its node."""
    by_resource = _flags_of_device(service)
    return tuple(
        flag.flag if flag.value is None else f"{flag.flag}={flag.value}"
        for flag in service.container.flags
        if flag.flag not in _EXPRESSED and not is_gpu_flag(flag) and flag.value not in by_resource
    )


def _flags_of_device(service: ServicePlan) -> frozenset[str]:
    """Return the device files that the cluster gives a container by the device's resource."""
    entries = service.container.entries
    plugins = {entry.sources[0].name for entry in entries if entry.kind == "resource"}
    return frozenset(
        entry.value
        for entry in entries
        if entry.kind == "flag"
        and entry.key.startswith("--device ")
        and entry.sources[0].name in plugins
    )


def shared_memory(service: ServicePlan) -> str:
    """Return the size of a service's shared memory; empty for the default."""
    return quantity(_flag(service, "--shm-size") or "")


def _container(
    plan: ServePlan, service: ServicePlan, mounted: tuple[PodVolume, ...], *, operated: bool
) -> dict[str, Value]:
    command, args = _command(service)
    env = environment(service, operated=operated)
    container: dict[str, Value] = {
        "name": "main",
        "image": commented(plan.image, note_of(service.container, "image", "--image")),
        "imagePullPolicy": _PULL.get(_flag(service, "--pull") or "", ""),
        "command": list(map(literal, command)),
        "args": list(map(literal, args)),
        "workingDir": _flag(service, "--workdir") or "",
        "ports": [{"containerPort": port} for port in service.service.ports],
        "env": [_variable(plan, service, var) for var in env],
        "resources": _resources(plan, service),
        "securityContext": _container_security(service),
        **_probes(service),
        "volumeMounts": [one.mount for one in mounted],
    }
    return _without_empty(container)


def _command(service: ServicePlan) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the program, in place of the image's entry point, and its arguments."""
    container = service.container
    if container.entrypoint:
        return container.entrypoint, container.command
    module = 3 if container.command[1:2] == ("-m",) else 1
    return container.command[:module], container.command[module:]


def _variable(plan: ServePlan, service: ServicePlan, var: EnvVar) -> Value:
    note = note_of(service.container, "env", var.name)
    if var.value is not None:
        return {"name": var.name, "value": commented(literal(var.value), note)}
    key: dict[str, Value] = {"name": secret_name(plan, var.name), "key": var.name}
    if var.name == _TOKEN:
        key["optional"] = True
    return {"name": commented(var.name, note), "valueFrom": {"secretKeyRef": key}}


def _resources(plan: ServePlan, service: ServicePlan) -> dict[str, Value]:
    limits: dict[str, Value] = {
        "cpu": _flag(service, "--cpus") or "",
        "memory": quantity(_flag(service, "--memory") or ""),
        **dict(_devices(plan, service)),
    }
    present = {name: value for name, value in limits.items() if value}
    return {"limits": present} if present else {}


def _devices(plan: ServePlan, service: ServicePlan) -> Iterator[tuple[str, Value]]:
    gpus = service.service.gpus
    if gpus and plan.device == CUDA_DEVICE:
        yield _GPU, str(gpus)
    elif gpus:
        for entry in service.container.entries:
            if entry.kind == "resource":
                note = note_of(service.container, "resource", entry.key)
                # What the plan has is for one device.
                yield entry.key, commented(str(int(entry.value) * gpus), note)


def _pod_security(service: ServicePlan) -> dict[str, Value]:
    user, group = _ids(_flag(service, "--user") or "")
    return {
        "runAsNonRoot": True,
        "runAsUser": user,
        "runAsGroup": group,
        "fsGroup": group,
        "fsGroupChangePolicy": "OnRootMismatch",
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def _ids(chosen: str) -> tuple[int, int]:
    """Return the IDs of the user and of its group; `--user` makes group 0 the default.

    Raises:
        UsageError: the profile does not permit the user, or the cluster could not look it up.
    """
    if not chosen:
        return _USER, _USER
    user, _, group = chosen.partition(":")
    if not user.isdecimal() or (group and not group.isdecimal()) or int(user) == 0:
        raise UsageError(
            f"--user {chosen} cannot be used on Kubernetes, where the restricted profile requires "
            "a number other than 0",
            "use an ID: --user 1000",
        )
    return int(user), int(group or 0)


def _container_security(service: ServicePlan) -> dict[str, Value]:
    security: dict[str, Value] = {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
    }
    if any(flag.flag == "--read-only" for flag in service.container.flags):
        security["readOnlyRootFilesystem"] = True
    return security


def _probes(service: ServicePlan) -> dict[str, Value]:
    """Return the probes; none if readiness is a line of the log: the kubelet does not read it."""
    readiness = service.container.readiness
    if address := health.url(service):
        ready = _get(address)
    elif readiness and readiness.argv:
        ready = {"exec": {"command": list(map(literal, readiness.argv))}}
    else:
        return {}
    probes: dict[str, Value] = {
        "startupProbe": {**ready, **_START},
        "readinessProbe": {**ready, **_PERIOD},
    }
    if readiness and readiness.serves:
        # A worker that waits for others is alive, so its readiness is not asked for here.
        port = service.service.ports[0]
        probes["livenessProbe"] = {"tcpSocket": {"port": port}, **_PERIOD}
    return probes


def _get(address: str) -> dict[str, Value]:
    scheme, port, path = health.parts(address)
    get: dict[str, Value] = {"path": path, "port": port}
    return {"httpGet": {**get, **({"scheme": "HTTPS"} if scheme == "https" else {})}}


def _flag(service: ServicePlan, name: str) -> str | None:
    return next((flag.value for flag in service.container.flags if flag.flag == name), None)


def _without_empty(mapping: Mapping[str, Value]) -> dict[str, Value]:
    return {key: value for key, value in mapping.items() if value not in ("", [], {}, ())}
