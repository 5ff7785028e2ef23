# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""From requests to a plan: the stages that the wanted images need, each once, and the images' names
and labels.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from dynamo_container.build.contributions import DYNAMO, Contributions, contributions
from dynamo_container.build.plan import BuildPlan, Image, Target
from dynamo_container.errors import PluginError, UsageError
from dynamo_container.images import DYNAMO as DYNAMO_LABEL
from dynamo_container.images import (
    FRAMEWORK,
    PLAIN_TARGET,
    PLAN,
    PREFIX,
    TARGET,
    image_reference,
    is_reference,
    with_suffix,
)
from dynamo_container.provenance import Layer, Resolved, Said, Source, merge
from dynamo_container.registry import FRAMEWORKS, Registry
from dynamo_container.requests import BuildRequest, BuildSettings
from dynamo_container.values import BuildSecret, Label, NamedContext, Stage

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
    said = [one for request in requests for one in _with_companions(registry, request, settings)]
    graph = _Graph()
    wanted = [graph.want(one) for one in said]
    names = graph.names()
    images = tuple(
        _image(registry, one, graph, node, names[node], _tags(registry, one, settings, requests))
        for one, node in zip(said, wanted, strict=True)
    )
    _refuse_shared_tags(images)
    _refuse_unused_replacements(settings, graph)
    return BuildPlan(
        images=images,
        targets=tuple(graph.target(node, names) for node in graph.nodes),
        secrets=_merge_secrets(said),
        proxies=settings.proxies,
        no_cache=settings.no_cache,
        pull=settings.pull,
        progress=settings.progress,
        notices=tuple(dict.fromkeys(notice for one in said for notice in one.notices)),
        warnings=tuple(dict.fromkeys(warning for one in said for warning in one.warnings)),
    )


