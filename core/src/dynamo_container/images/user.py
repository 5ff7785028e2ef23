# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What the user contributes to an image: base images, build arguments, secrets and stages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from dynamo_container.errors import UsageError
from dynamo_container.images.stages import StageFiles
from dynamo_container.model.names import (
    BASE_IMAGE,
    EXTRA_INDEX_URLS,
    INDEX_URL,
    MAX_JOBS,
    RELEASE_BUILD,
    RESOLVE_AS_OF,
    RUNTIME_STAGE,
    TRUSTED_HOSTS,
    USER_GID,
    USER_UID,
)
from dynamo_container.model.provenance import Contribution
from dynamo_container.model.requests import BuildRequest, BuildSettings
from dynamo_container.model.values import BaseImage, BuildArg, BuildSecret

# Arguments of steps that compile: their options require such a step.
_COMPILING: Final = (RELEASE_BUILD, MAX_JOBS)


def base_images(
    contributions: Iterable[Contribution[BaseImage]],
    files: dict[str, StageFiles],
    request: BuildRequest,
    settings: BuildSettings,
) -> Iterator[Contribution[BaseImage]]:
    """Yield the images of --base-image, --runtime-image, --engine-image and --build-arg BASE_IMAGE.

    Args:
        contributions: of the plugins.
        files: the Dockerfiles by stage.
        request: of the image.
        settings: of the build.

    Raises:
        UsageError: no stage takes such an image.
    """
    argument = dict(settings.build_args).get(BASE_IMAGE)
    image, flag = (argument, "--build-arg") if argument else (request.base_image, "--base-image")
    declared = {name for name, stage in files.items() if BASE_IMAGE in stage.source.args}
    stages = sorted(declared | {contribution.value.stage for contribution in contributions})
    if image and not stages:
        raise UsageError(
            f"{flag} cannot be used with {request.framework!r}: "
            f"no Dockerfile declares {BASE_IMAGE}",
            "omit it",
        )
    images = {stage: (image, flag) for stage in stages if image}
    if settings.runtime_image and not argument:
        foot = _foot_of_runtime(files, request)
        flag = "--engine-image" if request.engine_image else "--runtime-image"
        images[foot] = (settings.runtime_image, flag)
    for stage, (name, option) in images.items():
        yield Contribution(value=BaseImage(stage=stage, image=name), source=request.source(option))


def _foot_of_runtime(files: dict[str, StageFiles], request: BuildRequest) -> str:
    """Return the stage in the runtime's chain of stages that starts from BASE_IMAGE.

    Raises:
        UsageError: there is none.
    """
    name = RUNTIME_STAGE
    visited: set[str] = set()
    while name in files and name not in visited:
        visited.add(name)
        stage = files[name].stage
        below = {stage.extends, *stage.needs}
        base = files[name].source.starts_from(stage.target or stage.name, below)
        # Declaring the argument is not enough: another target of the file may be what uses it.
        if re.match(rf"\$\{{?{BASE_IMAGE}\b", base):
            return name
        name = base
    raise UsageError(
        f"--runtime-image cannot be used with {request.framework!r}: {RUNTIME_STAGE!r} and the "
        f"stages that it starts from do not start from {BASE_IMAGE}",
        "omit it",
    )


def build_args(
    request: BuildRequest,
    settings: BuildSettings,
    contributions: Iterable[Contribution[BuildArg]],
) -> Iterator[Contribution[BuildArg]]:
    """Yield the user's build arguments; --build-arg also replaces those for one stage only."""
    by_stage = {
        (contribution.value.name, contribution.value.stage)
        for contribution in contributions
        if contribution.value.stage
    }
    given = dict(settings.build_args)
    for name, value, flag in _option_args(request):
        if value is not None and name not in given:
            yield Contribution(value=BuildArg(name=name, value=value), source=request.source(flag))
    source = request.source("--build-arg")
    for name, value in given.items():
        if name != BASE_IMAGE:
            yield Contribution(value=BuildArg(name=name, value=value), source=source)
        for other, stage in sorted(by_stage):
            if other == name:
                arg = BuildArg(name=name, value=value, stage=stage)
                yield Contribution(value=arg, source=source)


def _option_args(request: BuildRequest) -> Iterator[tuple[str, str | None, str]]:
    """The build arguments that options of their own set: name, value and option."""
    as_of = "" if request.resolve_as_of == "none" else request.resolve_as_of
    yield RESOLVE_AS_OF, as_of, "--resolve-as-of"
    yield INDEX_URL, request.index_url or None, "--index-url"
    yield EXTRA_INDEX_URLS, " ".join(request.extra_index_urls) or None, "--extra-index-url"
    yield TRUSTED_HOSTS, " ".join(request.trusted_hosts) or None, "--trusted-host"
    yield RELEASE_BUILD, "true" if request.release_build else None, "--release-build"
    yield MAX_JOBS, _number(request.max_jobs), "--max-jobs"
    yield USER_UID, _number(request.uid), "--uid"
    yield USER_GID, _number(request.gid), "--gid"


def _number(value: int | None) -> str | None:
    return None if value is None else str(value)


def secrets(
    values: Iterable[BuildSecret], request: BuildRequest
) -> Iterator[Contribution[BuildSecret]]:
    """Yield the user's secrets."""
    for secret in values:
        flag = f"--{secret.id}" if request.is_given(f"--{secret.id}") else "--secret"
        yield Contribution(value=secret, source=request.source(flag))


def require_effect(request: BuildRequest, declared: frozenset[str]) -> None:
    """Require that options that set a build argument have an effect.

    Args:
        request: of any of the images: they have these options in common.
        declared: the build arguments that the stages of all images declare.

    Raises:
        UsageError: no stage declares the argument of an option.
    """
    for name, value, flag in _option_args(request):
        if value and name in _COMPILING and name not in declared:
            raise UsageError(
                f"{flag} has no effect on {request.framework} {request.target}: "
                "nothing in this build is compiled",
                "omit it",
            )
