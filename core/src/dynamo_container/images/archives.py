# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Archives of images, by which podman gets what BuildKit has built. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from dynamo_container.docker.command import Command
from dynamo_container.model.references import as_tag

if TYPE_CHECKING:
    from dynamo_container.images.plan import BuildPlan
    from dynamo_container.model.requests import Outputs


class Loading(NamedTuple):
    """What loads the images of a build into podman; nothing if they are for docker.

    Attributes:
        before: commands that run before the build.
        after: commands that run after it.
        files: the archives, which are deleted whatever happens.
    """

    before: tuple[Command, ...] = ()
    after: tuple[Command, ...] = ()
    files: tuple[str, ...] = ()


def archive(outputs: Outputs, tags: tuple[str, ...]) -> str:
    """Return the file of an image's archive. Images with other tags have other files."""
    digest = hashlib.sha256("\n".join(tags).encode(errors="surrogateescape")).hexdigest()
    return f"{outputs.archives}/{as_tag(tags[0])}-{digest[:12]}.tar"


def loading(plan: BuildPlan) -> Loading:
    """Return the commands that load the images of a plan into podman, as a dry run prints them."""
    outputs = plan.outputs
    if not outputs.archives:
        return Loading()
    return Loading(
        before=(Command(argv=("mkdir", "-p", "-m", "700", outputs.archives)),),
        after=tuple(_after(plan)),
        files=tuple(archive(outputs, image.tags) for image in plan.images),
    )


def _after(plan: BuildPlan) -> Iterator[Command]:
    for image in plan.images:
        file = archive(plan.outputs, image.tags)
        if plan.outputs.saved:
            yield Command(argv=("docker", "image", "save", "--output", file, *image.tags))
        yield Command(argv=("podman", "load", "--quiet", "--input", file))
        yield Command(argv=("rm", "-f", file))
