# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""From requests to a plan: the stages that the images need, each once, and the images' names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from dynamo_container.errors import UsageError
from dynamo_container.images import user
from dynamo_container.images.contributions import Contributions, collect, merge_secrets
from dynamo_container.images.dangers import secret_warnings
from dynamo_container.images.graph import Graph, digest_of
from dynamo_container.images.labels import image_labels
from dynamo_container.images.outputs import refuse_shared_cache
from dynamo_container.images.plan import BuildPlan, Image, Target
from dynamo_container.images.tags import Tagger, refuse_shared_tags
from dynamo_container.model.names import PLAN_LABEL
from dynamo_container.model.provenance import CORE, Contribution, Layer, PlanEntry, Source
from dynamo_container.model.references import image_reference
from dynamo_container.model.requests import BuildRequest, BuildSettings
from dynamo_container.model.values import BuildSecret, Label
from dynamo_container.plugins import hookspecs
from dynamo_container.plugins.registry import Registry
from dynamo_container.plugins.verification import verify

if TYPE_CHECKING:
    from dynamo_container.model.requests import PlanView


def plan(
    registry: Registry,
    requests: Sequence[BuildRequest],
    settings: BuildSettings,
    *,
    verified: bool = True,
) -> BuildPlan:
    """Plan a build of several images in one graph.

    Pure: it depends on the requests and on the plugins' values and files, and on nothing else.

    Args:
        registry: with the requests' frameworks loaded.
        requests: one for each image.
        settings: how all of them are built and named.
        verified: whether plugins may refuse the plan; not for tests of plugins.

    Raises:
        PolicyError: a plugin refuses the plan.
        UsageError: an unknown target or stage, an option without effect, one tag for two images.
        PluginError, ConflictError: see `contributions.collect`.
    """
    requests = [_with_device(registry, request) for request in requests]
    for request in requests:
        _require_support(registry, request)
    tagger = Tagger(registry=registry, settings=settings, requests=requests)
    contributions = _collect_all(registry, requests, settings)
    graph = Graph()
    nodes = [graph.add_image(image) for image in contributions]
    names = graph.names()
    images = tuple(
        _image(image, graph, node, names[node], tagger, settings)
        for image, node in zip(contributions, nodes, strict=True)
    )
    refuse_shared_tags(images)
    _require_used(settings, graph)
    _require_effects(registry, contributions, graph, nodes)
    secrets = _merge_secrets(contributions)
    ids = [secret.id for secret in secrets]
    targets = tuple(graph.target(node, names, ids) for node in graph.nodes)
    if settings.lock:
        # Imported here: most builds have no lock.
        from dynamo_container.images.external import pinned

        targets = tuple(pinned(target, settings.lock) for target in targets)
    planned = BuildPlan(
        images=images,
        targets=targets,
        secrets=secrets,
        proxies=settings.proxies,
        no_cache=settings.no_cache,
        pull=settings.pull,
        outputs=settings.outputs,
        progress=settings.progress,
        metadata_file=settings.metadata_file,
        notices=(*_unique(image.notices for image in contributions), *tagger.notices()),
        warnings=(
            *_unique(image.warnings for image in contributions),
            *_unique(_omitted_extensions(image, graph) for image in contributions),
            *_unique(secret_warnings(image.secrets, registry.required) for image in contributions),
            *_unused_secrets(settings, targets),
        ),
    )
    refuse_shared_cache(planned)
    for image in images if verified else ():
        verify(registry, image.framework, partial(view, planned, image))
    return planned


def view(planned: BuildPlan, image: Image) -> PlanView:
    """Return the plan of one image as hooks see it."""
    # Imported here: only a plugin that verifies plans needs it.
    from dynamo_container.images.external import external_images, generators
    from dynamo_container.model.requests import PlanView

    return PlanView(
        command="build",
        framework=image.framework,
        target=image.stage,
        tags=image.tags,
        images=(
            *external_images(planned.targets, image.target),
            *generators(planned.outputs.attests),
        ),
        entries=image.entries,
    )


