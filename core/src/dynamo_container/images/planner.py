# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""From requests to a plan: the stages that the wanted images need, each once, and the images' names
and labels.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from dynamo_container.errors import DynamoContainerError, UsageError
from dynamo_container.images.contributions import Contributions, contributions
from dynamo_container.images.graph import Graph, digest_of
from dynamo_container.images.outputs import refuse_shared_cache
from dynamo_container.images.plan import BuildPlan, Image
from dynamo_container.images.tags import Names, refuse_shared_tags
from dynamo_container.model.names import (
    CUDA,
    CUDA_LABEL,
    DYNAMO,
    DYNAMO_LABEL,
    FRAMEWORK_LABEL,
    LABEL_PREFIX,
    PINS_LABEL,
    PLAN_LABEL,
    TARGET_LABEL,
)
from dynamo_container.model.provenance import (
    CORE,
    Contribution,
    Layer,
    PlanEntry,
    Resolved,
    Source,
    merge,
)
from dynamo_container.model.references import image_reference
from dynamo_container.model.requests import BuildRequest, BuildSettings
from dynamo_container.model.values import BuildSecret, Label, OptionValue
from dynamo_container.plugins.registry import Registry

_OCI: Final = "org.opencontainers.image."


def plan(
    registry: Registry, requests: Sequence[BuildRequest], settings: BuildSettings
) -> BuildPlan:
    """Plan a build of several images in one graph. Pure: the plugins' answers and files are its
    only input.

    Args:
        registry: with the requests' frameworks loaded.
        requests: one for each image.
        settings: how all of them are built and named.

    Raises:
        UsageError: an unknown target or stage, one tag for two images.
        PluginError, ConflictError: as `contributions()`.
    """
    named = Names(registry=registry, settings=settings, requests=requests)
    said = _all_said(registry, requests, settings)
    graph = Graph()
    wanted = [graph.want(one) for one in said]
    targets = graph.names()
    images = tuple(
        _image(one, graph, node, targets[node], named.of(one), settings)
        for one, node in zip(said, wanted, strict=True)
    )
    refuse_shared_tags(images)
    _refuse_unused_replacements(settings, graph)
    for one, image in zip(said, images, strict=True):
        _refuse_unanswered(registry, one.request, settings, image)
    _refuse_unread_options(registry, said, settings, images)
    planned = BuildPlan(
        images=images,
        targets=tuple(graph.target(node, targets) for node in graph.nodes),
        secrets=_merge_secrets(said),
        proxies=settings.proxies,
        no_cache=settings.no_cache,
        pull=settings.pull,
        outputs=settings.outputs,
        progress=settings.progress,
        metadata_file=settings.metadata_file,
        notices=(
            *dict.fromkeys(notice for one in said for notice in one.notices),
            *named.notices(),
        ),
        warnings=(
            *dict.fromkeys(warning for one in said for warning in one.warnings),
            *dict.fromkeys(line for one in said for line in _left_out(one, graph)),
        ),
    )
    refuse_shared_cache(planned)
    return planned


def _all_said(
    registry: Registry, requests: Sequence[BuildRequest], settings: BuildSettings
) -> list[Contributions]:
    """What was said about every image, each once: one may be wanted, and come with another."""
    found: dict[tuple[str, str, str | None], Contributions] = {}
    for request in requests:
        for one in _with_companions(registry, request, settings):
            asked = one.request
            found.setdefault((asked.framework, asked.target, asked.cuda_version), one)
    return list(found.values())


def _with_companions(
    registry: Registry, request: BuildRequest, settings: BuildSettings
) -> tuple[Contributions, ...]:
    """What was said about a request, and before it about the stages that come with its target."""
    said = contributions(registry, request, settings)
    stages = {one.key: one.value for one in said.stages}
    target = stages.get(request.target)
    names = target.built_with if target and not settings.alone else ()
    return (
        *(
            contributions(registry, replace(request, target=name, uid=None, gid=None), settings)
            for name in names
            if name in stages and not stages[name].image
        ),
        said,
    )


