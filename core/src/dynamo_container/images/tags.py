# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The tags of a build's images."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from dynamo_container.errors import UsageError
from dynamo_container.images.contributions import Contributions
from dynamo_container.images.pins import merge_pins
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
    """Return a CUDA version as part of a name: `cu129` for `12.9`."""
    return f"cu{version.replace('.', '')}"


class Tagger:
    """Tags the images of one build, which depends on what else is built.

    Raises:
        UsageError: --tag is given for several images.
    """

    def __init__(
        self, *, registry: Registry, settings: BuildSettings, requests: Sequence[BuildRequest]
    ) -> None:
        self.registry = registry
        self.settings = settings
        self.requests = requests
        if settings.tags and len(requests) > 1:
            raise UsageError(
                f"--tag cannot be used with several images ({len(requests)} are requested)",
                "omit it, or build them one by one",
            )

    def tags(self, image: Contributions) -> tuple[str, ...]:
        """Return the tags of an image: its version, or the user's tags, and `latest`.

        If a framework is built with several CUDA versions, they are part of the version tags, and
        `latest` goes to the framework's default version.

        Raises:
            UsageError: a tag is not valid, or cannot be pushed.
        """
        request, settings = image.request, self.settings
        several = self._has_several(request.framework)
        cuda = image.pin(CUDA)
        name = f"{request.variant}-{cuda_suffix(cuda)}" if several else request.variant
        version = f"v{self._version(image)}"
        tags = [_named(tag, image, settings, self.requests[0].target) for tag in settings.tags]
        tags = tags or [image_reference(name, request.target, version, settings.repository)]
        for tag in tags:
            if not is_reference(tag):
                raise UsageError(
                    f"{tag!r} is not a valid image reference", "a tag has at most 128 characters"
                )
        if settings.latest and (not several or cuda == self._default_cuda(request)):
            repository = settings.repository
            latest = image_reference(request.variant, request.target, repository=repository)
            tags.append(latest)
        if settings.outputs.push:
            _require_registry(tags)
        return tuple(dict.fromkeys(tags))

    def notices(self) -> tuple[str, ...]:
        """Return what the user should know about the tags."""
        if not self.settings.latest:
            return ()
        notices = []
        for request in {request.framework: request for request in self.requests}.values():
            requested = self._cuda_versions(request.framework)
            if not self._has_several(request.framework):
                continue
            if (default := self._default_cuda(request)) not in requested:
                notices.append(
                    f"no image of {request.framework} gets the tag 'latest', "
                    f"which is for its default CUDA version, {default}"
                )
        return tuple(notices)

    def _cuda_versions(self, framework: str) -> set[str | None]:
        return {request.cuda_version for request in self.requests if request.framework == framework}

    def _has_several(self, framework: str) -> bool:
        return len(self._cuda_versions(framework)) > 1

    def _default_cuda(self, request: BuildRequest) -> str:
        pins = merge_pins(self.registry, replace(request, cuda_version=None))
        return next((pin.value.version for pin in pins if pin.key == CUDA), "")

    def _version(self, image: Contributions) -> str:
        """Dynamo's version; for a framework that does not install Dynamo, its plugin's."""
        return image.pin(DYNAMO) or next(
            plugin.candidate.version
            for plugin in self.registry.plugins(image.request.framework)
            if plugin.candidate.group == FRAMEWORKS
        )


def _require_registry(tags: Iterable[str]) -> None:
    """Require that tags to push name a registry.

    Raises:
        UsageError: one does not.
    """
    for tag in tags:
        if not has_registry(tag):
            raise UsageError(
                f"--push requires a registry, which {tag} does not name",
                "add --repository REGISTRY/NAME; or --tag REGISTRY/NAME:TAG with --no-latest",
            )


def _named(tag: str, image: Contributions, settings: BuildSettings, requested: str) -> str:
    """Return the tag of an image with `--tag`.

    If other stages are built with the target, the tag names dev: `T` is dev, and local-dev is
    `T-local-dev`; `T-local-dev` names the same two images.
    """
    stages = {stage.key: stage.value for stage in image.stages}
    built_with = [name for name in stages[requested].built_with if not stages[name].image]
    if settings.alone or not built_with:
        return tag
    plain = tag.removesuffix(f"-{requested}")
    target = image.request.target
    return plain if target == DEV_TARGET else with_suffix(plain, target)


def refuse_shared_tags(images: Iterable[Image]) -> None:
    """Require that each tag is that of one image.

    Raises:
        UsageError: two images would have the same tag.
    """
    owners: dict[str, str] = {}
    for image in images:
        for tag in image.tags:
            if owners.setdefault(tag, image.target) != image.target:
                raise UsageError(
                    f"two images would have the tag {tag}",
                    "build them one by one, with --tag and --no-latest",
                )
