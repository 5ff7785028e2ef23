# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Prepare the folders and files of this machine that a run mounts."""

from __future__ import annotations

import os
from pathlib import Path

from dynamo_container.containers.plan import RunPlan
from dynamo_container.docker import engine
from dynamo_container.errors import MachineError, UsageError
from dynamo_container.host.users import sudo_caller


def require_paths(plan: RunPlan) -> None:
    """Require that mounted paths and devices exist: docker would create some paths as root.

    Raises:
        UsageError: one does not exist, and the engine is this machine's.
        MachineError: the same for a device.
    """
    missing = [
        mount.source
        for mount in plan.mounts
        if mount.type == "bind"
        and mount.source not in plan.folders
        and not os.path.lexists(mount.source)
    ]
    devices = [path for path in _devices(plan) if not os.path.lexists(path)]
    # The engine of another machine has other files.
    if not (missing or devices) or not engine.collect().local:
        return
    if devices:
        raise MachineError(
            f"this machine has no device {devices[0]}",
            "load the driver of the device, or omit the option that requests it",
        )
    if missing:
        raise UsageError(
            f"{missing[0]}, which is to be mounted, was not found",
            "create it, or name an existing one",
        )


def _devices(plan: RunPlan) -> list[str]:
    """Return the device files of the host that docker passes on."""
    values = [flag.value or "" for flag in plan.flags if flag.flag == "--device"]
    return [value.partition(":")[0] for value in values if value.startswith("/")]


def create_folders(plan: RunPlan) -> None:
    """Create folders as their owner: docker would create them as root.

    Raises:
        MachineError: a folder cannot be created.
    """
    try:
        for folder in plan.folders:
            _create_folder(Path(folder))
    except OSError as error:
        raise MachineError(
            f"{error.filename} cannot be created: {error.strerror}",
            "name another folder, or: --hf-cache none",
        ) from error


def _create_folder(folder: Path) -> None:
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    caller = sudo_caller()
    for path in missing:
        if caller:
            os.chown(path, *caller)
