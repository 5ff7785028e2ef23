# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Whether a lock fits what is requested: pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dynamo_container.images.plan import BuildPlan, Image
from dynamo_container.model.credentials import hide
from dynamo_container.model.lock import Lock, LockedImage
from dynamo_container.model.names import (
    CUDA_LABEL,
    DEVICE_LABEL,
    EXTRA_INDEX_URLS,
    HEAVY_WHEELS,
    INDEX_URL,
    PLUGINS_LABEL,
    SETTINGS,
    TRUSTED_HOSTS,
)

# What decides what an image is made of.
_KINDS: Final = ("base-image", "build-arg", "pin")
# Where packages come from, how fast, and in which layer they are: hashes decide what they are.
_INSTALLATION: Final = (INDEX_URL, EXTRA_INDEX_URLS, TRUSTED_HOSTS, HEAVY_WHEELS, *SETTINGS)


def locked_image(image: Image) -> LockedImage:
    """Return what a lock has of an image of a plan without a lock."""
    labels = {label.key: label.value for label in image.labels}
    return LockedImage(
        framework=image.framework,
        target=image.stage,
        cuda=labels.get(CUDA_LABEL, ""),
        device=labels.get(DEVICE_LABEL, ""),
        plan=f"sha256:{image.plan_hash}",
        plugins=tuple(labels.get(PLUGINS_LABEL, "").split(", ")),
        values=tuple(
            (f"{entry.kind} {entry.key}", hide(entry.value))
            for entry in image.entries
            if entry.kind in _KINDS and entry.key not in _INSTALLATION
        ),
    )


def differences(lock: Lock, plan: BuildPlan) -> Iterator[str]:
    """Yield why a lock is not for what is requested; nothing if it is.

    Args:
        lock: a lock.
        plan: of the request, without a lock.
    """
    known = {image.identity: image for image in lock.images}
    for image in map(locked_image, plan.images):
        name = " ".join(filter(None, (image.framework, image.cuda, image.device, image.target)))
        locked = known.get(image.identity)
        if locked is None:
            yield f"it does not have {name}"
            continue
        before, now = dict(locked.values), dict(image.values)
        for key in sorted({*before, *now}):
            if before.get(key) != now.get(key):
                yield (
                    f"{key} is {now.get(key, 'not set')!r}, "
                    f"but the lock has {before.get(key, 'nothing')!r}"
                )
    platforms = {one.platform for one in lock.packages} | {one.platform for one in lock.wheels}
    for platform in plan.outputs.platforms:
        if platform not in platforms:
            yield f"it is not for {platform}"


def changed_plugins(lock: Lock, plan: BuildPlan) -> Iterator[str]:
    """Yield the images whose plan is not the locked one, although the same is requested: their
    plugins have changed.
    """
    known = {image.identity: image for image in lock.images}
    for image in map(locked_image, plan.images):
        locked = known.get(image.identity)
        if locked and locked.plan != image.plan:
            new = sorted({*image.plugins} - {*locked.plugins})
            detail = f": {', '.join(new)}" if new else ", or their files"
            yield f"the plugins of {image.framework} {image.target} have changed{detail}"
