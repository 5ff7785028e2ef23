# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""A container's accelerator: that of the device for which its image was built."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dynamo_container.containers import gpus
from dynamo_container.containers.gpus import GpuAccess
from dynamo_container.errors import MachineError, UsageError
from dynamo_container.model.names import (
    CPU_DEVICE,
    CUDA_DEVICE,
    CUDA_LABEL,
    DEVICE_LABEL,
    DRIVER_LABEL,
    KERNELS_LABEL,
)
from dynamo_container.model.provenance import CORE, Contribution
from dynamo_container.model.requests import RunRequest
from dynamo_container.model.values import Device, EnvVar, RunFlag
from dynamo_container.plugins import hookspecs
from dynamo_container.plugins.registry import Registry


@dataclass(frozen=True, slots=True, kw_only=True)
class Accelerator:
    """The contributions that give a container its accelerator.

    Attributes:
        available: whether the container can run what needs its device.
        resources: what the device is called on Kubernetes, with quantities.
        warnings: lines for the user.
    """

    flags: tuple[Contribution[RunFlag], ...] = ()
    env: tuple[Contribution[EnvVar], ...] = ()
    available: bool = True
    resources: tuple[Contribution[tuple[str, str]], ...] = ()
    warnings: tuple[str, ...] = ()


def plan_accelerator(registry: Registry, request: RunRequest) -> Accelerator:
    """Plan how the container gets its accelerator.

    Args:
        registry: with the request's framework loaded.
        request: with facts about the engine and the image.

    Raises:
        MachineError: the engine lacks the requested GPUs or runtime, or the driver is too old.
        UsageError: options contradict each other or the image; no plugin describes the device.
    """
    _require_same_device(request)
    runtime = _runtime(request)
    if request.used_device == CPU_DEVICE:
        return _cpu(request)
    if request.used_device != CUDA_DEVICE:
        return _of_plugin(registry, request)
    # What plugins contributed before they could describe devices.
    flags = registry.call(hookspecs.dynamo_container_accelerator, request)
    if flags and request.gpus != "none":
        return Accelerator(flags=flags)
    return _nvidia(registry, request, runtime)


def _require_same_device(request: RunRequest) -> None:
    """Require that the user names the device of the image.

    Raises:
        UsageError: another one is named.
    """
    own = request.label(DEVICE_LABEL) or (CUDA_DEVICE if request.label(CUDA_LABEL) else "")
    if request.device and own and request.device != own:
        raise UsageError(
            f"--device {request.device} cannot be used with {request.image}, "
            f"which was built for the device {own!r}",
            "omit it: the image's label selects its device",
        )


def _cpu(request: RunRequest) -> Accelerator:
    if request.gpus not in ("auto", "none"):
        raise UsageError(
            f"--gpus {request.gpus} cannot be used with an image for CPUs: {request.image}",
            "omit it, or run an image for another device",
        )
    source = request.source("--device") if request.device else CORE
    access = gpus.gpu_access("none", request.engine)
    return Accelerator(env=tuple(Contribution(value=var, source=source) for var in access.env))


def _of_plugin(registry: Registry, request: RunRequest) -> Accelerator:
    """Give the container what a plugin describes, if the machine has it or nothing is known.

    Raises:
        MachineError: the user named the device, and the machine does not have it.
    """
    # Imported here: other devices are rare.
    from dynamo_container.plugins.devices import find_device

    if request.gpus == "none":
        return Accelerator(available=False)
    found = find_device(registry, request, request.used_device)
    device, source = found.value, found.sources[0]
    if missing := _missing(device, request):
        if request.device or request.gpus != "auto":
            raise MachineError(
                f"this machine has no {device.summary}: {missing} was not found",
                "load the device's driver; or run without it: --gpus none",
            )
        text = f"this machine has no {device.summary} ({missing} was not found)"
        warning = f"{text}: the container runs without (to confirm: --gpus none)"
        return Accelerator(available=False, warnings=(warning,))
    return Accelerator(
        flags=tuple(Contribution(value=flag, source=source) for flag in device.flags),
        env=tuple(Contribution(value=var, source=source) for var in device.env),
        resources=tuple(Contribution(value=name, source=source) for name in device.resources),
    )


def _missing(device: Device, request: RunRequest) -> str:
    """Return the first of the device's files that this machine lacks; empty if nothing is known."""
    present = {file.path for file in request.engine.device_files}
    if not request.engine.local:
        return ""
    return next((path for path in device.files if path not in present), "")


def _nvidia(registry: Registry, request: RunRequest, runtime: str) -> Accelerator:
    if request.gpus == "auto" and any(map(gpus.is_gpu_device, request.flags)):
        return Accelerator()
    by_variable = any(var.name == gpus.VISIBLE_DEVICES for var in request.env)
    access = gpus.gpu_access(request.gpus, request.engine, runtime, by_variable=by_variable)
    source = request.source("--gpus") if request.is_given("--gpus") else CORE
    return Accelerator(
        flags=tuple(Contribution(value=flag, source=source) for flag in access.flags),
        env=tuple(Contribution(value=var, source=source) for var in access.env),
        available=bool(access),
        warnings=(*_without(registry, request, access, runtime), *_warnings(request, access)),
    )


def _runtime(request: RunRequest) -> str:
    """Return the container runtime that the user named; empty for none."""
    name = next((flag.value for flag in request.flags if flag.flag == "--runtime"), None) or ""
    engine = request.engine
    if name and engine.version and name not in engine.runtimes:
        raise MachineError(
            f"the engine does not have the runtime {name!r}",
            f"it has: {', '.join(engine.runtimes)}; or omit --runtime",
        )
    return name


def _without(
    registry: Registry, request: RunRequest, access: GpuAccess, runtime: str
) -> Iterator[str]:
    """Yield a warning if the container gets no GPU, and its framework needs one."""
    # Imported here: a container with a GPU does not need it.
    from dynamo_container.plugins.devices import needs_gpu

    if access or request.gpus == "none" or not request.engine.version:
        return
    if runtime and request.engine.has_gpus:
        reason = f"--runtime {runtime} gives no access to the engine's GPUs"
    elif needs_gpu(registry, request.framework):
        reason = "the engine has no GPU"
    else:
        return
    yield f"{reason}: the container runs without one (to confirm: --gpus none)"


def _warnings(request: RunRequest, access: GpuAccess) -> Iterator[str]:
    cuda, driver = request.label(CUDA_LABEL), request.engine.driver
    if access and cuda and driver and request.preflight:
        # Imported here: only runs on a machine with a driver require it.
        from dynamo_container.containers import preflight

        if warning := preflight.check_driver(cuda, request.label(DRIVER_LABEL), driver):
            yield warning
        if warning := preflight.check_kernels(request.label(KERNELS_LABEL), driver):
            yield warning
