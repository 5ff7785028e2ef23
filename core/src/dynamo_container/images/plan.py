# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The plan of a build: everything that shapes and names the images."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from dynamo_container.model.provenance import PlanEntry
from dynamo_container.model.requests import Outputs
from dynamo_container.model.values import BuildSecret, Label, NamedContext


class Target(NamedTuple):
    """A target of the graph: a stage with everything that it is built from.

    Attributes:
        name: unique in the plan, made of letters, digits, `_` and `-`.
        stage: the stage's name.
        dockerfile, context: absolute paths.
        dockerfile_target: the `FROM ... AS` name.
        args: build arguments, sorted by name.
        contexts: named contexts, sorted by name.
        secrets: IDs of the secrets that it gets: those that its Dockerfile mounts.
        cache_names: names of its caches: the first is written, all are read.
        digest: SHA-256 of everything that shapes the stage: Dockerfile, context, arguments, and the
            stages below.
    """

    name: str
    stage: str
    dockerfile: Path
    context: Path
    dockerfile_target: str
    args: tuple[tuple[str, str], ...]
    contexts: tuple[NamedContext, ...]
    digest: str
    cache_names: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()


class Image(NamedTuple):
    """A requested image.

    Attributes:
        framework, stage: what it is an image of.
        target: name of the target in the plan that builds it.
        tags: complete references.
        labels: sorted by key, the plan's hash among them.
        plan_hash: SHA-256 of what shapes the image: no local path, no source of a secret, no tag.
        entries: every value with its provenance.
    """

    framework: str
    stage: str
    target: str
    tags: tuple[str, ...]
    labels: tuple[Label, ...]
    plan_hash: str
    entries: tuple[PlanEntry, ...]


class BuildPlan(NamedTuple):
    """A build: the requested images, and the targets that build them, each after those below it.

    Attributes:
        secrets: of all images.
        proxies: names of proxy variables that every step gets; never their values.
        no_cache, pull, progress: as docker's.
        outputs: the builder and its settings, and where the images go.
        metadata_file: the file for buildx's metadata; if set, progress is BuildKit's records.
        notices: lines for the user.
        warnings: lines for the user about what is probably not wanted.
    """

    images: tuple[Image, ...]
    targets: tuple[Target, ...]
    secrets: tuple[BuildSecret, ...] = ()
    proxies: tuple[str, ...] = ()
    no_cache: bool = False
    pull: bool = False
    outputs: Outputs = Outputs()
    progress: str = "auto"
    metadata_file: str = ""
    notices: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