def _with_companions(
    registry: Registry, request: BuildRequest, settings: BuildSettings
) -> tuple[Contributions, ...]:
    """What was said about a request, and before it about the stages that come with its target."""
    said = contributions(registry, request, settings)
    stages = {one.key: one.value for one in said.stages}
    target = stages.get(request.target)
    names = target.also if target and not settings.alone else ()
    return (
        *(
            contributions(registry, replace(request, target=name), settings)
            for name in names
            if name in stages and not stages[name].image
        ),
        said,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Node:
    """A stage of the graph. `below` names what its contexts are: a digest of another node, or an
    image.
    """

    stage: Stage
    framework: str
    owned: bool
    args: tuple[tuple[str, str], ...]
    below: tuple[tuple[str, str], ...]
    stages: frozenset[str]


@dataclass(slots=True)
class _Graph:
    """Nodes by digest, in the order in which they can be built. Equal stages of several frameworks
    are one node.
    """

    nodes: dict[str, _Node] = field(default_factory=dict)
    wanted: dict[str, str] = field(default_factory=dict)
    replaced: set[str] = field(default_factory=set)

    def want(self, said: Contributions) -> str:
        """Add what the request's target needs; the result is the digest of its node."""
        request = said.request
        stages = {one.key: one for one in said.stages}
        if request.target not in stages:
            known = ", ".join(sorted(stages)) or "none"
            raise UsageError(
                f"{request.framework!r} has no target {request.target!r}", f"known targets: {known}"
            )
        if stages[request.target].value.image:
            raise UsageError(
                f"the target {request.target!r} is an image already", "there is nothing to build"
            )
        digest = _Walk(graph=self, said=said, stages=stages).top(request.target, "the command line")
        if self.wanted.setdefault(digest, request.framework) == request.framework:
            return digest
        # The same stage for two frameworks: one target can have one set of labels.
        own = _digest([digest, request.framework])
        self.nodes[own] = replace(self.nodes[digest], framework=request.framework)
        self.wanted[own] = request.framework
        return own

    def names(self) -> dict[str, str]:
        """A name for each node: the stage's where it is shared, with the framework's before it
        where it is not.
        """
        names: dict[str, str] = {}
        for digest, node in self.nodes.items():
            alike = [one for one in self.nodes.values() if one.stage.name == node.stage.name]
            name = (
                node.stage.name
                if len(alike) == 1 and not node.owned
                else f"{node.framework}-{node.stage.name}"
            )
            if name in names.values():
                name = f"{name}-{digest[:8]}"
            names[digest] = re.sub(r"[^A-Za-z0-9_-]", "-", name)
        return names

    def target(self, digest: str, names: dict[str, str]) -> Target:
        node = self.nodes[digest]
        stage = node.stage
        assert stage.dockerfile is not None
        return Target(
            name=names[digest],
            stage=stage.name,
            dockerfile=stage.dockerfile,
            context=stage.context or stage.dockerfile.parent,
            dockerfile_target=stage.target or stage.name,
            args=node.args,
            contexts=tuple(
                NamedContext(
                    name=name,
                    source=f"target:{names[ref]}" if ref in names else f"docker-image://{ref}",
                )
                for name, ref in node.below
            ),
            digest=digest,
        )


@dataclass(slots=True, kw_only=True)
class _Walk:
    """One request's way down the graph."""

    graph: _Graph
    said: Contributions
    stages: dict[str, Resolved[Stage]]
    path: tuple[str, ...] = ()
    seen: dict[str, str] = field(default_factory=dict)

    def top(self, name: str, asked_by: str) -> str:
        """The top of the stack of a stage: a node's digest, or an image's reference."""
        if name in self.seen:
            return self.seen[name]
        self._enter(name, asked_by)
        ref = self._stack(name)
        self.path = self.path[:-1]
        self.seen[name] = ref
        return ref

    def _enter(self, name: str, asked_by: str) -> None:
        """One stage further down.

        Raises:
            PluginError: there is no such stage, or the way leads in a circle.
        """
        if name not in self.stages:
            raise PluginError(
                f"{asked_by} needs the stage {name!r}, which no loaded plugin provides",
                "install the plugin that provides it, or give an image: --stage " + f"{name}=IMAGE",
            )
        if name in self.path:
            circle = " -> ".join([*self.path[self.path.index(name) :], name])
            raise PluginError(
                f"stages need each other in a circle: {circle}",
                "uninstall one of the plugins involved",
            )
        self.path = (*self.path, name)

    def _stack(self, name: str) -> str:
        ref = self._foot(name)
        return ref if self.stages[name].value.image else self._pile(name, ref)

    def _foot(self, name: str) -> str:
        """The stage alone: an extension on what is below it, anything else on nothing."""
        bottom = self.stages[name]
        lower = bottom.value.extends
        if bottom.value.image:
            if bottom.sources[0].layer is Layer.USER:
                self.graph.replaced.add(name)
            return bottom.value.image
        if not lower:
            return self._node(bottom, below=())
        self._enter(lower, f"stage {name!r} of {bottom.sources[0]}")
        ref = self._foot(lower)
        if not self.stages[lower].value.image:
            ref = self._pile(lower, ref, until=name)
        self.path = self.path[:-1]
        return self._node(bottom, below=((lower, ref),))

    def _pile(self, name: str, ref: str, until: str = "") -> str:
        """The stage's extensions upon it, each with its own, up to the one that is named."""
        above = [one for one in self.stages.values() if one.value.extends == name]
        for extension in sorted(above, key=lambda one: (one.value.order, one.key)):
            if extension.key == until:
                break
            ref = self._node(extension, below=((name, ref),))
            ref = self._pile(extension.key, ref)
        return ref

    def _node(self, resolved: Resolved[Stage], below: tuple[tuple[str, str], ...]) -> str:
        stage = resolved.value
        owner = f"stage {stage.name!r} of {resolved.sources[0]}"
        lower = dict(below)
        refs = {
            **lower,
            **{need: self.top(need, owner) for need in stage.needs if need not in lower},
        }
        node = _Node(
            stage=stage,
            framework=self.said.request.framework,
            owned=resolved.sources[0].layer is Layer.FRAMEWORK,
            args=self.said.args_of(stage.name),
            below=tuple(sorted(refs.items())),
            stages=frozenset(
                [
                    stage.name,
                    *refs,
                    *(
                        name
                        for ref in refs.values()
                        if ref in self.graph.nodes
                        for name in self.graph.nodes[ref].stages
                    ),
                ]
            ),
        )
        files = dict(self.said.files)[stage.name]
        owner_only = node.framework if node.owned else ""
        digest = _digest(
            [owner_only, stage.name, stage.target, files.source.digest, node.args, node.below]
        )
        self.graph.nodes.setdefault(digest, node)
        return digest


def _digest(parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, ensure_ascii=True).encode()).hexdigest()


def _image(
    registry: Registry,
    said: Contributions,
    graph: _Graph,
    digest: str,
    target: str,
    tags: tuple[str, ...],
) -> Image:
    request = said.request
    node = graph.nodes[digest]
    version = said.pin(DYNAMO)
    labels = _labels(registry, said, _base_image(said, graph, digest), version)
    plan_hash = _digest([digest, [[one.value.key, one.value.value] for one in labels]])
    hash_label = Label(key=PLAN, value=f"sha256:{plan_hash}")
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
            *(one.told("label", lambda label: label.value) for one in labels),
        ),
    )


