# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The graph of the stages that the requested images need, each once."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from dynamo_container.errors import PluginError, UsageError
from dynamo_container.images.contributions import Contributions
from dynamo_container.images.dockerfile import StageSource
from dynamo_container.images.plan import Target
from dynamo_container.images.tags import cuda_suffix
from dynamo_container.model.names import CUDA
from dynamo_container.model.provenance import Layer, Resolved
from dynamo_container.model.text import known_names
from dynamo_container.model.values import NamedContext, Stage

# Secrets that BuildKit takes itself, for git repositories and URLs; a host can follow.
_BUILDKIT_SECRETS: Final = ("GIT_AUTH_TOKEN", "GIT_AUTH_HEADER", "HTTP_AUTH_")


def digest_of(parts: object) -> str:
    """Return the SHA-256 of a document of texts, lists and numbers."""
    return hashlib.sha256(json.dumps(parts, ensure_ascii=True).encode()).hexdigest()


class Node(NamedTuple):
    """A stage of the graph.

    Attributes:
        stage: what is built.
        digest: SHA-256 of everything that shapes it.
        framework, cuda: of the image that it was added for.
        owned: whether it belongs to that framework's plugin.
        args: build arguments, by name.
        below: what its named contexts are: the key of another node, or an image.
        given: named contexts that the user gave.
        stages: names of the stages that it is made of, its own included.
        source: what its Dockerfile says.
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
    source: StageSource


class Graph:
    """Nodes by their digests, each after those below it. Images share the nodes of equal stages.

    Attributes:
        nodes: by key, which is the digest, or for an image that shares its stage with another one a
            digest of its own.
        images: framework and CUDA version of the image of each node that is one.
        users: framework and CUDA version of the images that contain each node.
        replaced: names of the stages that the user replaced by images.
        contexts: names of the user's contexts that are read.
    """

    def __init__(self) -> None:
        self.nodes: dict[str, Node] = {}
        self.images: dict[str, tuple[str, str]] = {}
        self.users: dict[str, set[tuple[str, str]]] = {}
        self.replaced: set[str] = set()
        self.contexts: set[str] = set()

    def add_image(self, image: Contributions) -> str:
        """Add the stages of an image, and return the key of its node.

        Raises:
            UsageError: the target does not exist, or is an image.
            PluginError: a stage is missing, or stages need each other.
        """
        request = image.request
        stages = {stage.key: stage for stage in image.stages}
        if request.target not in stages:
            raise UsageError(
                f"{request.framework!r} has no target {request.target!r}",
                known_names(request.target, stages, "known targets"),
            )
        if stages[request.target].value.image:
            raise UsageError(
                f"the target {request.target!r} is an existing image", "there is nothing to build"
            )
        walk = _Walk(graph=self, image=image, stages=stages)
        digest = walk.top_of_stack(request.target, "the command line")
        identity = (request.framework, image.pin(CUDA))
        if self.images.setdefault(digest, identity) == identity:
            return digest
        # The same stage for two images: one target can have only one set of labels.
        key = digest_of([digest, *identity])
        framework, cuda = identity
        self.nodes[key] = self.nodes[digest]._replace(framework=framework, cuda=cuda)
        self.images[key] = identity
        self.users[key] = {identity}
        return key

    def built_stages(self, key: str) -> frozenset[str]:
        """Return the names of the stages that are built for a node; not those that are replaced."""
        return self.nodes[key].stages - self.replaced

    def names(self) -> dict[str, str]:
        """Return a name for each node.

        It is the stage's if that is shared; else the framework's name precedes it, and the CUDA
        version if that is not unique.
        """
        choices = {key: _choices(key, node) for key, node in self.nodes.items()}
        names: dict[str, str] = {}
        for key, own in choices.items():
            unique = (
                name
                for level, name in enumerate(own)
                if name and [others[level] for others in choices.values()].count(name) == 1
            )
            name = next(unique, own[-1])
            names[key] = re.sub(r"[^A-Za-z0-9_-]", "-", own[-1] if name in names.values() else name)
        return names

    def target(self, key: str, names: dict[str, str], secrets: Iterable[str]) -> Target:
        """Return a node as a target of the plan.

        Args:
            key: of the node.
            names: of all nodes.
            secrets: IDs of the build's secrets; the target gets those that it mounts.
        """
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
                for name, source in sorted({**_sources(node, names), **dict(node.given)}.items())
            ),
            digest=node.digest,
            cache_names=_cache_names(node, self.users[key]),
            secrets=tuple(secret for secret in secrets if _mounts(node, secret)),
        )


def _mounts(node: Node, secret: str) -> bool:
    """Whether a step of the node's Dockerfile mounts a secret, or BuildKit itself takes it to
    download a source.
    """
    source = node.source
    if source.mounts(secret):
        return True
    remote = any("://" in place or "git@" in place for _, place in node.given)
    return (source.downloads or remote) and secret.startswith(_BUILDKIT_SECRETS)


def _sources(node: Node, names: dict[str, str]) -> dict[str, str]:
    """The sources of a node's named contexts, by the names in its Dockerfile."""
    return {
        name: f"target:{names[below]}" if below in names else f"docker-image://{below}"
        for name, below in node.below
    }


