# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Exports read back: what a compose file, manifests of Kubernetes and quadlets say of a service."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml


@dataclass(frozen=True)
class Exported:
    """A service as an export has it.

    Attributes:
        image: its reference.
        command: all words.
        replicas: how many containers.
        env: variables with their values.
        secrets: variables whose values are elsewhere.
        mounts: paths in the containers, without those of shared memory and of discovery.
        shm: the size of shared memory, as a quantity.
        gpus: of each container.
    """

    image: str
    command: tuple[str, ...]
    replicas: int
    env: dict[str, str]
    secrets: frozenset[str]
    mounts: frozenset[str]
    shm: str
    gpus: int


def from_compose(files: Mapping[str, str]) -> dict[str, Exported]:
    """Return the services of a compose file by name; equal containers are one service."""
    found: dict[str, Exported] = {}
    for name, service in yaml.safe_load(files["compose.yaml"])["services"].items():
        key = name.rstrip("0123456789").removesuffix("-")
        count = service.get("deploy", {}).get("replicas", 1)
        before = found[key].replicas if key in found else 0
        found[key] = _from_compose(service, before + count)
    return found


def _from_compose(service: Any, replicas: int) -> Exported:
    env = service.get("environment", {})
    devices = service.get("deploy", {}).get("resources", {}).get("reservations", {})
    mounts = [one["target"].replace("$$", "$") for one in service.get("volumes", ())]
    mounts += [one.partition(":")[0] for one in service.get("tmpfs", ())]
    return Exported(
        image=service["image"],
        command=tuple(word.replace("$$", "$") for word in service.get("command", ())),
        replicas=replicas,
        env={key: value.replace("$$", "$") for key, value in env.items() if value is not None},
        secrets=frozenset(key for key, value in env.items() if value is None),
        mounts=frozenset(mounts) - {"/discovery"},
        shm=service.get("shm_size", "").replace("G", "Gi"),
        gpus=sum(len(one["device_ids"]) for one in devices.get("devices", ())),
    )


def from_graph(files: Mapping[str, str]) -> dict[str, Exported]:
    """Return the components of a DynamoGraphDeployment by name."""
    graph = yaml.safe_load(files["graph.yaml"])
    return {one["name"]: _from_component(one) for one in graph["spec"]["components"]}


def _from_component(component: Any) -> Exported:
    cache = component.get("compilationCache", {}).get("mountPath")
    return _from_pod(
        component["podTemplate"]["spec"],
        component["replicas"],
        component.get("sharedMemorySize", ""),
        frozenset({cache} - {None}),
    )


def from_deployments(files: Mapping[str, str], project: str) -> dict[str, Exported]:
    """Return the Deployments by the names of their services."""
    every = (one for text in files.values() for one in yaml.safe_load_all(text))
    return {
        one["metadata"]["name"].removeprefix(f"{project}-"): _from_deployment(one["spec"])
        for one in every
        if one.get("kind") == "Deployment"
    }


def _from_deployment(spec: Any) -> Exported:
    pod = spec["template"]["spec"]
    shared = [one for one in pod["volumes"] if one["name"] == "shm"]
    size = shared[0]["emptyDir"]["sizeLimit"] if shared else ""
    return _from_pod(pod, spec["replicas"], size, frozenset())


def _from_pod(pod: Any, replicas: int, shm: str, mounts: frozenset[str]) -> Exported:
    [container] = pod["containers"]
    env = {one["name"]: one for one in container.get("env", ())}
    mounted = {one["mountPath"] for one in container.get("volumeMounts", ())}
    return Exported(
        image=container["image"],
        command=tuple(
            expanded(word) for word in (*container.get("command", ()), *container.get("args", ()))
        ),
        replicas=replicas,
        env={key: expanded(one["value"]) for key, one in env.items() if "value" in one},
        secrets=frozenset(key for key, one in env.items() if "valueFrom" in one),
        mounts=mounts | mounted - {"/dev/shm", "/discovery"},
        shm=shm,
        gpus=int(container.get("resources", {}).get("limits", {}).get("nvidia.com/gpu", 0)),
    )


def expanded(text: str) -> str:
    """Return text as the kubelet expands it: `$(NAME)` is a variable, `$$` is one `$`."""
    return re.sub(
        r"\$(\$|\(([^)]*)\))",
        lambda one: "$" if one[1] == "$" else f"<the value of {one[2]}>",
        text,
    )


def from_quadlets(files: Mapping[str, str], project: str) -> dict[str, Exported]:
    """Return the services of quadlets by name; equal containers are one service."""
    found: dict[str, Exported] = {}
    for name, text in files.items():
        unit, _, kind = name.rpartition(".")
        if kind != "container":
            continue
        key = unit.removeprefix(f"{project}-").rstrip("0123456789").removesuffix("-")
        before = found[key].replicas if key in found else 0
        found[key] = _from_quadlet(list(_keys(text)), before + 1)
    return found


def _from_quadlet(keys: list[tuple[str, str]], replicas: int) -> Exported:
    def every(key: str) -> list[str]:
        return [value for name, value in keys if name == key]

    env = dict(word.split("=", 1) for one in every("Environment") for word in _words(one))
    # Podman's generator takes these as they are, with spaces.
    mounts = {_unescaped(one.split(":")[1]) for one in every("Volume")}
    mounts |= {one.partition(":")[0] for one in every("Tmpfs")}
    return Exported(
        image=every("Image")[0].removeprefix("localhost/"),
        command=tuple(word for one in every("Exec") for word in _words(one)),
        replicas=replicas,
        env=env,
        secrets=frozenset(one.partition(",")[0] for one in every("Secret")),
        mounts=frozenset(mounts) - {"/discovery"},
        shm="".join(every("ShmSize")).replace("G", "Gi"),
        gpus=len(every("AddDevice")),
    )


def _keys(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        if "=" in line and not line.startswith("#"):
            key, _, value = line.partition("=")
            yield key, value


def _words(value: str) -> list[str]:
    """Split as systemd does: double quotes, backslashes, doubled specifiers and variables."""
    words: list[str] = []
    word, quoted, started = "", False, False
    characters = iter(value)
    for one in characters:
        if one == "\\":
            word, started = word + next(characters), True
        elif one == '"':
            quoted, started = not quoted, True
        elif one == " " and not quoted:
            words += [word] if started else []
            word, started = "", False
        else:
            word, started = word + one, True
    words += [word] if started else []
    return [_unescaped(one) for one in words]


def _unescaped(text: str) -> str:
    return text.replace("%%", "%").replace("$$", "$")
