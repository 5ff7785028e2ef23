# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The images that `build` built on this machine: which they are, and which can be deleted.

An image that somebody builds on one of ours has our labels too. So only those count as the caller's
own that `build` has recorded; see `host.built`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from dynamo_container.docker import images
from dynamo_container.docker.images import ListedImage
from dynamo_container.errors import UsageError, WorkFailedError
from dynamo_container.host import built
from dynamo_container.model.names import (
    CUDA_LABEL,
    DEVICE_LABEL,
    DYNAMO_LABEL,
    FRAMEWORK_LABEL,
    PLAN_LABEL,
    TARGET_LABEL,
)

_SHORTEST_ID: Final = 4
_UNITS: Final = (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))


def find(*, everyone: bool = False) -> tuple[ListedImage, ...]:
    """Return images with our labels, the newest first.

    Args:
        everyone: whether to include those that the caller did not build here.

    Raises:
        EngineError: no engine answers.
    """
    listed = images.list_images()
    return tuple(one for one in listed if everyone or built.is_built_here(one.id))


def select(found: Iterable[ListedImage], words: Sequence[str]) -> tuple[ListedImage, ...]:
    """Return the images that the words select, by name, ID or framework; without words all.

    Raises:
        UsageError: a word selects none.
    """
    every = tuple(found)
    for word in words:
        if not any(_matches(one, word) for one in every):
            raise UsageError(
                f"{word!r} is neither an image that you built here nor the framework of one",
                "see: dynamo-container images --all; to delete any other image: docker image rm",
            )
    return tuple(one for one in every if not words or any(_matches(one, word) for word in words))


def _matches(image: ListedImage, word: str) -> bool:
    number = word.removeprefix("sha256:")
    by_id = len(number) >= _SHORTEST_ID and image.id.partition(":")[2].startswith(number)
    named = word in image.tags or f"{word}:latest" in image.tags
    return by_id or named or word.lower() == image.label(FRAMEWORK_LABEL)


def unused(found: Iterable[ListedImage]) -> Iterator[ListedImage]:
    """Yield the images that no container uses, running or not."""
    for one in found:
        if not images.containers_of(one):
            yield one


def require_unused(found: Iterable[ListedImage]) -> None:
    """Require that no container uses the images.

    Raises:
        UsageError: one does.
    """
    for one in found:
        if names := images.containers_of(one):
            raise UsageError(
                f"the image {one.name} is used by the containers: {', '.join(names)}",
                f"delete them first: docker rm --force {' '.join(names)}",
            )


def remove(found: Iterable[ListedImage]) -> Iterator[str]:
    """Delete images with the names that they were listed with, and yield what was deleted; see
    `docker.images.remove`. One that cannot be deleted does not keep the others.

    Raises:
        EngineError: no engine answers.
        WorkFailedError: the engine refuses to delete one.
    """
    failures = []
    for image in found:
        try:
            yield from images.remove(image)
        except WorkFailedError as error:
            failures.append(error)
        if not images.exists(image):
            built.forget(image.id)
    if failures:
        raise failures[0]


def as_entry(image: ListedImage) -> dict[str, object]:
    """Return an image as a JSON object."""
    return {
        "id": image.id,
        "tags": list(image.tags),
        "framework": image.label(FRAMEWORK_LABEL),
        "target": image.label(TARGET_LABEL),
        "dynamo": image.label(DYNAMO_LABEL),
        "cuda": image.label(CUDA_LABEL),
        "device": image.label(DEVICE_LABEL),
        "plan": image.label(PLAN_LABEL),
        "size": image.size,
        "created": image.created,
        "own": built.is_built_here(image.id),
    }


def age(created: float, now: float) -> str:
    """Return how old something is, such as `3 hours`; `-` if that is not known."""
    seconds = max(1, int(now - created))
    for name, length in _UNITS:
        number = seconds // length
        if created and number:
            return f"{number} {name}{'s' if number > 1 else ''}"
    return "-"