def _with_device(registry: Registry, request: BuildRequest) -> BuildRequest:
    """Return the request with a device only if that is not the framework's default one.

    Raises:
        UsageError: the framework does not support it.
    """
    if not request.device:
        return request
    # Imported here: most builds name no device.
    from dynamo_container.plugins.devices import non_default

    return replace(request, device=non_default(registry, request.framework, request.device))


def _unique(groups: Iterable[Iterable[str]]) -> Iterable[str]:
    return dict.fromkeys(line for group in groups for line in group)


def _require_support(registry: Registry, request: BuildRequest) -> None:
    """Require that the framework supports the features that options select.

    Raises:
        UsageError: it does not.
    """
    described = registry.call_for(request.framework, hookspecs.dynamo_container_framework)
    supported = {feature for entry in described for feature in entry.value.supports}
    kvbm = "--enable-kvbm" if request.enable_kvbm else "--no-enable-kvbm"
    selected = (
        (kvbm, "kvbm", request.enable_kvbm is not None),
        ("--cuda-version", "cuda", request.cuda_version and request.is_given("--cuda-version")),
        ("--engine-image", "engine-image", request.engine_image),
        ("--source", "source", request.checkout and request.is_given("--source")),
    )
    for flag, feature, given in selected:
        if given and feature not in supported:
            raise UsageError(
                f"{flag} cannot be used with {request.framework!r}, which does not support it",
                "omit it, or build that framework separately",
            )


def _collect_all(
    registry: Registry, requests: Sequence[BuildRequest], settings: BuildSettings
) -> list[Contributions]:
    """Return what is contributed to each image, once.

    An image may be requested and also be built with another one.
    """
    collected: dict[tuple[str, str, str | None], Contributions] = {}
    for request in requests:
        for image in _with_built_with(registry, request, settings):
            key = (image.request.framework, image.request.target, image.request.cuda_version)
            collected.setdefault(key, image)
    return list(collected.values())


def _with_built_with(
    registry: Registry, request: BuildRequest, settings: BuildSettings
) -> Iterator[Contributions]:
    """What is contributed to a requested image, preceded by the images that are built with it."""
    requested = collect(registry, request, settings)
    stages = {stage.key: stage.value for stage in requested.stages}
    target = stages.get(request.target)
    for name in target.built_with if target and not settings.alone else ():
        if name in stages and not stages[name].image:
            yield collect(registry, replace(request, target=name, uid=None, gid=None), settings)
    yield requested


def _image(
    image: Contributions,
    graph: Graph,
    key: str,
    target: str,
    tagger: Tagger,
    settings: BuildSettings,
) -> Image:
    request, node = image.request, graph.nodes[key]
    labels = image_labels(image, _base_image(image, graph, key))
    plan_hash = digest_of([node.digest, [[label.value.key, label.value.value] for label in labels]])
    hash_label = Label(key=PLAN_LABEL, value=f"sha256:{plan_hash}")
    tags = tagger.tags(image)
    entries = (entry for entry in image.entries(node.stages) if entry.kind != "label")
    return Image(
        framework=request.framework,
        stage=request.target,
        target=target,
        tags=tags,
        labels=(*(label.value for label in labels), hash_label),
        plan_hash=plan_hash,
        entries=(
            *entries,
            *(label.as_entry("label", lambda value: value.value) for label in labels),
            PlanEntry(kind="label", key=PLAN_LABEL, value=hash_label.value, sources=(CORE,)),
            *(_tag_entry(tag, request, settings) for tag in tags),
            *_setting_entries(request, settings),
        ),
    )


def _tag_entry(tag: str, request: BuildRequest, settings: BuildSettings) -> PlanEntry:
    latest = image_reference(request.variant, request.target, repository=settings.repository)
    flag = "--tag" if settings.tags and tag != latest else "--repository"
    return PlanEntry(kind="tag", key=tag, value=tag, sources=(_source(request, flag),))


def _source(request: BuildRequest, flag: str) -> Source:
    return request.source(flag) if request.is_given(flag) else CORE


