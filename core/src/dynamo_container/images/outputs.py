# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Caches, platforms and outputs of a build, in bake's syntax, and what a builder has to support."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from dynamo_container.errors import MachineError, UsageError
from dynamo_container.images.archives import archive
from dynamo_container.images.plan import BuildPlan, Target
from dynamo_container.model.names import COMPRESSIONS, ESTARGZ
from dynamo_container.model.references import as_tag

if TYPE_CHECKING:
    from dynamo_container.model.facts import BuilderInfo
    from dynamo_container.model.requests import Outputs

HOST_NETWORK: Final = "host"
# The versions of buildx whose bake files have these.
_NETWORK_SINCE: Final = "0.17"
_HOSTS_SINCE: Final = "0.25"
_INLINE: Final = "type=inline"
# Every registry accepts a cache whose manifest has the form of an image's.
_EXPORT: Final = "mode=max,image-manifest=true,oci-mediatypes=true"
_CREATE_CONTAINER: Final = (
    "docker buildx create --name dynamo --driver docker-container, then --builder dynamo"
)
_CREATE_BUILDER: Final = f"{_CREATE_CONTAINER}; or enable containerd's image store"
# The classic store ignores this: it keeps files. containerd's keeps the compressed layers, too.
_LOADED: Final = "type=docker,compression=zstd,compression-level=1"
_EMULATE: Final = "emulate it: docker run --privileged --rm tonistiigi/binfmt --install"
_ADD_NODE: Final = "docker buildx create --append --name dynamo HOST"


def exporters(outputs: Outputs, tags: tuple[str, ...]) -> list[str]:
    """Return the exporters of a requested image with these tags."""
    loaded = _LOADED
    if outputs.archives and not outputs.saved:
        # Podman decompresses what it loads.
        quoted = f"dest={archive(outputs, tags)}".replace('"', '""')
        loaded = f'type=docker,compression=uncompressed,"{quoted}"'
    pushed = f"type=registry,compression={outputs.compression or COMPRESSIONS[0]}"
    # Otherwise a layer that already has another compression keeps it, as those of base images do.
    pushed += ",force-compression=true" if outputs.compression else ""
    return [
        *([loaded] if outputs.load else []),
        *([f"{pushed},oci-mediatypes=true"] if outputs.push else []),
    ]


def cache_from(outputs: Outputs, target: Target) -> list[str]:
    """Return the caches that a target reads."""
    if not outputs.cache:
        return list(outputs.cache_from)
    platforms = outputs.platforms or (outputs.cache_platform,)
    single = [(platform,) for platform in platforms] if len(platforms) > 1 else []
    return [
        *outputs.cache_from,
        *(
            f"type=registry,ref={_cache_reference(outputs.cache, name, names)}"
            for name in target.cache_names
            for names in (platforms, *single)
        ),
    ]


def cache_to(outputs: Outputs, target: Target, tops: Iterable[str]) -> list[str]:
    """Return the caches that a target writes.

    Args:
        outputs: of the build.
        target: of the plan.
        tops: the targets that write the user's `--cache-to`: images that contain all others.
    """
    given = list(outputs.cache_to) if target.name in tops else []
    if not outputs.cache:
        return given
    platforms = outputs.platforms or (outputs.cache_platform,)
    reference = _cache_reference(outputs.cache, target.cache_names[0], platforms)
    return [*given, f"type=registry,ref={reference},{_EXPORT}"]


def _cache_reference(repository: str, name: str, platforms: tuple[str, ...]) -> str:
    return f"{repository}:{as_tag('-'.join([name, *platforms]))}"


def tops(plan: BuildPlan) -> list[str]:
    """Return the targets of the requested images that no other requested image contains."""
    requested = [image.target for image in plan.images]
    contexts = {
        target.name: [context.source.removeprefix("target:") for context in target.contexts]
        for target in plan.targets
    }
    below: set[str] = set()
    for target in reversed(plan.targets):  # a target precedes those that read it
        if target.name in requested or target.name in below:
            below.update(contexts[target.name])
    return [name for name in requested if name not in below]


def refuse_shared_cache(plan: BuildPlan) -> None:
    """Require that each cache is written by one image: a second one would replace it.

    Raises:
        UsageError: two images write the same cache.
    """
    for cache in plan.outputs.cache_to:
        if len(tops(plan)) > 1 and not cache.startswith(_INLINE):
            raise UsageError(
                f"--cache-to {cache} would be written by {len(tops(plan))} images, "
                "each of which replaces the previous one",
                "use --cache REGISTRY/REPO, which has a cache for each stage; "
                "or build them one by one",
            )


def require_capabilities(outputs: Outputs, builder: BuilderInfo) -> None:
    """Require that the builder supports what a build asks of it.

    Raises:
        MachineError: it does not; the hint says how to get a builder that does.
    """
    for what, hint in _shortcomings(outputs, builder):
        raise MachineError(
            f"the builder {builder.name!r} (driver {builder.driver}) cannot {what}", hint
        )


def is_capable(outputs: Outputs, builder: BuilderInfo) -> bool:
    """Whether the builder supports what a build asks of it."""
    return not any(_shortcomings(outputs, builder))


def _shortcomings(outputs: Outputs, builder: BuilderInfo) -> Iterator[tuple[str, str]]:
    several = len(outputs.platforms) > 1
    attested = any("disabled=true" not in spec for spec in outputs.attests)
    if outputs.compression == ESTARGZ and builder.is_docker:
        # Docker 28's panics on it, which ends the engine and every container.
        yield "make layers of the form estargz", f"{_CREATE_CONTAINER}; or omit --compression"
    if builder.is_plain_docker:
        if outputs.compression not in ("", "gzip"):
            # It would push gzip without a word.
            yield f"compress layers with {outputs.compression}", _CREATE_BUILDER
        if outputs.cache or any(not spec.startswith(_INLINE) for spec in outputs.cache_to):
            yield "write a cache", _CREATE_BUILDER
        if several:
            yield "build one image for several platforms", _CREATE_BUILDER
        if attested:
            yield "attach attestations", _CREATE_BUILDER
    elif (several or attested) and outputs.load and (outputs.archives or not builder.is_docker):
        what = "for several platforms" if several else "with attestations"
        yield f"load an image {what} into the engine", "omit --load, and push it: --push"


def oldest_buildx(outputs: Outputs) -> tuple[str, str]:
    """Return the option of a build that requires a newer buildx than all others, and the version;
    both empty if every buildx that we support will do. An older one would ignore the option.
    """
    if outputs.hosts:
        return "--add-host", _HOSTS_SINCE
    return ("--network", _NETWORK_SINCE) if outputs.network else ("", "")


def platform_warnings(outputs: Outputs, builder: BuilderInfo) -> Iterator[str]:
    """Yield warnings for platforms that the builder may not support.

    Without emulation it can copy files for another platform, but not run anything.
    """
    for platform in outputs.platforms:
        if builder.platforms and platform not in builder.platforms:
            yield (
                f"the builder {builder.name!r} does not support {platform}, so steps that run "
                f"a command will fail; {_EMULATE} {platform.split('/')[1]}; "
                f"or add a machine: {_ADD_NODE}"
            )
