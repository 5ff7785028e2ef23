# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""A container's accelerator: what a plugin states for its own kind, else NVIDIA GPUs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dynamo_container.containers import gpus
from dynamo_container.containers.gpus import GpuAccess
from dynamo_container.errors import MachineError
from dynamo_container.model.names import CUDA_LABEL, DRIVER_LABEL
from dynamo_container.model.provenance import CORE, Contribution
from dynamo_container.model.requests import RunRequest
from dynamo_container.model.values import EnvVar, RunFlag


@dataclass(frozen=True, slots=True, kw_only=True)
class Accelerator:
    """The contributions that give a container its accelerator.

    Attributes:
        warnings: lines for the user.
    """

    flags: tuple[Contribution[RunFlag], ...] = ()
    env: tuple[Contribution[EnvVar], ...] = ()
    warnings: tuple[str, ...] = ()


def plan_accelerator(
    request: RunRequest, contributions: tuple[Contribution[RunFlag], ...]
) -> Accelerator:
    """Plan how the container gets its accelerator.

    Args:
        request: with facts about the engine and the image.
        contributions: of plugins, for an accelerator of their own.

    Raises:
        MachineError: the engine lacks the requested GPUs or runtime, or the driver is too old.
        UsageError: options contradict each other.
    """
    runtime = _runtime(request)
    if contributions and request.gpus != "none":
        return Accelerator(flags=contributions)
    if request.gpus == "auto" and any(map(gpus.is_gpu_device, request.flags)):
        return Accelerator()
    by_variable = any(var.name == gpus.VISIBLE_DEVICES for var in request.env)
    access = gpus.gpu_access(request.gpus, request.engine, runtime, by_variable=by_variable)
    source = request.source("--gpus") if request.is_given("--gpus") else CORE
    return Accelerator(
        flags=tuple(Contribution(value=flag, source=source) for flag in access.flags),
        env=tuple(Contribution(value=var, source=source) for var in access.env),
        warnings=tuple(_warnings(request, access, runtime)),
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


def _warnings(request: RunRequest, access: GpuAccess, runtime: str) -> Iterator[str]:
    if not access and request.gpus != "none" and request.engine.version:
        reason = "the engine has no GPU"
        if runtime and request.engine.has_gpus:
            reason = f"--runtime {runtime} gives no access to the engine's GPUs"
        yield f"{reason}: the container runs without one (to confirm: --gpus none)"
    cuda, driver = request.label(CUDA_LABEL), request.engine.driver
    if access and cuda and driver and request.preflight:
        # Imported here: only runs on a machine with a driver require it.
        from dynamo_container.containers import preflight

        if warning := preflight.check_driver(cuda, request.label(DRIVER_LABEL), driver):
            yield warning
