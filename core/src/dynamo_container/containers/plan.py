# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The frozen plan of a container."""

from __future__ import annotations

from dataclasses import dataclass

from dynamo_container.model.provenance import PlanEntry
from dynamo_container.model.values import EnvVar, Mount, Readiness, RunFlag


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPlan:
    """A container to start.

    Attributes:
        program: the command that starts it: docker or podman.
        image: reference of the image.
        command: what runs in it; empty for the image's own command.
        name: the container's name; empty for docker's choice.
        env, mounts: sorted by name and by target.
        flags: of `docker run`, sorted, including those that give access to GPUs.
        ports: as `docker run --publish` takes them.
        entrypoint: program, and arguments that precede the command; empty for the image's own.
        folders: folders on the host that are created before the container starts.
        labels: by which `ps`, `stop` and others find the container.
        remove: delete the container when it exits.
        detach, interactive, tty: as docker's.
        readiness: how to find out whether the container is ready; None if unknown.
        entries: every value with its provenance.
        warnings: lines for the user.
    """

    program: str
    image: str
    command: tuple[str, ...]
    name: str
    env: tuple[EnvVar, ...]
    mounts: tuple[Mount, ...]
    flags: tuple[RunFlag, ...]
    ports: tuple[str, ...]
    entrypoint: tuple[str, ...]
    folders: tuple[str, ...]
    labels: tuple[tuple[str, str], ...]
    remove: bool
    detach: bool
    interactive: bool
    tty: bool
    readiness: Readiness | None
    entries: tuple[PlanEntry, ...]
    warnings: tuple[str, ...] = ()