def _image(
    said: Contributions,
    graph: Graph,
    key: str,
    target: str,
    tags: tuple[str, ...],
    settings: BuildSettings,
) -> Image:
    request = said.request
    node = graph.nodes[key]
    labels = _labels(said, _base_image(said, graph, key))
    plan_hash = digest_of([node.digest, [[one.value.key, one.value.value] for one in labels]])
    hash_label = Label(key=PLAN_LABEL, value=f"sha256:{plan_hash}")
    facts = said.facts(node.stages)
    return Image(
        framework=request.framework,
        stage=request.target,
        target=target,
        tags=tags,
        labels=(*(one.value for one in labels), hash_label),
        plan_hash=plan_hash,
        facts=(
            *(fact for fact in facts if fact.kind != "label"),
            *(one.as_entry("label", lambda label: label.value) for one in labels),
            PlanEntry(kind="label", key=PLAN_LABEL, value=hash_label.value, sources=(CORE,)),
            *(_told_tag(tag, request, settings) for tag in tags),
            *_told_settings(request, settings),
        ),
    )


def _told_tag(tag: str, request: BuildRequest, settings: BuildSettings) -> PlanEntry:
    latest = image_reference(request.framework, request.target, repository=settings.repository)
    given = dict(request.origins)
    flag = "--tag" if settings.tags and tag != latest else "--repository"
    source = request.source(flag) if flag in given else CORE
    return PlanEntry(kind="tag", key=tag, value=tag, sources=(source,))


def _told_settings(request: BuildRequest, settings: BuildSettings) -> Iterator[PlanEntry]:
    """How an image is built, where the user or a default says something about it."""
    outputs = settings.outputs
    values = [
        ("--builder", outputs.builder),
        ("--platform", ",".join(outputs.platforms)),
        ("--load", outputs.load and "TRUE"),
        ("--push", outputs.push and "TRUE"),
        *((f"--{_attestation(one)}", one) for one in outputs.attests),
        ("--cache", outputs.cache),
        *(("--cache-from", one) for one in outputs.cache_from),
        *(("--cache-to", one) for one in outputs.cache_to),
        ("--no-cache", settings.no_cache and "TRUE"),
        ("--pull", settings.pull and "TRUE"),
        ("--progress", settings.progress),
    ]
    for flag, value in values:
        if value:
            source = request.source(flag) if flag in dict(request.origins) else CORE
            yield PlanEntry(kind="setting", key=flag, value=value, sources=(source,))
    for name in settings.proxies:
        source = Source(layer=Layer.USER, name=name, distribution="environment")
        yield PlanEntry(kind="proxy", key=name, value="(its value is not shown)", sources=(source,))


def _attestation(text: str) -> str:
    """The option that asks for an attestation, by what docker is told: `type=sbom`."""
    return "sbom" if "sbom" in text.partition(",")[0] else "provenance"


def _base_image(said: Contributions, graph: Graph, key: str) -> str:
    """The image from outside that a node starts from in the end."""
    node = graph.nodes[key]
    if own := said.base_image(node.stage.name):
        return own
    needs = (node.stage.extends, *node.stage.needs)
    for name in needs:
        ref = dict(node.below).get(name)
        if ref:
            return _base_image(said, graph, ref) if ref in graph.nodes else ref
    return ""


def _labels(said: Contributions, base: str) -> tuple[Resolved[Label], ...]:
    request = said.request
    version = said.pin(DYNAMO)
    own = {
        f"{_OCI}title": f"Dynamo {request.framework} {request.target}",
        f"{_OCI}version": version,
        f"{_OCI}revision": request.checkout.commit if request.checkout else "",
        f"{_OCI}base.name": base,
        FRAMEWORK_LABEL: request.framework,
        TARGET_LABEL: request.target,
        DYNAMO_LABEL: version,
        CUDA_LABEL: said.pin(CUDA),
        PINS_LABEL: _pinned(said),
        f"{LABEL_PREFIX}plugins": ", ".join(said.plugins),
    }
    return merge(
        "label",
        [
            *(
                Contribution(value=Label(key=key, value=value), source=CORE)
                for key, value in own.items()
                if value
            ),
            *(
                Contribution(value=one.value, source=source)
                for one in said.labels
                for source in one.sources
            ),
            *(below for one in said.labels for below in one.shadowed),
        ],
        key=lambda label: label.key,
        hint="{without}",
    )


def _pinned(said: Contributions) -> str:
    """What is installed with Dynamo, and CUDA's versions, for `check` to hold the image to."""
    checkout = said.request.checkout
    pins = [
        # What is installed has the version of its wheel, which knows no commit.
        replace(one.value, version=checkout.release)
        if checkout and one.key == DYNAMO
        else one.value
        for one in said.pins
    ]
    argument = next((pin.build_arg for pin in pins if pin.name == DYNAMO), None)
    return " ".join(
        f"{pin.name}=={pin.version}"
        for pin in pins
        if pin.kind == "cuda" or pin.build_arg == argument
    )


