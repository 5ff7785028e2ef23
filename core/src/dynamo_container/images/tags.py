# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What the images of a build are called."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from dynamo_container.errors import UsageError
from dynamo_container.images.contributions import Contributions, pins
from dynamo_container.images.plan import Image
from dynamo_container.model.names import CUDA, DEV_TARGET, DYNAMO
from dynamo_container.model.references import (
    has_registry,
    image_reference,
    is_reference,
    with_suffix,
)
from dynamo_container.model.requests import BuildRequest, BuildSettings
from dynamo_container.plugins.discovery import FRAMEWORKS
from dynamo_container.plugins.registry import Registry


def cuda_suffix(version: str) -> str:
    """How a name says a CUDA version: `12.9` as `cu129`."""
    return f"cu{version.replace('.', '')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Names the images of one build, which depend on what else is built."""

    registry: Registry
    settings: BuildSettings
    requests: Sequence[BuildRequest]

    def __post_init__(self) -> None:
        if self.settings.tags and len(self.requests) > 1:
            raise UsageError(
                "--tag names one image, and several are built",
                "leave it out, or build them one by one",
            )
        for tag in self.settings.tags:
            if not is_reference(tag):
                raise UsageError(
                    f"--tag {tag!r} is no image reference",
                    "for example: my-image:dev, registry:5000/team/image",
                )

    def of(self, said: Contributions) -> tuple[str, ...]:
        """The tags of an image: its version, or what the user said, and `latest`.

        Where a framework is built with several CUDA versions, the version tag tells which, and
        `latest` is that of the framework's default.
        """
        request, settings = said.request, self.settings
        several = self._several(request.framework)
        name = request.framework
        if several:
            name = f"{name}-{cuda_suffix(said.pin(CUDA))}"
        wanted = self.requests[0].target
        versioned = tuple(_named(tag, said, settings, wanted) for tag in settings.tags) or (
            image_reference(name, request.target, f"v{self._version(said)}", settings.repository),
        )
        for tag in versioned:
            if not is_reference(tag):
                raise UsageError(
                    f"{tag!r} is no image reference", "a tag has at most 128 characters"
                )
        default = not several or said.pin(CUDA) == self._default_cuda(request)
        latest = (
            (image_reference(request.framework, request.target, repository=settings.repository),)
            if settings.latest and default
            else ()
        )
        tags = tuple(dict.fromkeys((*versioned, *latest)))
        if settings.outputs.push:
            _refuse_nowhere(tags)
        return tags

    def notices(self) -> tuple[str, ...]:
        """What a user should know of the names."""
        if not self.settings.latest:
            return ()
        found = []
        for request in {one.framework: one for one in self.requests}.values():
            default = self._default_cuda(request)
            if self._several(request.framework) and default not in self._cuda(request.framework):
                found.append(
                    f"no image of {request.framework} gets the tag 'latest', "
                    f"which is for its default CUDA version, {default}"
                )
        return tuple(found)

    def _cuda(self, framework: str) -> set[str | None]:
        return {one.cuda_version for one in self.requests if one.framework == framework}

    def _several(self, framework: str) -> bool:
        return len(self._cuda(framework)) > 1

    def _default_cuda(self, request: BuildRequest) -> str:
        said = pins(self.registry, replace(request, cuda_version=None))
        return next((one.value.version for one in said if one.key == CUDA), "")

    def _version(self, said: Contributions) -> str:
        """Dynamo's; of a framework that installs none, its plugin's."""
        return said.pin(DYNAMO) or next(
            plugin.candidate.version
            for plugin in self.registry.plugins(said.request.framework)
            if plugin.candidate.group == FRAMEWORKS
        )


def _refuse_nowhere(tags: tuple[str, ...]) -> None:
    """A push goes to a registry.

    Raises:
        UsageError: a tag has none.
    """
    for tag in tags:
        if not has_registry(tag):
            raise UsageError(
                f"--push has no registry for {tag}",
                "add --repository REGISTRY/NAME; or --tag REGISTRY/NAME:TAG with --no-latest",
            )


def _named(tag: str, said: Contributions, settings: BuildSettings, wanted: str) -> str:
    """What `--tag` names an image. Where stages come with the target, it names the plain one of
    them: `T` is dev, and local-dev is `T-local-dev`; a `T-local-dev` names the same two.
    """
    stages = {one.key: one.value for one in said.stages}
    built_with = [name for name in stages[wanted].built_with if not stages[name].image]
    if settings.alone or not built_with:
        return tag
    plain = tag.removesuffix(f"-{wanted}")
    target = said.request.target
    return plain if target == DEV_TARGET else with_suffix(plain, target)


def refuse_shared_tags(images: Iterable[Image]) -> None:
    """One tag has one image.

    Raises:
        UsageError: two images would have the same.
    """
    owner: dict[str, str] = {}
    for image in images:
        for tag in image.tags:
            if owner.setdefault(tag, image.target) != image.target:
                raise UsageError(
                    f"two images would have the tag {tag}",
                    "build them one by one, with --tag and --no-latest",
                )
