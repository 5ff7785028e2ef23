# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""A merged plan, as hooks see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from dynamo_container.model.provenance import PlanEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanView:
    """The plan of an image or of a container, after the merge of what plugins and the user set.

    Attributes:
        command: what it is the plan of. A served model has a plan of each service's container
            (`run`), and one of them all (`serve`).
        framework: its framework; empty for a container of an image that names none.
        target: the stage that is built, or that the container's image is of; empty if unknown.
        tags: references that the image gets; empty for a container.
        images: every image from outside, by its reference: those that the stages of a build start
            from, copy from, or that replace stages; the image of a container.
        image_labels: of the image of a container; empty if the engine does not have the image.
        service: the service of a served model that a container is for; empty for none.
        entries: every value with its provenance, as `explain --json` shows them.
    """

    command: Literal["build", "run", "serve"]
    framework: str
    target: str
    tags: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    image_labels: tuple[tuple[str, str], ...] = ()
    service: str = ""
    entries: tuple[PlanEntry, ...] = ()

    def values(self, kind: str) -> dict[str, str]:
        """Return the values of a kind, such as `label` or `flag`, by key."""
        return {entry.key: entry.value for entry in self.entries if entry.kind == kind}

    def flag_values(self, flag: str) -> tuple[str, ...]:
        """Return the values of a flag of `docker run`, such as `--cap-add`, whether an option sets
        it or `--docker-arg`, which can repeat it. The value of a flag without one is empty.
        """
        return tuple(
            entry.value
            for entry in self.entries
            if entry.kind == "flag" and entry.key.partition(" ")[0] == flag
        )
