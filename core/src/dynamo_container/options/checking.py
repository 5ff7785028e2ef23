# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What the containers get in which `check` runs its commands."""

from __future__ import annotations

from dynamo_container.containers.accelerator import plan_accelerator
from dynamo_container.containers.docker_argv import env_arguments, flag_arguments
from dynamo_container.model.facts import EngineInfo
from dynamo_container.model.requests import CheckRequest, RunRequest
from dynamo_container.options.devices import collect_devices
from dynamo_container.plugins import hookspecs
from dynamo_container.plugins.registry import Registry


def device_arguments(
    registry: Registry, request: CheckRequest, engine: EngineInfo
) -> tuple[str, ...] | None:
    """Return docker's arguments for checks on the image's device: those that give a container the
    device, and the framework's own flags; None if the machine does not have it.

    Raises:
        UsageError: no plugin describes the device.
    """
    run = RunRequest(
        framework=request.framework,
        image=request.image,
        image_info=request.image_info,
        engine=collect_devices(engine, request.device),
        preflight=False,
    )
    planned = plan_accelerator(registry, run)
    if not planned.available:
        return None
    # For example shared memory, of which docker's default is too small for an engine.
    own = registry.call(hookspecs.dynamo_container_run_flags, run)
    flags = (flag.value for flag in (*own, *planned.flags))
    env = (var.value for var in planned.env)
    return (*flag_arguments(flags), *env_arguments(env))
