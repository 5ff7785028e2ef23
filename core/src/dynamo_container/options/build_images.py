# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What the engines know about a build's images: --dev-image, --engine-image, and where they go."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from dynamo_container.docker import program
from dynamo_container.errors import EngineError, MachineError, UsageError
from dynamo_container.model.names import (
    DEV_TARGET,
    FRAMEWORK_LABEL,
    LABEL_PREFIX,
    LOCAL_DEV_TARGET,
    RUNTIME_STAGE,
    TARGET_LABEL,
)
from dynamo_container.model.references import is_reference
from dynamo_container.model.text import quoted
from dynamo_container.model.values import Notice

if TYPE_CHECKING:
    from dynamo_container.model.facts import ImageInfo
    from dynamo_container.options.records import BuildOptions


def dev_image(options: BuildOptions) -> tuple[ImageInfo | None, str, tuple[Notice, ...]]:
    """Return the image of `--dev-image`, the stage that it replaces, and what was assumed about it.

    An image without our labels replaces `runtime`, so that it gets the tools of dev.
    """
    name = options.dev_image
    if not name:
        return None, DEV_TARGET, ()
    from dynamo_container.docker import engine

    _require_dev_image(name)
    try:
        info, assumed = engine.inspect_image(name), f"the engine does not have {name}"
    except EngineError as error:
        info, assumed = None, error.what
    if info is None:
        return (
            None,
            DEV_TARGET,
            (Notice(text=f"{assumed}; assuming that it is one of our dev images"),),
        )
    target = info.label(TARGET_LABEL)
    if target == LOCAL_DEV_TARGET:
        raise UsageError(
            f"--dev-image {name} is already a local-dev image", "name the dev image that it is from"
        )
    notices = () if target else (Notice(text=_unlabelled(name), warning=True),)
    return info, DEV_TARGET if target == DEV_TARGET else RUNTIME_STAGE, notices


def engine_image(options: BuildOptions) -> ImageInfo | None:
    """Return the image of `--engine-image`; None if the docker engine does not have it.

    Raises:
        UsageError: it has a Dynamo already, or labels that only our images have: what is built
            beside it would have them, too.
    """
    name = options.engine_image
    if not name:
        return None
    from dynamo_container.docker import engine

    try:
        info = engine.inspect_image(name)
    except EngineError:
        return None
    if info and info.label(FRAMEWORK_LABEL):
        raise UsageError(
            f"--engine-image {name} has a Dynamo already: dynamo-container built it",
            "name the image of the engine that it was built from",
        )
    if info and (ours := [key for key, _ in info.labels if key.startswith(LABEL_PREFIX)]):
        raise UsageError(
            f"--engine-image {name} has the label {quoted(ours[0])}, which only images of "
            "dynamo-container have",
            "name the image of the engine as it was published",
        )
    return info


def archives(options: BuildOptions) -> tuple[str, bool]:
    """Return the folder for archives from which podman loads what is built, empty for docker; and
    whether docker's own store has the images first: its classic builder cannot write archives.
    """
    if not program.is_podman() or (options.push and not options.load):
        return "", False
    from dynamo_container.docker import buildx

    cache = os.environ.get("XDG_CACHE_HOME", "")
    cache = cache if cache.startswith("/") else os.path.expanduser("~/.cache")  # noqa: PTH111
    try:
        saved = buildx.inspect_builder(options.builder or "").is_plain_docker
    except (EngineError, MachineError):  # the build will report it
        saved = False
    return f"{cache}/dynamo-container/archives", saved


def _unlabelled(name: str) -> str:
    return (
        f"{name} was not built by dynamo-container: the developer tools are added, "
        "but its own Python environment may not be writable for the user"
    )


def _require_dev_image(name: str) -> None:
    plain = name.partition("@")[0]
    if not is_reference(plain) or name.startswith("sha256:"):
        raise UsageError(
            f"--dev-image {name!r} is not a valid image reference", "for example: my-image:dev"
        )
    if plain.endswith(f"-{LOCAL_DEV_TARGET}"):
        raise UsageError(
            f"--dev-image {name} is already a local-dev image",
            f"name the dev image: {plain.removesuffix(f'-{LOCAL_DEV_TARGET}')}",
        )
