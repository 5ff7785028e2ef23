# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""A container that `run` started, as lists show it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

RUNNING: Final = "running"


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """A container that `run` started.

    Attributes:
        framework: the framework of its image; empty if it was not known.
        state: the engine's word for it: `running`, `exited`, ...
        status: the state with its time, for people: `Up 5 minutes`.
        ports: the published ports, such as `127.0.0.1:8000->8000/tcp`.
        created: in seconds since 1970.
    """

    id: str
    name: str
    framework: str
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
        """Whether it has not ended: a paused container still holds its memory and GPUs."""
        return self.state in (RUNNING, "paused", "restarting")
