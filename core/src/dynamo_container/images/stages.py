# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The stages of an image, and the Dockerfiles that they are built from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

from dynamo_container.errors import PluginError, UsageError
from dynamo_container.images import dockerfile
from dynamo_container.images.dockerfile import StageSource
from dynamo_container.model.provenance import Contribution, Layer, Resolved, merge
from dynamo_container.model.requests import BuildRequest
from dynamo_container.model.text import known_names
from dynamo_container.model.values import Stage

PLUGIN_FAULT = "this is a fault in the plugin: update it, or report it to its author"


class StageFiles(NamedTuple):
    """A stage with a Dockerfile, and what was read from it."""

    stage: Stage
    source: StageSource


def merge_stages(
    contributions: Iterable[Contribution[Stage]], replaced: dict[str, str], request: BuildRequest
) -> tuple[Resolved[Stage], ...]:
    """Merge the plugins' stages with the images that replace some of them.

    Args:
        contributions: of the plugins.
        replaced: the user's images, by stage.
        request: of the image.

    Raises:
        ConflictError: two plugins provide different stages of one name.
        UsageError: the user replaces a stage that does not exist.
    """
    stages = tuple(contributions)
    # A stage has one owner on any layer: a stage never replaces another one silently.
    same_layer = [
        replace(stage, source=replace(stage.source, layer=Layer.FRAMEWORK)) for stage in stages
    ]
    merge("stage", same_layer, lambda stage: stage.name, "{without}", describe_stage)
    known = {stage.value.name for stage in stages}
    for name in replaced:
        if name not in known:
            raise UsageError(
                f"--stage {name}: there is no such stage",
                known_names(name, known, "known stages"),
            )
    user = [
        Contribution(value=Stage(name=name, image=image), source=request.source("--stage"))
        for name, image in replaced.items()
    ]
    return merge("stage", [*stages, *user], lambda stage: stage.name, "", describe_stage)


def read_stage(resolved: Resolved[Stage], request: BuildRequest) -> StageFiles:
    """Read the Dockerfile and the context of a stage.

    Raises:
        PluginError: the Dockerfile cannot be read, or does not have the stage's target.
    """
    stage = resolved.value
    assert stage.dockerfile is not None
    context = stage.context or stage.dockerfile.parent
    checkout = request.checkout
    known_digest = checkout.digest if checkout and context == checkout.path else ""
    try:
        source = dockerfile.read(stage.dockerfile, context, known_digest)
    except PluginError as error:
        owner = f"stage {stage.name!r} of {resolved.sources[0].with_location}"
        raise PluginError(f"{owner}: {error.what}", error.next_step) from error
    if (stage.target or stage.name) not in source.targets:
        raise PluginError(
            f"{stage.dockerfile} has no 'FROM ... AS {stage.target or stage.name}', "
            f"which stage {stage.name!r} of {resolved.sources[0]} requires",
            PLUGIN_FAULT,
        )
    return StageFiles(stage=stage, source=source)


def describe_stage(stage: Stage) -> str:
    """Return a stage as text, for messages."""
    return stage.image or str(stage.dockerfile)
