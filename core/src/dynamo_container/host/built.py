# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The images that the caller built here: in the user's own state folder, one empty file for each,
named after the image's ID. An image cannot claim to be one of them: its labels are part of what
its ID is the hash of.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from dynamo_container.docker import engine
from dynamo_container.errors import DynamoContainerError
from dynamo_container.host.users import caller_home, caller_uids, sudo_caller

_FOLDER: Final = Path("dynamo-container", "built")
_ID: Final = r"sha256:([0-9a-f]{64})"
# Records of the oldest images beyond this number are deleted.
_KEPT: Final = 1000


def is_built_here(image_id: str) -> bool:
    """Whether the caller built an image here, by its ID."""
    match = re.fullmatch(_ID, image_id)
    try:
        return bool(match) and (_folder() / match[1]).stat().st_uid in caller_uids()  # type: ignore[index]
    except OSError:
        return False


def remember(references: Iterable[str]) -> None:
    """Remember images that were just built. If that is not possible, `run` treats them as any
    other image, which needs its framework to be named.
    """
    folder = _folder()
    for reference in references:
        with contextlib.suppress(OSError, DynamoContainerError):
            image = engine.inspect_image(reference)
            if image and (match := re.fullmatch(_ID, image.id)):
                _record(folder / match[1])
    with contextlib.suppress(OSError):
        _forget_oldest(folder)


def forget(image_id: str) -> None:
    """Forget an image that was deleted."""
    if match := re.fullmatch(_ID, image_id):
        with contextlib.suppress(OSError):
            (_folder() / match[1]).unlink()


def _record(path: Path) -> None:
    missing = [one for one in (path.parent, *path.parent.parents) if not one.exists()]
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)
    if caller := sudo_caller():
        for one in (*missing, path):
            os.chown(one, *caller)


def _forget_oldest(folder: Path) -> None:
    records = list(folder.iterdir())
    if len(records) > _KEPT:
        for path in sorted(records, key=lambda one: one.stat().st_mtime)[:-_KEPT]:
            path.unlink(missing_ok=True)


def _folder() -> Path:
    named = os.environ.get("XDG_STATE_HOME", "")
    home = Path(caller_home()).expanduser()
    return (Path(named) if named.startswith("/") else home / ".local" / "state") / _FOLDER
