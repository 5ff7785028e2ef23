# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The graph of the stages that the wanted images need, each once."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, replace

from dynamo_container.errors import PluginError, UsageError
from dynamo_container.images.contributions import Contributions
from dynamo_container.images.plan import Target
from dynamo_container.images.tags import cuda_suffix
from dynamo_container.model.names import CUDA
from dynamo_container.model.provenance import Layer, Resolved
from dynamo_container.model.values import NamedContext, Stage


def digest_of(parts: object) -> str:
    """SHA-256 over a document of texts, lists and numbers."""
    return hashlib.sha256(json.dumps(parts, ensure_ascii=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A stage of the graph. `below` names what its contexts are: another node, or an image;
    `given` has those that the user gave; `digest` is of what shapes it.
    """

    stage: Stage
    digest: str
    framework: str
    cuda: str
    owned: bool
    args: tuple[tuple[str, str], ...]
    below: tuple[tuple[str, str], ...]
    given: tuple[tuple[str, str], ...]
    stages: frozenset[str]


class Graph:
    """Nodes in the order in which they can be built, by their digests. Equal stages of several
    images are one node.
    """

    def __init__(self) -> None:
        self.nodes: dict[str, Node] = {}
        self.wanted: dict[str, tuple[str, str]] = {}
        self.users: dict[str, set[tuple[str, str]]] = {}
        self.replaced: set[str] = set()
        self.contexts: set[str] = set()

    def want(self, said: Contributions) -> str:
        """Add what the request's target needs; the result is the key of its node."""
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
        image = (request.framework, said.pin(CUDA))
        if self.wanted.setdefault(digest, image) == image:
            return digest
        # The same stage for two images: one target can have one set of labels.
        own = digest_of([digest, *image])
        framework, cuda = image
        self.nodes[own] = replace(self.nodes[digest], framework=framework, cuda=cuda)
        self.wanted[own] = image
        self.users[own] = {image}
        return own

    def names(self) -> dict[str, str]:
        """A name for each node: the stage's where it is shared; else with the framework's before
        it, and where that is not enough, with the CUDA version's, too.
        """
        choices = {key: _choices(key, node) for key, node in self.nodes.items()}
        names: dict[str, str] = {}
        for key, own in choices.items():
            alone = (
                name
                for level, name in enumerate(own)
                if name and [others[level] for others in choices.values()].count(name) == 1
            )
            name = next(alone, own[-1])
            names[key] = re.sub(r"[^A-Za-z0-9_-]", "-", own[-1] if name in names.values() else name)
        return names

    def target(self, key: str, names: dict[str, str]) -> Target:
        node = self.nodes[key]
        stage = node.stage
        assert stage.dockerfile is not None
        return Target(
            name=names[key],
            stage=stage.name,
            dockerfile=stage.dockerfile,
            context=stage.context or stage.dockerfile.parent,
            dockerfile_target=stage.target or stage.name,
            args=node.args,
            contexts=tuple(
                NamedContext(name=name, source=source)
                for name, source in sorted({**_places(node, names), **dict(node.given)}.items())
            ),
            digest=node.digest,
            cache_names=_cache_names(node, self.users[key]),
        )


def _places(node: Node, names: dict[str, str]) -> dict[str, str]:
    """Where what is below a node is, by the names that its Dockerfile calls it."""
    return {
        name: f"target:{names[ref]}" if ref in names else f"docker-image://{ref}"
        for name, ref in node.below
    }


def _cache_names(node: Node, users: set[tuple[str, str]]) -> tuple[str, ...]:
    """What a cache of a stage is called, whatever else is built with it: by its framework and CUDA
    version where it is theirs alone; else, or where it may be another framework's too, by itself.
    """
    stage = node.stage.name
    own = [
        "-".join([framework, *([cuda_suffix(cuda)] if cuda else []), stage])
        for framework, cuda in sorted(users)
    ]
    if node.owned:
        return tuple(own)
    return (stage, *own) if len(own) > 1 else (*own, stage)


def _choices(key: str, node: Node) -> tuple[str, ...]:
    """Names for a node, from the shortest on; the last one is nobody else's."""
    stage = node.stage.name
    own = f"{node.framework}-{stage}"
    return (
        "" if node.owned else stage,
        own,
        f"{node.framework}-{cuda_suffix(node.cuda)}-{stage}" if node.cuda else "",
        f"{own}-{key[:8]}",
    )


class _Walk:
    """One request's way down the graph."""

    def __init__(
        self, *, graph: Graph, said: Contributions, stages: dict[str, Resolved[Stage]]
    ) -> None:
        self.graph = graph
        self.said = said
        self.stages = stages
        self.path: tuple[str, ...] = ()
        self.seen: dict[str, str] = {}

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
                "install the plugin that provides it (or is it left out?), or give an image: "
                f"--stage {name}=IMAGE",
            )
        if name in self.path:
            circle = " -> ".join([*self.path[self.path.index(name) :], name])
            raise PluginError(
                f"stages need each other in a circle: {circle}",
                "leave out one of the plugins involved (--no-plugin NAME), or uninstall it",
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
        given = self.said.contexts_of(stage.name)
        self.graph.contexts |= set(dict(given))
        refs = {
            **lower,
            **{
                need: self.top(need, owner)
                for need in stage.needs
                if need not in lower and need not in dict(given)
            },
        }
        framework = self.said.request.framework
        owned = resolved.sources[0].layer is Layer.FRAMEWORK
        args = self.said.args_of(stage.name)
        below = tuple(sorted(refs.items()))
        files = dict(self.said.files)[stage.name]
        digest = digest_of(
            [
                framework if owned else "",
                stage.name,
                stage.target,
                files.source.digest,
                args,
                below,
                [(name, "" if place.startswith("/") else place) for name, place in given],
            ]
        )
        node = Node(
            stage=stage,
            digest=digest,
            framework=framework,
            cuda=self.said.pin(CUDA),
            owned=owned,
            args=args,
            below=below,
            given=given,
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
        self.graph.nodes.setdefault(digest, node)
        self.graph.users.setdefault(digest, set()).add((framework, node.cuda))
        return digest