def _cache_names(node: Node, users: set[tuple[str, str]]) -> tuple[str, ...]:
    """The names of a stage's caches, whatever else is built: with its framework and CUDA version if
    only they use it; else, or if another framework may use it too, the stage's own name.
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
    """Names for a node, the shortest first; the last one is always unique."""
    stage = node.stage.name
    own = f"{node.framework}-{stage}"
    return (
        "" if node.owned else stage,
        own,
        f"{node.framework}-{cuda_suffix(node.cuda)}-{stage}" if node.cuda else "",
        f"{own}-{key[:8]}",
    )


class _Walk:
    """Adds the stages of one image to the graph, from the target down."""

    def __init__(
        self, *, graph: Graph, image: Contributions, stages: dict[str, Resolved[Stage]]
    ) -> None:
        self.graph = graph
        self.image = image
        self.stages = stages
        self.path: tuple[str, ...] = ()
        self.tops: dict[str, str] = {}

    def top_of_stack(self, name: str, needed_by: str) -> str:
        """Add a stage with its extensions, and return the top of the stack.

        Returns:
            a node's key, or an image's reference.
        """
        if name not in self.tops:
            self._enter(name, needed_by)
            below = self._stage(name)
            is_image = self.stages[name].value.image
            self.tops[name] = below if is_image else self._extensions(name, below)
            self.path = self.path[:-1]
        return self.tops[name]

    def _enter(self, name: str, needed_by: str) -> None:
        """Add a stage to the path from the target.

        Raises:
            PluginError: there is no such stage, or the path is a cycle.
        """
        if name not in self.stages:
            raise PluginError(
                f"{needed_by} needs the stage {name!r}, which no loaded plugin provides",
                "install the plugin that provides it (or is it excluded?), or use an image: "
                f"--stage {name}=IMAGE",
            )
        if name in self.path:
            cycle = " -> ".join([*self.path[self.path.index(name) :], name])
            raise PluginError(
                f"stages need each other in a cycle: {cycle}",
                "exclude one of the plugins involved (--no-plugin NAME), or uninstall it",
            )
        self.path = (*self.path, name)

    def _stage(self, name: str) -> str:
        """Add a stage without its extensions; if it is an extension, on what it extends."""
        resolved = self.stages[name]
        extended = resolved.value.extends
        if resolved.value.image:
            if resolved.sources[0].layer is Layer.USER:
                self.graph.replaced.add(name)
            return resolved.value.image
        if not extended:
            return self._node(resolved, below=())
        self._enter(extended, f"stage {name!r} of {resolved.sources[0]}")
        key = self._stage(extended)
        if not self.stages[extended].value.image:
            key = self._extensions(extended, key, until=name)
        self.path = self.path[:-1]
        return self._node(resolved, below=((extended, key),))

    def _extensions(self, name: str, below: str, until: str = "") -> str:
        """Stack the extensions of a stage on it, each with its own, up to the one named `until`."""
        extensions = [stage for stage in self.stages.values() if stage.value.extends == name]
        for extension in sorted(extensions, key=lambda stage: (stage.value.order, stage.key)):
            if extension.key == until:
                break
            below = self._node(extension, below=((name, below),))
            below = self._extensions(extension.key, below)
        return below

    def _node(self, resolved: Resolved[Stage], below: tuple[tuple[str, str], ...]) -> str:
        stage = resolved.value
        owner = f"stage {stage.name!r} of {resolved.sources[0]}"
        given = self.image.contexts_of(stage.name)
        self.graph.contexts |= set(dict(given))
        contexts = dict(below)
        for need in stage.needs:
            if need not in contexts and need not in dict(given):
                contexts[need] = self.top_of_stack(need, owner)
        node = self._make_node(resolved, tuple(sorted(contexts.items())), given)
        self.graph.nodes.setdefault(node.digest, node)
        user = (node.framework, node.cuda)
        self.graph.users.setdefault(node.digest, set()).add(user)
        return node.digest

    def _make_node(
        self,
        resolved: Resolved[Stage],
        below: tuple[tuple[str, str], ...],
        given: tuple[tuple[str, str], ...],
    ) -> Node:
        stage = resolved.value
        framework = self.image.request.framework
        owned = resolved.sources[0].layer is Layer.FRAMEWORK
        args = self.image.args_of(stage.name)
        return Node(
            stage=stage,
            digest=digest_of(
                [
                    framework if owned else "",
                    stage.name,
                    stage.target,
                    dict(self.image.files)[stage.name].source.digest,
                    args,
                    below,
                    [(name, "" if place.startswith("/") else place) for name, place in given],
                ]
            ),
            framework=framework,
            cuda=self.image.pin(CUDA),
            owned=owned,
            args=args,
            below=below,
            given=given,
            stages=frozenset([stage.name, *self._stages_below(below)]),
            source=dict(self.image.files)[stage.name].source,
        )

    def _stages_below(self, below: tuple[tuple[str, str], ...]) -> list[str]:
        nodes = (self.graph.nodes[key] for _, key in below if key in self.graph.nodes)
        return [*dict(below), *(name for node in nodes for name in node.stages)]
