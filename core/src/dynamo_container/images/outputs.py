# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Caches, platforms and outputs of a build: as bake takes them, and what a builder cannot do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from dynamo_container.errors import MachineError, UsageError
from dynamo_container.images.plan import BuildPlan, Target
from dynamo_container.model.facts import BuilderInfo
from dynamo_container.model.references import as_tag
from dynamo_container.model.requests import Outputs

_INLINE: Final = "type=inline"
# A cache manifest of the same form as an image's is one that every registry takes.
_EXPORT: Final = "mode=max,image-manifest=true,oci-mediatypes=true"
_MAKE_ONE: Final = (
    "docker buildx create --name dynamo --driver docker-container, then --builder dynamo; "
    "or turn on containerd's image store"
)
_EMULATE: Final = "let it be emulated: docker run --privileged --rm tonistiigi/binfmt --install"
_ADD_ONE: Final = "docker buildx create --append --name dynamo HOST"


def outputs(outputs: Outputs) -> list[str]:
    """Where a wanted image goes."""
    return [
        *(["type=docker"] if outputs.load else []),
        *(["type=registry"] if outputs.push else []),
    ]


def cache_from(outputs: Outputs, target: Target) -> list[str]:
    """The caches that a target reads."""
    if not outputs.cache:
        return list(outputs.cache_from)
    platforms = outputs.platforms or (outputs.cache_platform,)
    alone = [(platform,) for platform in platforms] if len(platforms) > 1 else []
    return [
        *outputs.cache_from,
        *(
            f"type=registry,ref={_cache_reference(outputs.cache, name, some)}"
            for name in target.cache_names
            for some in (platforms, *alone)
        ),
    ]


def cache_to(outputs: Outputs, target: Target, tops: Iterable[str]) -> list[str]:
    """The caches that a target writes: what the user named is for whole images, which have all the
    stages below in them.
    """
    named = list(outputs.cache_to) if target.name in tops else []
    if not outputs.cache:
        return named
    platforms = outputs.platforms or (outputs.cache_platform,)
    reference = _cache_reference(outputs.cache, target.cache_names[0], platforms)
    return [*named, f"type=registry,ref={reference},{_EXPORT}"]


def _cache_reference(repository: str, name: str, platforms: tuple[str, ...]) -> str:
    return f"{repository}:{as_tag('-'.join([name, *platforms]))}"


def tops(plan: BuildPlan) -> list[str]:
    """The targets of the wanted images that no other wanted image is made from."""
    wanted = [image.target for image in plan.images]
    contexts = {
        target.name: [context.source.removeprefix("target:") for context in target.contexts]
        for target in plan.targets
    }
    below: set[str] = set()
    for target in reversed(plan.targets):  # each stands below what reads it
        if target.name in wanted or target.name in below:
            below.update(contexts[target.name])
    return [name for name in wanted if name not in below]


def refuse_shared_cache(plan: BuildPlan) -> None:
    """A cache that two images write has that of the last one alone.

    Raises:
        UsageError: there is one.
    """
    for cache in plan.outputs.cache_to:
        if len(tops(plan)) > 1 and not cache.startswith(_INLINE):
            raise UsageError(
                f"--cache-to {cache} would be written by {len(tops(plan))} images, "
                "and keep what the last one wrote",
                "use --cache REGISTRY/REPO, which has a cache for each stage; "
                "or build them one by one",
            )


def refuse_what_cannot_be(outputs: Outputs, builder: BuilderInfo) -> None:
    """Say before the build what the builder cannot do.

    Raises:
        MachineError: there is such a thing; with what would make a builder that can.
    """
    for what, hint in _shortcomings(outputs, builder):
        raise MachineError(
            f"the builder {builder.name!r} (driver {builder.driver}) cannot {what}", hint
        )


def _shortcomings(outputs: Outputs, builder: BuilderInfo) -> Iterator[tuple[str, str]]:
    several = len(outputs.platforms) > 1
    attested = any("disabled=true" not in one for one in outputs.attests)
    if builder.is_plain_docker:
        if outputs.cache or any(not one.startswith(_INLINE) for one in outputs.cache_to):
            yield "write a cache", _MAKE_ONE
        if several:
            yield "build one image for several platforms", _MAKE_ONE
        if attested:
            yield "attach attestations", _MAKE_ONE
    elif (several or attested) and outputs.load and builder.driver != "docker":
        what = "for several platforms" if several else "with attestations"
        yield f"load an image {what} into the engine", "push it instead, without --load: --push"


def doubts(outputs: Outputs, builder: BuilderInfo) -> Iterator[str]:
    """What the builder may be able to do: without emulation it can copy files for another platform,
    and run nothing.
    """
    for platform in outputs.platforms:
        if builder.platforms and platform not in builder.platforms:
            yield (
                f"the builder {builder.name!r} has no {platform} of its own, and steps that run "
                f"something will fail; {_EMULATE} {platform.split('/')[1]}; "
                f"or add a machine: {_ADD_ONE}"
            )
