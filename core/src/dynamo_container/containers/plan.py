# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The plan of a container, frozen."""

from __future__ import annotations

from dataclasses import dataclass

from dynamo_container.model.provenance import PlanEntry
from dynamo_container.model.values import EnvVar, Mount, Readiness, RunFlag


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPlan:
    """A container to start.

    Attributes:
        image: its reference.
        command: what runs in it; the image's own where empty.
        flags: flags of `docker run`, sorted, those of the accelerator among them.
        folders: on the host, to be made before the container starts where they are not there.
        labels: by which the container is found again.
        readiness: how it says that it is ready; None where the framework does not say.
        facts: every value with its provenance.
        warnings: lines for the user.
    """

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
    facts: tuple[PlanEntry, ...]
    warnings: tuple[str, ...] = ()
