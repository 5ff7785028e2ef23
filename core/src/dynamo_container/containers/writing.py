# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Whether a container's user can write to the folders that it shares with this machine."""

from __future__ import annotations

import stat
from collections.abc import Iterable, Iterator

from dynamo_container.model.facts import SharedFolder
from dynamo_container.model.names import LOCAL_DEV_TARGET, TARGET_LABEL, UID_LABEL
from dynamo_container.model.requests import RunRequest
from dynamo_container.model.values import RunFlag


def warnings(request: RunRequest, flags: Iterable[RunFlag]) -> Iterator[str]:
    """Yield a warning for each folder that the container's user cannot write to.

    Only a warning: what is in the folder can still be read, and served.

    Args:
        request: with facts about the folders, the image and the engine.
        flags: of the container.
    """
    given = tuple(flags)
    uid, groups = user(request, given)
    mapped = any(flag.flag == "--userns" for flag in given)
    if uid is None or mapped:
        return
    seen = set()
    for folder in request.folders:
        if folder.what not in seen and not _is_writable(request, folder, uid, groups):
            seen.add(folder.what)
            yield (
                f"the container's user {uid} cannot write to {folder.what}, {folder.path} (of "
                f"user {folder.uid}, mode {folder.mode:o}); {_hint(request, folder, uid)}"
            )


def user(request: RunRequest, flags: Iterable[RunFlag]) -> tuple[int | None, frozenset[int]]:
    """Return the UID of the container's first process, None if unknown, and its groups.

    Args:
        request: with facts about the image.
        flags: of the container.
    """
    flags = tuple(flags)
    named = [flag.value for flag in flags if flag.flag == "--user" and flag.value]
    if not named and request.image_info is None:
        return None, frozenset()
    image_user = request.image_info.user if request.image_info else ""
    name, _, group = (named[-1] if named else image_user).partition(":")
    names = {"": "0", "root": "0", "ubuntu": request.label(UID_LABEL)}
    uid = names.get(name, name)
    groups = [group, *(flag.value or "" for flag in flags if flag.flag == "--group-add")]
    known = frozenset(int(one) for one in groups if one.isdigit())
    return int(uid) if uid.isdigit() else None, known


def _is_writable(
    request: RunRequest, folder: SharedFolder, user: int, groups: frozenset[int]
) -> bool:
    if user == 0:
        return True  # of a rootless engine, root is the caller
    if request.engine.rootless:
        return bool(folder.mode & stat.S_IWOTH)
    if user == folder.uid:
        return bool(folder.mode & stat.S_IWUSR)
    return bool(folder.mode & (stat.S_IWGRP if folder.gid in groups else stat.S_IWOTH))


def _hint(request: RunRequest, folder: SharedFolder, user: int) -> str:
    if request.engine.rootless:
        return "root in the container is you: --user 0"
    if folder.uid and request.label(TARGET_LABEL) == LOCAL_DEV_TARGET:
        return (
            f"build the image for its owner: dynamo-container build {request.framework} --target "
            f"{LOCAL_DEV_TARGET} --uid {folder.uid} --gid {folder.gid or folder.uid}"
        )
    if folder.uid and folder.uid != user:
        return f"run as its owner: --user {folder.uid}:{folder.gid}"
    return f"give it to that user: sudo chown -R {user} {folder.path}"
