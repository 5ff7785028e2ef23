# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What an image's labels may decide, and which images get what is the caller's own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from dynamo_container.errors import MachineError
from dynamo_container.host.built import is_built_here
from dynamo_container.model.facts import ImageInfo
from dynamo_container.model.names import (
    CALL_LABEL,
    DEV_LABEL,
    DEV_PLAN_LABEL,
    HOME_LABEL,
    OWNER_LABEL,
    PROJECT_LABEL,
    REPOSITORY,
    RUN_LABEL,
    SERVE_LABEL,
    UID_LABEL,
)
from dynamo_container.model.values import Notice
from dynamo_container.options.run_records import RunOptions

_PROJECT_FILE: Final = "project file"
# Labels of images, and what each must look like.
_SHAPES: Final = {
    HOME_LABEL: r"(?a:(?:/[A-Za-z0-9_][\w.-]*)+)",
    UID_LABEL: r"(?a:\d{1,10})",
}
_OF_CONTAINERS: Final = (
    *(CALL_LABEL, DEV_LABEL, DEV_PLAN_LABEL),
    *(OWNER_LABEL, PROJECT_LABEL, RUN_LABEL, SERVE_LABEL),
)


def require_valid_labels(name: str, image: ImageInfo) -> None:
    """Refuse an image whose labels cannot be right.

    Args:
        name: of the image, for the message.
        image: as the engine reports it.

    Raises:
        MachineError: a label that becomes part of a mount is not valid, or the image has a label by
            which `ps` and `stop` find containers.
    """
    for key, value in image.labels:
        if not value:
            continue  # as if it did not have the label
        if not re.fullmatch(_SHAPES.get(key, r"[\s\S]*"), value):
            raise _fault(name, f"its label {key} is {value[:80]!r}")
        if key in _OF_CONTAINERS:
            raise _fault(name, f"it has the label {key}, which only containers have")


def _fault(name: str, problem: str) -> MachineError:
    return MachineError(
        f"the image {name} is not valid: {problem}",
        "the fault is in the image: build it again, or ask those who made it",
    )


def is_built(image: ImageInfo | None) -> bool:
    """Whether the caller built an image here."""
    return image is not None and is_built_here(image.id)


def is_trusted(options: RunOptions, framework: str, name: str, *, built: bool) -> bool:
    """Whether an image may get what is the caller's own: the Hugging Face cache, its token, the
    history of shells.

    Args:
        options: of the command.
        framework: that the options name, or the default one; empty for none.
        name: of the image.
        built: whether the caller built it here.

    Returns:
        True if so, or if the caller named its framework, or it has a name that only this machine
        gives: `dynamo:TAG`. A project file names neither image nor framework for the caller.
    """
    origins = (options.origin("--image"), options.origin("--framework"))
    named = bool(framework) and not any(one.startswith(_PROJECT_FILE) for one in origins)
    return built or named or name.partition("@")[0].partition(":")[0] == REPOSITORY


def withheld(options: RunOptions, image: str, *, trusted: bool) -> Iterator[Notice]:
    """Yield what an image that is not trusted does not get, if it was asked for."""
    if options.mount_workspace and not trusted:
        yield Notice(
            text=f"you did not build {image} here, so it gets neither HF_TOKEN nor your Hugging "
            "Face cache; to give it both, name its framework: --framework NAME"
        )
