# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The targets of a build that state what a lock names: `NAME-lock` beside the stage NAME."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

from dynamo_container.errors import UsageError
from dynamo_container.images import bake, dockerfile
from dynamo_container.images.bake import JSON, literal
from dynamo_container.images.plan import BuildPlan, Image, Target

_SUFFIX: Final = "-lock"
_TARGET: Final = "target:"
_SECRET_MOUNT: Final = "type=secret"  # noqa: S105  # a mount


def below(plan: BuildPlan, image: Image) -> tuple[Target, ...]:
    """Return the targets that an image is made of, its own included."""
    by_name = {target.name: target for target in plan.targets}
    names, found = [image.target], set[str]()
    while names:
        name = names.pop()
        found.add(name)
        sources = (context.source for context in by_name[name].contexts)
        contexts = {
            source.removeprefix(_TARGET) for source in sources if source.startswith(_TARGET)
        }
        names += sorted(contexts - found)
    return tuple(target for target in plan.targets if target.name in found)


def states_lock(target: Target) -> bool:
    """Whether a target's Dockerfile states what a lock names."""
    return f"{target.stage}{_SUFFIX}" in dockerfile.sources(target.dockerfile, {})


def require_lockable(plan: BuildPlan) -> None:
    """Require that everything that is downloaded is stated.

    Raises:
        UsageError: a stage downloads something that it does not state.
    """
    for image in plan.images:
        for target in below(plan, image):
            if not states_lock(target) and _downloads(target):
                raise UsageError(
                    f"{image.framework} {image.stage} cannot be locked: its stage "
                    f"{target.stage!r} does not state what it downloads",
                    "lock another target, such as: --target runtime; or build it without a lock",
                )


def _downloads(target: Target) -> bool:
    """Whether a stage reaches a network: then its steps mount certificates."""
    return any(
        instruction.keyword == "RUN" and _SECRET_MOUNT in instruction.arguments
        for instruction in dockerfile.instructions(target.dockerfile)
    )


def stating(plan: BuildPlan) -> tuple[Target, ...]:
    """Return the targets of a plan that state what a lock names."""
    return tuple(target for target in plan.targets if states_lock(target))


def definition(plan: BuildPlan, folder: Path) -> dict[str, JSON]:
    """Return the bake definition that writes what a lock names.

    Args:
        plan: without a lock.
        folder: gets a folder for each target of `stating`, named after it.
    """
    own = {target.name: _lock_target(target) for target in stating(plan)}
    outputs = replace(plan.outputs, cache="", cache_to=(), attests=())
    document = bake.definition(
        plan._replace(images=(), targets=(*plan.targets, *own.values()), outputs=outputs)
    )
    document["group"] = {"default": {"targets": [target.name for target in own.values()]}}
    rendered = document["target"]
    assert isinstance(rendered, dict)
    for name, target in own.items():
        entry = rendered[target.name]
        assert isinstance(entry, dict)
        entry["output"] = [literal(f"type=local,dest={folder / name}")]
    return document


def _lock_target(target: Target) -> Target:
    return target._replace(
        name=f"{target.name}{_SUFFIX}",
        dockerfile_target=f"{target.stage}{_SUFFIX}",
    )