def _setting_entries(request: BuildRequest, settings: BuildSettings) -> Iterator[PlanEntry]:
    """How an image is built, as set by the user or by a default."""
    outputs = settings.outputs
    values = [
        ("--builder", outputs.builder),
        ("--platform", ",".join(outputs.platforms)),
        ("--load", outputs.load and "TRUE"),
        ("--push", outputs.push and "TRUE"),
        *((f"--{_attestation(spec)}", spec) for spec in outputs.attests),
        ("--cache", outputs.cache),
        *(("--cache-from", spec) for spec in outputs.cache_from),
        *(("--cache-to", spec) for spec in outputs.cache_to),
        ("--no-cache", settings.no_cache and "TRUE"),
        ("--pull", settings.pull and "TRUE"),
        ("--progress", settings.progress),
    ]
    for flag, value in values:
        if value:
            sources = (_source(request, flag),)
            yield PlanEntry(kind="setting", key=flag, value=value, sources=sources)
    for name in settings.proxies:
        source = Source(layer=Layer.USER, name=name, distribution="environment")
        yield PlanEntry(kind="proxy", key=name, value="(its value is not shown)", sources=(source,))


def _attestation(spec: str) -> str:
    """The option that requests an attestation, from its specification: `type=sbom`."""
    return "sbom" if "sbom" in spec.partition(",")[0] else "provenance"


def _base_image(image: Contributions, graph: Graph, key: str) -> str:
    """The image from outside that a node starts from in the end."""
    node = graph.nodes[key]
    if own := image.base_image(node.stage.name):
        return own
    stage, below = node.stage, dict(node.below)
    source = dict(image.files)[stage.name].source
    reference = below.get(source.starts_from(stage.target or stage.name, below), "")
    return _base_image(image, graph, reference) if reference in graph.nodes else reference


def _omitted_extensions(image: Contributions, graph: Graph) -> Iterator[str]:
    """Yield warnings for extensions, such as hardening, that an image of the user omits."""
    for name in sorted(graph.replaced):
        extensions = [
            f"{stage.key} of {stage.sources[0]}"
            for stage in image.stages
            if stage.value.extends == name
        ]
        if extensions:
            yield (
                f"the image that replaces the stage {name!r} is used as it is, without the stages "
                f"that extend it: {', '.join(extensions)}"
            )


def _unused_secrets(settings: BuildSettings, targets: Iterable[Target]) -> Iterator[str]:
    """Yield warnings for secrets that the user named and no step mounts."""
    mounted = {secret for target in targets for secret in target.secrets}
    for name in settings.named_secrets:
        if name not in mounted:
            yield f"--secret id={name}: no Dockerfile mounts this secret, so it has no effect"


def _require_used(settings: BuildSettings, graph: Graph) -> None:
    """Require that the user's images and contexts are used.

    Raises:
        UsageError: one is not.
    """
    for name, _ in settings.stages:
        if name not in graph.replaced:
            raise UsageError(f"--stage {name}: nothing in this build needs this stage", "omit it")
    for name, _ in settings.contexts:
        if name not in graph.contexts:
            raise UsageError(
                f"--build-context {name}: no Dockerfile in this build reads it", "omit it"
            )


def _require_effects(
    registry: Registry, images: list[Contributions], graph: Graph, nodes: list[str]
) -> None:
    """Require that the options which shape images have an effect.

    Raises:
        UsageError: one has none.
    """
    declared = (
        image.effective_args(graph.nodes[node].stages)
        for image, node in zip(images, nodes, strict=True)
    )
    user.require_effect(images[0].request, frozenset().union(*declared))
    built = frozenset(stage for node in nodes for stage in graph.built_stages(node))
    for image in images:
        for contribution in registry.options("build", [image.request.framework]):
            option = contribution.value
            given = image.request.is_given(option.flag) and option.stages
            if given and not built & set(option.stages):
                stages = " or ".join(map(repr, option.stages))
                raise UsageError(
                    f"{option.flag} has no effect: the stage {stages} is not part of this build",
                    "omit it",
                )


def _merge_secrets(images: Iterable[Contributions]) -> tuple[BuildSecret, ...]:
    contributions = (
        Contribution(value=secret.value, source=source)
        for image in images
        for secret in image.secrets
        for source in secret.sources
    )
    return tuple(secret.value for secret in merge_secrets(contributions))
