# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""A served model as quadlets: units from which podman's generator makes services of systemd."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from dynamo_container.containers.plan import RunPlan
from dynamo_container.errors import UsageError
from dynamo_container.model.names import CUDA_DEVICE
from dynamo_container.model.references import has_registry, registry_of
from dynamo_container.model.text import printable
from dynamo_container.model.values import Mount, RunFlag
from dynamo_container.services import health
from dynamo_container.services.kubernetes_text import object_name
from dynamo_container.services.notes import note_of
from dynamo_container.services.plan import ServePlan, ServicePlan, is_gpu_flag
from dynamo_container.services.renderers import ExportOptions

# Flags with a key of their own; any other becomes an argument of podman.
_KEYS: Final = {
    "--cap-add": "AddCapability",
    "--cap-drop": "DropCapability",
    "--device": "AddDevice",
    "--group-add": "GroupAdd",
    "--pids-limit": "PidsLimit",
    "--pull": "Pull",
    "--shm-size": "ShmSize",
    "--ulimit": "Ulimit",
    "--user": "User",
    "--userns": "UserNS",
    "--workdir": "WorkingDir",
}
_SWITCHES: Final = {"--init": "RunInit", "--read-only": "ReadOnly"}
# What the units express by other keys.
_OMITTED: Final = ("--network", "--restart")
# systemd waits so long for a model that is downloaded first.
_START: Final = "2h"
# Requests that are being answered when a unit is stopped may take so long.
_GRACE_SECONDS: Final = "30"
# Asks a URL without proxies. A list of models must not be empty.
_ASK: Final = (
    "import sys, urllib.request as r; "
    "text = r.build_opener(r.ProxyHandler({})).open(sys.argv[1], timeout=5).read(); "
    "sys.exit(b'\"data\":[]' in text.replace(b' ', b''))"
)
# The user of our images becomes the caller, who owns the folders that are mounted.
_CALLER: Final = "keep-id:uid=1000,gid=1000"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Instance:
    """A container of a service.

    Attributes:
        unit: the name of its unit.
        plan: of all services.
        service: its service.
        container: its plan.
        gpus: indexes of its GPUs.
        home: the folder that is written as the home folder of whoever starts the unit.
    """

    unit: str
    plan: ServePlan
    service: ServicePlan
    container: RunPlan
    gpus: tuple[int, ...]
    home: str


def render(plan: ServePlan, options: ExportOptions) -> dict[str, str]:
    """Return the units by file name: containers, their network and volumes.

    Raises:
        UsageError: a value contains a line break, which a unit cannot express.
    """
    name = object_name(plan)
    files = {f"{name}.network": _unit([("Network", [("NetworkName", name)])])}
    for volume in sorted({plan.discovery_volume, *plan.caches} - {""}):
        files[f"{_volume_name(plan, volume)}.volume"] = _volume_unit(plan, volume)
    for instance in _instances(plan, options):
        files[f"{instance.unit}.container"] = _container_unit(instance)
    first = f"{_units(plan, plan.frontend)[0]}.container"
    files[first] = "".join(f"# {line}\n" for line in _introduction(plan)) + files[first]
    return files


def _introduction(plan: ServePlan) -> Iterator[str]:
    yield "Copy all files to ~/.config/containers/systemd, then:"
    yield "  systemctl --user daemon-reload"
    units = (unit for service in plan.services for unit in _units(plan, service))
    yield f"  systemctl --user start {' '.join(units)}"
    for name in plan.secrets:
        create = f"podman secret create --env {name} {name}"
        yield f"The secret {name} is not part of the files; create it: {create}"
        yield f"Without it, delete the lines that start with Secret={name}."


def _instances(plan: ServePlan, options: ExportOptions) -> Iterator[_Instance]:
    """Yield all containers, each with GPUs of its own."""
    gpu = 0
    for service in plan.services:
        every = [container for _, container, count in service.instances for _ in range(count)]
        for unit, container in zip(_units(plan, service), every, strict=True):
            yield _Instance(
                unit=unit,
                plan=plan,
                service=service,
                container=container,
                gpus=tuple(range(gpu, gpu + service.service.gpus)),
                home=options.home,
            )
            gpu += service.service.gpus


def _units(plan: ServePlan, service: ServicePlan) -> tuple[str, ...]:
    """Return the names of the units of a service: one for each replica."""
    name = object_name(plan, service.name)
    count = service.service.replicas
    return tuple(f"{name}-{number}" for number in range(1, count + 1)) if count > 1 else (name,)


def _volume_name(plan: ServePlan, volume: str) -> str:
    if volume == plan.discovery_volume:
        return object_name(plan, "discovery")
    return volume


def _volume_unit(plan: ServePlan, volume: str) -> str:
    keys = [("VolumeName", _volume_name(plan, volume))]
    if volume == plan.discovery_volume:
        # In memory, and writable for all services, which may run as different users.
        keys += [("Device", "tmpfs"), ("Type", "tmpfs"), ("Options", "mode=1777")]
    return _unit([("Volume", keys)])


def _container_unit(one: _Instance) -> str:
    plan, service = one.plan, one.service
    needed = [
        f"{unit}.service"
        for other in plan.services
        if other.name in service.service.needs
        for unit in _units(plan, other)
    ]
    unit = [("Description", f"{plan.framework or 'model'} {plan.topology}: {service.name}")]
    unit += [(key, " ".join(needed)) for key in ("Requires", "After") if needed]
    return _unit([
        ("Unit", unit),
        ("Container", list(_container(one))),
        ("Service", [("Restart", "always"), ("TimeoutStartSec", _START)]),
        ("Install", [("WantedBy", "default.target")]),
    ])  # fmt: skip


