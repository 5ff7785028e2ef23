# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The devices (`--device`) that frameworks support: their own, and those of other plugins."""

from __future__ import annotations

from dynamo_container.errors import UsageError
from dynamo_container.model.provenance import Resolved, merge
from dynamo_container.model.requests import RunRequest
from dynamo_container.model.values import Device
from dynamo_container.plugins import hookspecs
from dynamo_container.plugins.registry import Registry


def find_device(registry: Registry, request: RunRequest, name: str) -> Resolved[Device]:
    """Return a device that a plugin describes.

    Args:
        registry: with the request's framework loaded.
        request: of a container.
        name: of the device.

    Raises:
        UsageError: no plugin describes it.
        ConflictError: two plugins describe it differently.
    """
    devices = _described(registry, request)
    for device in devices:
        if device.value.name == name:
            return device
    raise UsageError(
        f"no installed plugin describes the device {name!r}",
        "install the plugin that provides it; see docs/devices.md",
    )


def non_default(registry: Registry, framework: str, device: str) -> str:
    """Return the device if it is not the framework's default one, else nothing.

    Args:
        registry: with the framework loaded.
        framework: its name.
        device: as the user named it; empty for the default.

    Raises:
        UsageError: the framework does not support the device.
    """
    if not device:
        return ""
    own = own_devices(registry, framework)
    stub = RunRequest(framework=framework, image="")
    others = (
        entry.value.name
        for entry in _described(registry, stub)
        if framework in entry.value.frameworks
    )
    supported = tuple(dict.fromkeys((*own, *others)))
    if device not in supported:
        raise UsageError(
            f"--device {device} cannot be used with {framework!r}, "
            f"which supports only: {', '.join(supported)}",
            "omit it, or install a plugin that provides the device; see docs/devices.md",
        )
    return "" if device == own[0] else device


def own_devices(registry: Registry, framework: str) -> tuple[str, ...]:
    """Return the devices that a framework itself supports, the default first."""
    described = registry.call_for(framework, hookspecs.dynamo_container_framework)
    return next(entry.value.devices for entry in described if entry.source.name == framework)


def needs_gpu(registry: Registry, framework: str) -> bool:
    """Whether a framework's containers are of little use without an accelerator."""
    described = registry.call_for(framework, hookspecs.dynamo_container_framework)
    return all(entry.value.needs_gpu for entry in described if entry.source.name == framework)


def _described(registry: Registry, request: RunRequest) -> tuple[Resolved[Device], ...]:
    return merge(
        "device",
        registry.call(hookspecs.dynamo_container_devices, request),
        lambda device: device.name,
        "{without}",
        describe=lambda device: device.summary,
    )
