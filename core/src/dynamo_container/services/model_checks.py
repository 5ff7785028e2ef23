# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Check that the services can get their model. This module asks the machine and the hub."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Timer
from typing import Final

from dynamo_container.docker import configuration, engine
from dynamo_container.errors import MachineError, UsageError
from dynamo_container.host import hub, models
from dynamo_container.services.plan import ServePlan

_GB: Final = 1e9
# A download is written beside what it replaces, and engines write caches of their own.
_RESERVE: Final = 1.1
# After this time, a note names what is waited for.
_QUIET_SECONDS: Final = 3.0
# With a value of the user's own for one of these, containers may find what this process does not.
_OTHER_WAYS: Final = ("HF_ENDPOINT", "HF_HUB_OFFLINE", "HTTPS_PROXY", "https_proxy")


def check(plan: ServePlan, note: Callable[[str], None] | None = None) -> Iterator[str]:
    """Check that the services will find their model, and yield warnings for the user.

    Args:
        plan: of the services.
        note: called with what is waited for, if it takes long.

    Raises:
        MachineError: the disk is too small for the download, or the hub does not answer.
        UsageError: the model does not exist, or it is not for the caller.
    """
    model = plan.model
    if model and model.folder:
        yield from _check_folder(plan, Path(model.folder))
    elif model and not model.cached:
        yield from _check_download(plan, model.name, note)


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


def _check_download(
    plan: ServePlan, name: str, note: Callable[[str], None] | None
) -> Iterator[str]:
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
    found = _ask(name, token, plan, note)
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


def _ask(
    name: str, token: str, plan: ServePlan, note: Callable[[str], None] | None
) -> hub.HubModel | None:
    """Return what the hub says about a model; None if nothing is known.

    Raises:
        MachineError: it does not answer, so that the containers would wait for it in vain.
        UsageError: there is no such model, or it is not for the caller.
    """
    text = f"waiting for an answer of {hub.endpoint()}, from which {name} is downloaded"
    timer = Timer(_QUIET_SECONDS, note or (lambda _text: None), (text,))
    timer.daemon = True
    timer.start()
    try:
        return hub.find_model(name, token)
    except OSError as error:
        if _has_other_way(plan):
            return None
        raise _unreachable(plan, name, error) from error
    finally:
        timer.cancel()


def _has_other_way(plan: ServePlan) -> bool:
    """Whether the containers may get the model although the hub does not answer this process."""
    if not engine.collect().local or configuration.proxies():
        return True
    containers = (one for service in plan.services for one in service.containers)
    return any(var.name in _OTHER_WAYS and var.value for one in containers for var in one.env)


def _unreachable(plan: ServePlan, name: str, error: OSError) -> MachineError:
    reason = getattr(error, "reason", error)
    text = getattr(reason, "strerror", None) or str(reason) or "it takes too long"
    return MachineError(
        f"{hub.endpoint()} does not answer ({text}), and {name} is not in "
        f"{plan.hf_cache or 'a cache'}",
        "check the network, https_proxy and HF_ENDPOINT; or serve a folder: --model ./FOLDER",
    )


def _free(plan: ServePlan) -> int | None:
    """Return the free bytes of the disk that the download goes to; None if it is not known."""
    folder = Path(plan.hf_cache or engine.collect().root or "/")
    with suppress(OSError):
        existing = next(path for path in (folder, *folder.parents) if path.exists())
        return shutil.disk_usage(existing).free
    return None
