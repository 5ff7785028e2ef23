# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""A container that `run` started, as lists show it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from dynamo_container.model.names import OWNER_LABEL, RUN_LABEL

RUNNING: Final = "running"
CREATED: Final = "created"
# The labels that each container of ours gets when it is started.
_OURS: Final = (RUN_LABEL, OWNER_LABEL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """A container that `run` started.

    Attributes:
        framework: the framework of its image; empty if it was not known.
        owner: `UID@HOST` of who started it; empty if it was not known.
        project: the folder of that user's project; empty for none.
        served: the project of a served model that it belongs to; empty for none.
        developed: the folder that is developed in it; empty if `dev` did not create it.
        state: the engine's word for it: `running`, `exited`, ...
        status: the state with its time, for people: `Up 5 minutes`.
        ports: the published ports, such as `127.0.0.1:8000->8000/tcp`.
        created: in seconds since 1970.
    """

    id: str
    name: str
    framework: str
    owner: str
    project: str
    served: str
    developed: str
    image: str
    state: str
    status: str
    ports: tuple[str, ...]
    created: int

    @property
    def running(self) -> bool:
        """Whether a command can be run in it."""
        return self.state == RUNNING

    @property
    def alive(self) -> bool:
        """Whether it has not ended: a paused container still holds its memory and GPUs, and one
        that was only created its name.
        """
        return self.state in (RUNNING, CREATED, "paused", "restarting")


def ours(
    listed: Iterable[dict[str, Any]], inherited: Callable[[dict[str, Any]], Mapping[str, str]]
) -> Iterator[dict[str, Any]]:
    """Yield the containers that one of our commands started, with the labels that are their own.

    Args:
        listed: the engine's entries of containers with our labels.
        inherited: returns the labels of the image of an entry.
    """
    for entry in listed:
        labels, of_image = entry["Labels"], inherited(entry)
        if not _is_foreign(labels, of_image):
            yield {**entry, "Labels": _own_labels(labels, of_image)}


def _is_foreign(labels: Mapping[str, str], inherited: Mapping[str, str]) -> bool:
    """Whether a container has our labels only because its image has them: then somebody else
    started it.

    Args:
        labels: of the container.
        inherited: those of its image.
    """
    return RUN_LABEL in inherited and all(labels.get(key) == inherited.get(key) for key in _OURS)


def _own_labels(labels: Mapping[str, str], inherited: Mapping[str, str]) -> dict[str, str]:
    """Return the labels of a container that one of our commands started, without those that it only
    has from its image: an image that was pulled at the start can name the project of another one.

    Args:
        labels: of the container.
        inherited: those of its image.
    """
    return {
        key: value for key, value in labels.items() if key in _OURS or inherited.get(key) != value
    }