def _base_image(said: Contributions, graph: _Graph, digest: str) -> str:
    """The image from outside that a node starts from in the end."""
    node = graph.nodes[digest]
    if own := said.base_image(node.stage.name):
        return own
    needs = (node.stage.extends, *node.stage.needs)
    for name in needs:
        ref = dict(node.below).get(name)
        if ref:
            return _base_image(said, graph, ref) if ref in graph.nodes else ref
    return ""


def _labels(
    registry: Registry, said: Contributions, base: str, version: str
) -> tuple[Resolved[Label], ...]:
    core = Source(layer=Layer.CORE, name="core")
    request = said.request
    own = {
        f"{_OCI}title": f"Dynamo {request.framework} {request.target}",
        f"{_OCI}version": version,
        f"{_OCI}base.name": base,
        FRAMEWORK: request.framework,
        TARGET: request.target,
        DYNAMO_LABEL: version,
        f"{PREFIX}cuda": said.pin("cuda"),
        f"{PREFIX}plugins": ", ".join(said.plugins),
    }
    return merge(
        "label",
        [
            *(
                Said(value=Label(key=key, value=value), source=core)
                for key, value in own.items()
                if value
            ),
            *(
                Said(value=one.value, source=source)
                for one in said.labels
                for source in one.sources
            ),
            *(below for one in said.labels for below in one.shadowed),
        ],
        key=lambda label: label.key,
        way_out="uninstall one of the plugins",
    )


def _plugin_version(registry: Registry, request: BuildRequest) -> str:
    return next(
        plugin.candidate.version
        for plugin in registry.plugins(request.framework)
        if plugin.candidate.group == FRAMEWORKS
    )


def _tags(
    registry: Registry,
    said: Contributions,
    settings: BuildSettings,
    requests: Sequence[BuildRequest],
) -> tuple[str, ...]:
    request = said.request
    if settings.tags and len(requests) > 1:
        raise UsageError(
            "--tag names one image, and several are built", "leave it out, or build them one by one"
        )
    for tag in settings.tags:
        if not is_reference(tag):
            raise UsageError(
                f"--tag {tag!r} is no image reference",
                "for example: my-image:dev, registry:5000/team/image",
            )
    version = said.pin(DYNAMO) or _plugin_version(registry, request)
    named = tuple(_named(tag, said, settings, requests[0].target) for tag in settings.tags)
    versioned = named or (image_reference(request.framework, request.target, f"v{version}"),)
    latest = (image_reference(request.framework, request.target),) if settings.latest else ()
    for tag in versioned:
        if not is_reference(tag):
            raise UsageError(f"{tag!r} is no image reference", "a tag has at most 128 characters")
    return tuple(dict.fromkeys((*versioned, *latest)))


def _named(tag: str, said: Contributions, settings: BuildSettings, wanted: str) -> str:
    """What `--tag` names an image. Where stages come with the target, it names the plain one of
    them: `T` is dev, and local-dev is `T-local-dev`; a `T-local-dev` names the same two.
    """
    stages = {one.key: one.value for one in said.stages}
    companions = [name for name in stages[wanted].also if not stages[name].image]
    if settings.alone or not companions:
        return tag
    plain = tag.removesuffix(f"-{wanted}")
    target = said.request.target
    return plain if target == PLAIN_TARGET else with_suffix(plain, target)


def _refuse_shared_tags(images: Iterable[Image]) -> None:
    owner: dict[str, str] = {}
    for image in images:
        for tag in image.tags:
            if owner.setdefault(tag, image.target) != image.target:
                raise UsageError(
                    f"two images would have the tag {tag}",
                    "build them one by one, with --tag and --no-latest",
                )


def _refuse_unused_replacements(settings: BuildSettings, graph: _Graph) -> None:
    for name, _ in settings.stages:
        if name not in graph.replaced:
            raise UsageError(
                f"--stage {name}: nothing that is built here needs this stage", "leave it out"
            )


def _merge_secrets(said: Iterable[Contributions]) -> tuple[BuildSecret, ...]:
    merged = merge(
        "secret",
        [
            Said(value=one.value, source=source)
            for image in said
            for one in image.secrets
            for source in one.sources
        ],
        key=lambda secret: secret.id,
        way_out="decide with --secret id={key},src=FILE",
    )
    return tuple(one.value for one in merged)