def _left_out(said: Contributions, graph: Graph) -> Iterator[str]:
    """What an image of the user's leaves out: a company's hardening may be among it."""
    for name in sorted(graph.replaced):
        upon = [
            f"{one.key} of {one.sources[0]}" for one in said.stages if one.value.extends == name
        ]
        if upon:
            yield (
                f"the image in the place of the stage {name!r} is taken as it is: "
                f"left out is what would be stacked upon it: {', '.join(upon)}"
            )


def _refuse_unused_replacements(settings: BuildSettings, graph: Graph) -> None:
    for name, _ in settings.stages:
        if name not in graph.replaced:
            raise UsageError(
                f"--stage {name}: nothing that is built here needs this stage", "leave it out"
            )
    for name, _ in settings.contexts:
        if name not in graph.contexts:
            raise UsageError(
                f"--build-context {name}: no Dockerfile of what is built here reads it",
                "leave it out",
            )


def _merge_secrets(said: Iterable[Contributions]) -> tuple[BuildSecret, ...]:
    merged = merge(
        "secret",
        [
            Contribution(value=one.value, source=source)
            for image in said
            for one in image.secrets
            for source in one.sources
        ],
        key=lambda secret: secret.id,
        hint="decide with --secret id={key},src=FILE, or {without}",
    )
    return tuple(one.value for one in merged)


def _refuse_unanswered(
    registry: Registry, request: BuildRequest, settings: BuildSettings, image: Image
) -> None:
    """An option that no plugin reads must not be ignored in silence. Hooks are pure, so it is read
    where the opposite would make another image.

    Raises:
        UsageError: it would not.
    """
    for flag, opposite in _opposites(request):
        if _plan_hash(registry, opposite, settings) == image.plan_hash:
            raise UsageError(
                f"{flag} means nothing for {request.framework} {request.target}: "
                "the image is the same without it",
                "leave it out",
            )


def _opposites(request: BuildRequest) -> Iterator[tuple[str, BuildRequest]]:
    """The options whose answer is a plugin's business, and what would have been asked without."""
    if request.enable_kvbm is not None:
        flag = "--enable-kvbm" if request.enable_kvbm else "--no-enable-kvbm"
        yield flag, replace(request, enable_kvbm=not request.enable_kvbm)
    if request.release_build:
        yield "--release-build", replace(request, release_build=False)
    if request.max_jobs:
        yield "--max-jobs", replace(request, max_jobs=None)


def _refuse_unread_options(
    registry: Registry,
    said: Sequence[Contributions],
    settings: BuildSettings,
    images: Sequence[Image],
) -> None:
    """The same for plugins' own options: one is read where another value would make another image,
    another secret or another notice, or is refused. One image that reads it is enough.

    Raises:
        UsageError: no image does; with `--stage`, what would have read it may be what is replaced.
    """
    for destination, value in said[0].request.options:
        others = {**dict(said[0].request.options), destination: f"{value}-another"}
        if value in ("true", True):
            del others[destination]
        options = tuple(others.items())
        pairs = zip(said, images, strict=True)
        if not any(_reads(registry, one, image, options, settings) for one, image in pairs):
            raise UsageError(
                f"--{destination.replace('_', '-')} means nothing here: nothing that is built "
                "reads it",
                "leave it out",
            )


def _reads(
    registry: Registry,
    said: Contributions,
    image: Image,
    options: tuple[tuple[str, OptionValue], ...],
    settings: BuildSettings,
) -> bool:
    try:
        other = contributions(registry, replace(said.request, options=options), settings)
        return (other.notices, other.secrets, _hash_alone(other, settings)) != (
            said.notices,
            said.secrets,
            image.plan_hash,
        )
    except DynamoContainerError:
        return True


def _plan_hash(registry: Registry, request: BuildRequest, settings: BuildSettings) -> str:
    """The hash of one image alone; empty where it cannot be."""
    try:
        return _hash_alone(contributions(registry, request, settings), settings)
    except DynamoContainerError:
        return ""


def _hash_alone(said: Contributions, settings: BuildSettings) -> str:
    graph = Graph()
    return _image(said, graph, graph.want(said), "", (), settings).plan_hash
