# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Check that the services can get their model. This module asks the machine and the hub."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from dynamo_container.docker import engine
from dynamo_container.errors import MachineError, UsageError
from dynamo_container.host import hub, models
from dynamo_container.services.plan import ServePlan

_GB: Final = 1e9
# A download is written beside what it replaces, and engines write caches of their own.
_RESERVE: Final = 1.1


def check(plan: ServePlan) -> Iterator[str]:
    """Check that the services will find their model, and yield warnings for the user.

    Raises:
        MachineError: the disk is too small for the download.
        UsageError: the model does not exist, or it is not for the caller.
    """
    model = plan.model
    if model and model.folder:
        yield from _check_folder(plan, Path(model.folder))
    elif model and not model.cached:
        yield from _check_download(plan, model.name)


def _check_folder(plan: ServePlan, folder: Path) -> Iterator[str]:
    """Check that what is mounted is a model that the containers' user can read."""
    facts = engine.collect()
    if not facts.local:
        return
    if link := models.link_out_of(folder):
        raise UsageError(
            f"{link} is a link out of the folder {folder}, and only the folder is mounted",
            "name a model of the Hugging Face cache as the hub does: --model ORGANIZATION/NAME; or "
            "copy the files (cp -rL)",
        )
    if not models.is_model(folder):
        yield f"{folder} does not look like a model: it has no config.json"
    if plan.uid is None or facts.rootless:
        return
    if path := models.unreadable(folder, plan.uid, plan.groups):
        yield (
            f"the containers' user {plan.uid} cannot read {path}; let it: chmod -R go+rX {folder}"
        )


def _check_download(plan: ServePlan, name: str) -> Iterator[str]:
    """Check that the hub has the model for the caller, and that there is room for it."""
    if not plan.hf_cache:
        yield (
            f"{name} is downloaded into each container, and again at each start; to keep it: "
            "--hf-cache DIR"
        )
    if os.path.isdir(name):  # noqa: PTH112  # as the user wrote it
        yield f"{name} is a model of Hugging Face; for the folder: --model ./{name}"
    if hub.is_offline():
        raise UsageError(
            f"{name} is not in {plan.hf_cache or 'a cache'}, and HF_HUB_OFFLINE does not allow to "
            "download it",
            "unset HF_HUB_OFFLINE, or name another --hf-cache or the folder of a model",
        )
    token = hub.token(plan.hf_cache)
    found = hub.find_model(name, token)
    if found is None:
        yield (
            f"it is not known whether {name} can be downloaded: {hub.endpoint()} does not answer"
        )
        return
    if found.gated and not token:
        raise UsageError(
            f"{name} is only for users whom its authors have granted access",
            "ask for it on the model's page, then set HF_TOKEN to a token from your settings there",
        )
    free = _free(plan)
    if free is not None and free < found.size * _RESERVE:
        raise MachineError(
            f"{name} has {found.size / _GB:.1f} GB, and {plan.hf_cache or 'the engine'} has "
            f"{free / _GB:.1f} GB of free disk space",
            "free some, or choose another folder: --hf-cache DIR",
        )


def _free(plan: ServePlan) -> int | None:
    """Return the free bytes of the disk that the download goes to; None if it is not known."""
    folder = Path(plan.hf_cache or engine.collect().root or "/")
    with suppress(OSError):
        existing = next(path for path in (folder, *folder.parents) if path.exists())
        return shutil.disk_usage(existing).free
    return None
