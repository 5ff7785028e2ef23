# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The plan of what the options of `build` ask for."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import click

from dynamo_container.cli import build_values as values
from dynamo_container.cli.app import Session
from dynamo_container.cli.build_places import places_from, repository_from
from dynamo_container.cli.build_secrets import (
    SECRET_IDS,
    ca_origin,
    index_secrets,
    secrets,
    urls,
    without_credentials,
)
from dynamo_container.cli.build_source import checkout_from, sccache_from, sccache_secrets
from dynamo_container.cli.dev_image import RUNTIME, DevImage, dev_image_from, framework_of
from dynamo_container.cli.developer import user_from
from dynamo_container.cli.frameworks import default_target
from dynamo_container.cli.paths import new_file
from dynamo_container.cli.plugin_command import origins, plugin_options
from dynamo_container.images import planner
from dynamo_container.images.plan import BuildPlan
from dynamo_container.model.facts import Checkout
from dynamo_container.model.names import LOCAL_DEV_TARGET
from dynamo_container.model.references import with_suffix
from dynamo_container.model.requests import BuildRequest, BuildSettings
from dynamo_container.model.values import BuildSecret

# Docker's predefined build arguments: usable without ARG, and kept out of the image's history.
_PROXIES: Final = ("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A plan, the secrets that its command needs in its environment, and the file for a report."""

    plan: BuildPlan
    hidden_env: tuple[tuple[str, str], ...]
    report: Path | None


def plan_from(ctx: click.Context) -> Asked:
    """The plan of what the command line of `ctx` asks for.

    Raises:
        DynamoContainerError: as the options and plugins make it.
    """
    session = ctx.find_object(Session) or Session()
    params = ctx.params
    dev_image = dev_image_from(session, params)
    checkout = checkout_from(session, params)
    frameworks = _frameworks(session, (*params["frameworks"], *params["framework"]), dev_image)
    registry = session.load(*frameworks)
    wanted = (LOCAL_DEV_TARGET,) if dev_image else tuple(dict.fromkeys(params["target"]))
    targets = {name: wanted or (default_target(registry, name),) for name in frameworks}
    settings, hidden = _settings(ctx, dev_image)
    settings = replace(settings, outputs=places_from(session, params))
    report = new_file(params["report"], "--report") if params["report"] else None
    if report:
        settings = replace(settings, metadata_file=f"{report}.metadata")
    plan = planner.plan(registry, _requests(ctx, targets, dev_image, checkout), settings)
    return Asked(plan=plan, hidden_env=hidden, report=report)


def _requests(
    ctx: click.Context,
    targets: dict[str, tuple[str, ...]],
    dev_image: DevImage | None,
    checkout: Checkout | None,
) -> list[BuildRequest]:
    """A request for each framework with each CUDA version and each of its targets; all else is the
    same for all of them.
    """
    params = ctx.params
    user = user_from(ctx, {target for some in targets.values() for target in some})
    cuda_versions: tuple[str | None, ...] = values.cuda_versions(params["cuda_version"])
    base_image = values.base_image(params["base_image"], params["base_image_tag"])
    dynamo_version = checkout.release if checkout else values.version(params["dynamo_version"])
    if dev_image:
        dynamo_version = dev_image.dynamo or None
        cuda_versions = (dev_image.cuda or None,)
        if dev_image.stage == RUNTIME:
            # Its own distribution has what it lacks.
            base_image = dev_image.name
    extra = urls(params["extra_index_url"])
    first = BuildRequest(
        framework="",
        target="",
        dynamo_version=dynamo_version,
        resolve_as_of=values.day(params["resolve_as_of"]),
        enable_kvbm=params["enable_kvbm"],
        base_image=base_image,
        index_url=without_credentials(params["index_url"] or "", "--index-url"),
        checkout=checkout,
        release_build=params["release_build"],
        max_jobs=params["max_jobs"],
        sccache=sccache_from(params),
        extra_index_urls=tuple(without_credentials(url, "--extra-index-url") for url in extra),
        origins=(*user.origins, *origins(ctx)),
        options=plugin_options(ctx, targets),
    )
    requests = [
        replace(first, framework=name, cuda_version=cuda, target=target)
        for name, some in targets.items()
        for cuda in cuda_versions or (None,)
        for target in some
    ]
    return [
        replace(one, uid=user.uid, gid=user.gid) if one.target == LOCAL_DEV_TARGET else one
        for one in requests
    ]


def _settings(
    ctx: click.Context, dev_image: DevImage | None
) -> tuple[BuildSettings, tuple[tuple[str, str], ...]]:
    """How it is built, and the variables with what must not be shown."""
    params = ctx.params
    hidden = index_secrets(params["index_url"] or "", urls(params["extra_index_url"]))
    build_args = values.build_args(params["build_arg"])
    proxies = {name: value for name, value in build_args if name.upper() in _PROXIES}
    own = (with_suffix(dev_image.name, LOCAL_DEV_TARGET),) if dev_image else ()
    settings = BuildSettings(
        tags=params["tag"] or own,
        repository=repository_from(params),
        latest=not (params["no_latest"] or dev_image),
        alone=bool(dev_image),
        build_args=tuple(one for one in build_args if one[0] not in proxies),
        stages=_stages(params["stage"], dev_image),
        contexts=values.contexts(params["build_context"]),
        runtime_image=values.image_of(params["runtime_image"], "--runtime-image"),
        secrets=(
            *secrets(params["secret"], params["ca_bundle"], ca_origin(ctx)),
            *sccache_secrets(sccache_from(params)),
            *(BuildSecret(id=SECRET_IDS[variable], env=variable) for variable, _ in hidden),
        ),
        proxies=tuple(
            name
            for upper in _PROXIES
            for name in (upper, upper.lower())
            if os.environ.get(name) or name in proxies
        ),
        no_cache=params["no_cache"],
        pull=params["pull"],
        progress=params["progress"],
    )
    return settings, (*hidden, *proxies.items())


def _stages(words: tuple[str, ...], dev_image: DevImage | None) -> tuple[tuple[str, str], ...]:
    """The images that stand for stages, by stage."""
    return values.stages(words, {dev_image.stage: dev_image.name} if dev_image else {})


def _frameworks(
    session: Session, names: tuple[str, ...], dev_image: DevImage | None
) -> tuple[str, ...]:
    registry = session.registry
    if dev_image:
        return (framework_of(registry, names, dev_image),)
    if not names:
        return (registry.default_framework(),)
    return tuple(dict.fromkeys(registry.framework(name) for name in names))