def _container(one: _Instance) -> Iterator[tuple[str, str]]:
    """Yield the keys of a container with their values."""
    container = one.container
    yield "Image", _image(container.image)
    yield "ContainerName", one.unit
    if container.entrypoint:
        yield "Entrypoint", _word(container.entrypoint[0])
    if words := (*container.entrypoint[1:], *container.command):
        yield "Exec", " ".join(map(_word, words))
    yield from _networking(one.plan, one.service)
    for var in health.environment(one.service):
        if var.value is None:
            yield "Secret", f"{var.name},type=env,target={var.name}"
        else:
            value = _word(f"{var.name}={var.value}")
            yield from _noted(container, "env", var.name, "Environment", value)
    for mount in container.mounts:
        yield from _noted(container, "mount", mount.target, *_mount(one.plan, mount, one.home))
    yield from _flags(container)
    if one.plan.device == CUDA_DEVICE:
        yield from (("AddDevice", f"nvidia.com/gpu={index}") for index in one.gpus)
    yield "StopTimeout", _GRACE_SECONDS
    yield from _health(one.service)
    yield from (("Label", _word(f"{key}={value}")) for key, value in container.labels)


def _networking(plan: ServePlan, service: ServicePlan) -> Iterator[tuple[str, str]]:
    yield "Network", f"{object_name(plan)}.network"
    yield "NetworkAlias", service.name
    if service is plan.frontend and service.service.ports:
        address = f"[{plan.address}]" if ":" in plan.address else plan.address
        yield "PublishPort", f"{address}:{plan.port}:{service.service.ports[0]}"


def _image(image: str) -> str:
    """Return a reference with its registry, which podman does not guess."""
    return "/".join(registry_of(image)) if has_registry(image) else f"localhost/{image}"


def _noted(
    container: RunPlan, kind: str, entry: str, key: str, value: str
) -> Iterator[tuple[str, str]]:
    """Yield a key below a comment with the value's source."""
    if note := note_of(container, kind, entry):
        yield "#", note
    yield key, value


def _mount(plan: ServePlan, mount: Mount, home: str) -> tuple[str, str]:
    if mount.type == "tmpfs":
        return "Tmpfs", _escaped(":".join(filter(None, (mount.target, ",".join(mount.options)))))
    source = _portable(mount.source, home)
    if mount.type == "volume" and mount.source:
        source = f"{_volume_name(plan, mount.source)}.volume"
    parts = (source, _escaped(mount.target), ",".join(mount.options))
    return "Volume", ":".join(filter(None, parts))


def _portable(path: str, home: str) -> str:
    """Write the caller's home folder as systemd's `%h`: other users use the files, too."""
    if home and (path == home or path.startswith(f"{home}/")):
        return f"%h{_escaped(path.removeprefix(home))}"
    return _escaped(path)


def _flags(container: RunPlan) -> Iterator[tuple[str, str]]:
    used = {flag.flag for flag in container.flags}
    for flag in container.flags:
        if flag.flag not in _OMITTED and not is_gpu_flag(flag):
            yield _flag(flag)
    if not used & {"--user", "--userns"}:
        yield "UserNS", _CALLER


def _flag(flag: RunFlag) -> tuple[str, str]:
    if flag.flag in _SWITCHES:
        return _SWITCHES[flag.flag], "false" if flag.value == "false" else "true"
    if flag.flag == "--security-opt" and (flag.value or "").startswith("no-new-privileges"):
        return "NoNewPrivileges", "true"
    if flag.flag in _KEYS:
        return _KEYS[flag.flag], _word(flag.value or "")
    return "PodmanArgs", _word(flag.flag if flag.value is None else f"{flag.flag}={flag.value}")


def _health(service: ServicePlan) -> Iterator[tuple[str, str]]:
    readiness = service.container.readiness
    address = health.url(service)
    command = ("python", "-c", _ASK, address) if address else readiness.argv if readiness else ()
    if not command:
        return
    # As JSON, podman starts it without a shell. With Notify, units that need it wait for it.
    yield "HealthCmd", _escaped(json.dumps(command))
    yield "HealthInterval", "10s"
    yield "HealthTimeout", "15s"
    yield "HealthStartPeriod", _START
    yield "HealthStartupCmd", _escaped(json.dumps(command))
    yield "HealthStartupInterval", "1s"
    yield "Notify", "healthy"


def _word(text: str) -> str:
    """Return text as one word of a unit: in quotes if it has to be."""
    escaped = _escaped(text)
    if escaped and not set(escaped) & set(" \t\"'\\;#"):
        return escaped
    quoted = escaped.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}"'


def _escaped(text: str) -> str:
    """Return text in which systemd replaces no specifiers and no variables."""
    return text.replace("%", "%%").replace("$", "$$")


def _unit(sections: list[tuple[str, list[tuple[str, str]]]]) -> str:
    """Return a unit's text; the key `#` is a comment.

    Raises:
        UsageError: a value contains a line break, or ends with a backslash, which joins lines.
    """
    for key, value in (pair for _, pairs in sections for pair in pairs if pair[0] != "#"):
        if "\n" in value or "\r" in value or value.endswith("\\"):
            problem = f"a quadlet cannot express {key}={value!r}, which would continue on a line"
            raise UsageError(f"{problem} of its own", "omit the line break or the last backslash")
    blocks = (
        f"[{name}]\n"
        + "".join(
            f"# {printable(value)}\n" if key == "#" else f"{key}={value}\n" for key, value in keys
        )
        for name, keys in sections
    )
    return "\n".join(blocks)
