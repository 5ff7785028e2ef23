# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The images from outside that a target of a build uses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Final

from dynamo_container.images import dockerfile
from dynamo_container.images.plan import Target
from dynamo_container.model.references import familiar
from dynamo_container.model.values import NamedContext

if TYPE_CHECKING:
    from dynamo_container.model.lock import Lock

_IMAGE: Final = "docker-image://"
_TARGET: Final = "target:"
_SCRATCH: Final = "scratch"
# BuildKit reads the Dockerfile with this image.
_FRONTEND: Final = "BUILDKIT_SYNTAX"


def external_images(targets: Iterable[Target], name: str) -> tuple[str, ...]:
    """Return the references of all images that a target and those below it use, sorted: what they
    start from, copy from or mount, with the build arguments that they get; and the URLs of named
    contexts.

    Args:
        targets: of the plan.
        name: of the target.
    """
    by_name = {target.name: target for target in targets}
    found: set[str] = set()
    below, visited = [name], set[str]()
    while below:
        target = by_name[below.pop()]
        visited.add(target.name)
        sources = {context.name.lower(): context.source for context in target.contexts}
        found |= {
            source.removeprefix(_IMAGE)
            for source in sources.values()
            if not source.startswith((_TARGET, "/"))
        }
        found |= set(_named_in_dockerfile(target, sources))
        found |= {value for name, value in target.args if name == _FRONTEND}
        names = {
            source.removeprefix(_TARGET)
            for source in sources.values()
            if source.startswith(_TARGET)
        }
        below += sorted(names - visited)
    return tuple(sorted(found))


def pinned(target: Target, lock: Lock) -> Target:
    """Return a target whose Dockerfile gets the images that it names by the digests of a lock: as
    named contexts, which replace them.
    """
    sources = {context.name.lower(): context.source for context in target.contexts}
    locked = {name: lock.base(name) for name in _named_in_dockerfile(target, sources)}
    added = {
        familiar(name): f"{_IMAGE}{name}@{base.digest}"
        for name, base in locked.items()
        if base and base.digest and "@" not in name
    }
    contexts = (*target.contexts, *(NamedContext(name=k, source=v) for k, v in added.items()))
    return target._replace(contexts=tuple(sorted(contexts, key=lambda one: one.name)))


def _named_in_dockerfile(target: Target, contexts: Mapping[str, str]) -> Iterator[str]:
    """The images that the stages of a Dockerfile name which a target is made of."""
    stages = dockerfile.sources(target.dockerfile, dict(target.args))
    below, visited = [target.dockerfile_target.lower()], set[str]()
    while below:
        name = below.pop()
        visited.add(name)
        for source in stages[name]:
            if source.lower() in contexts or source.lower() in visited:
                continue
            if source.lower() in stages:
                below.append(source.lower())
            elif source and source.lower() != _SCRATCH:
                yield source


def generators(attestations: Iterable[str]) -> Iterator[str]:
    """Yield the images that create attestations: `type=sbom,generator=IMAGE`."""
    for specification in attestations:
        for field in specification.split(","):
            name, _, value = field.partition("=")
            if name.strip() == "generator" and value:
                yield value
