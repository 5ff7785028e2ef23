# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""A served model as a project of Docker Compose."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from dynamo_container.containers import probe
from dynamo_container.containers.plan import RunPlan
from dynamo_container.model.provenance import PlanEntry
from dynamo_container.model.values import Mount, Readiness
from dynamo_container.services import compose_flags
from dynamo_container.services.plan import ServePlan, ServicePlan
from dynamo_container.services.renderers import ExportOptions
from dynamo_container.services.yaml import Alias, Block, Commented, Value, dump

FILE: Final = "compose.yaml"
DISCOVERY: Final = "discovery"
# A folder in memory that every user can write: services may run as different users.
_DISCOVERY_VOLUME: Final[Mapping[str, Value]] = {
    "driver_opts": {"type": "tmpfs", "device": "tmpfs", "o": "mode=1777"}
}
# Long enough for the download and the start of a large model; until then, the test is tried often.
_START_PERIOD: Final = "3600s"
_START_INTERVAL: Final = "1s"
# Requests that are being answered when a service is stopped may take so long.
_GRACE: Final = "30s"
_PROBE: Final = "probe"


@dataclass(frozen=True, slots=True)
class _Writer:
    """How values are written.

    Attributes:
        comments: whether each value is followed by its source.
        home: the folder that is written as a variable; empty for none.
    """

    comments: bool = False
    home: str = ""
    sources: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def of(self, entries: tuple[PlanEntry, ...]) -> _Writer:
        """Return a writer that knows the sources of a container's values."""
        found = {(one.kind, one.key): str(one.sources[0]) for one in entries}
        return _Writer(self.comments, self.home, found)

    def noted(self, kind: str, key: str, value: Value) -> Value:
        """Return a value with its source as a comment."""
        source = self.sources.get((kind, key), "")
        return Commented(value, source) if self.comments and source else value

    def path(self, path: str) -> str:
        """Return a path of this machine."""
        if self.home and (path == self.home or path.startswith(f"{self.home}/")):
            return f"${{HOME}}{_escaped(path.removeprefix(self.home))}"
        return _escaped(path)


def render(plan: ServePlan, options: ExportOptions) -> dict[str, str]:
    """Return the project's file, with comments that say where values come from.

    Raises:
        UsageError: compose has no equivalent of a flag.
    """
    text = dump(_document(plan, _Writer(comments=True, home=options.home)))
    return {FILE: f"{_header(plan)}\n{text}"}


def project(plan: ServePlan) -> str:
    """Return the project's file without comments, as `serve` hands it to compose.

    Raises:
        UsageError: compose has no equivalent of a flag.
    """
    return dump(_document(plan, _Writer()))


def _header(plan: ServePlan) -> str:
    create = "".join(f"#   docker volume create {name}\n" for name in plan.caches)
    first = f"# Once, because these caches outlive the project:\n{create}" if create else ""
    return (
        f"# {plan.framework}, {plan.topology}, of the image {plan.image}.\n"
        f"{first}"
        "#   docker compose up --wait\n"
        "#   docker compose down --volumes\n"
    )


def _document(plan: ServePlan, writer: _Writer) -> dict[str, Value]:
    services: dict[str, Value] = {}
    for service in plan.services:
        for name, container, replicas in service.instances:
            services[name] = _service(
                plan, service, container, replicas, writer.of(container.entries)
            )
    volumes: dict[str, Value] = {DISCOVERY: _DISCOVERY_VOLUME} if plan.discovery_volume else {}
    volumes |= {name: {"name": name, "external": True} for name in plan.caches}
    uses_probe = any(
        one.container.readiness and one.container.readiness.serves for one in plan.services
    )
    return {
        "name": plan.project,
        **({"x-probe": Block(_escaped(probe.script()), _PROBE)} if uses_probe else {}),
        "services": services,
        **({"volumes": volumes} if volumes else {}),
    }


def _service(
    plan: ServePlan, service: ServicePlan, container: RunPlan, replicas: int, writer: _Writer
) -> dict[str, Value]:
    own = compose_flags.keys(container.flags, plan.network, writer.noted)
    deploy = own.pop("deploy", {})
    assert isinstance(deploy, dict)
    if replicas > 1:
        deploy = {"replicas": replicas, **deploy}
    tmpfs = [_tmpfs(mount) for mount in container.mounts if mount.type == "tmpfs"]
    keys: dict[str, Value] = {
        "image": _escaped(container.image),
        "command": [_escaped(word) for word in (*container.entrypoint[1:], *container.command)],
        "entrypoint": [_escaped(word) for word in container.entrypoint[:1]],
        "environment": {
            var.name: writer.noted(
                "env", var.name, None if var.value is None else _escaped(var.value)
            )
            for var in container.env
        },
        "ports": _ports(plan, service),
        "volumes": [
            _mount(plan, mount, writer) for mount in container.mounts if mount.type != "tmpfs"
        ],
        "tmpfs": tmpfs,
        "depends_on": _needs(plan, service),
        "healthcheck": _healthcheck(container.readiness),
        "stop_grace_period": _GRACE,
        **own,
        "deploy": deploy,
        "labels": {key: _escaped(value) for key, value in container.labels},
    }
    return {key: value for key, value in keys.items() if value not in ([], {}, None)}


def _ports(plan: ServePlan, service: ServicePlan) -> list[Value]:
    if service is not plan.frontend or not service.service.ports:
        return []
    return [f"{plan.address}:{plan.port}:{service.service.ports[0]}"]


def _needs(plan: ServePlan, service: ServicePlan) -> dict[str, Value]:
    by_name = {one.name: one for one in plan.services}
    return {
        name: {"condition": "service_healthy"}
        for needed in service.service.needs
        for name, _, _ in by_name[needed].instances
    }


def _healthcheck(readiness: Readiness | None) -> dict[str, Value]:
    if readiness is None or readiness.log:
        return {}
    words: list[Value] = [_escaped(word) for word in probe.command(readiness)]
    if readiness.serves:
        words = [Alias(_PROBE) if word == _escaped(probe.script()) else word for word in words]
    return {
        "test": ["CMD", *words],
        "interval": "10s",
        "timeout": "15s",
        "retries": 3,
        "start_period": _START_PERIOD,
        "start_interval": _START_INTERVAL,
    }


def _mount(plan: ServePlan, mount: Mount, writer: _Writer) -> Value:
    target = _escaped(mount.target)
    read_only: dict[str, Value] = (
        {"read_only": True} if {"ro", "readonly"} & {*mount.options} else {}
    )
    if mount.type == "volume":
        source = DISCOVERY if mount.source == plan.discovery_volume else mount.source
        named: dict[str, Value] = {"source": source} if source else {}
        return {"type": "volume", **named, "target": target, **read_only}
    bind = dict(_bind_options(mount))
    return {
        "type": "bind",
        "source": writer.noted("mount", mount.target, writer.path(mount.source)),
        "target": target,
        **read_only,
        "bind": {"create_host_path": False, **bind},
    }


def _bind_options(mount: Mount) -> Iterator[tuple[str, Value]]:
    for option in mount.options:
        if option in ("z", "Z"):
            yield "selinux", option
        elif option.endswith(("shared", "slave", "private")):
            yield "propagation", option


def _tmpfs(mount: Mount) -> Value:
    return _escaped(":".join(filter(None, (mount.target, ",".join(mount.options)))))


def _escaped(text: str) -> str:
    """Return a string in which compose replaces no variables."""
    return text.replace("$", "$$")
