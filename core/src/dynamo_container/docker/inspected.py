# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""One container by its name, and commands that are expected to succeed. This module starts
processes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from dynamo_container.docker import engine, process, program
from dynamo_container.docker.command import Command, shell_line
from dynamo_container.docker.errors import reading_answer
from dynamo_container.errors import MachineError

# Creating a container can copy an image's files into a new volume.
_SECONDS = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectedContainer:
    """A container, as the engine reports it.

    Attributes:
        state: the engine's word for it: `running`, `exited`, ...
        labels: sorted by key.
    """

    state: str
    labels: tuple[tuple[str, str], ...]

    def label(self, key: str) -> str:
        """Return a label's value; empty if the container does not have the label."""
        return dict(self.labels).get(key, "")


@reading_answer()
def inspect_container(name: str) -> InspectedContainer | None:
    """Return what the engine knows about a container; None if there is no such container.

    Raises:
        EngineError: no engine answers.
    """
    form = "[{{json .State.Status}},{{json .Config.Labels}}]"
    completed = process.capture(program.selected(), "container", "inspect", "--format", form, name)
    if completed.returncode:
        engine.require()
        return None
    state, labels = json.loads(completed.stdout)
    return InspectedContainer(state=str(state), labels=tuple(sorted((labels or {}).items())))


def require_success(command: Command) -> str:
    """Run a command that is expected to succeed, and return what it prints.

    Raises:
        EngineError: no engine answers.
        MachineError: the command failed.
    """
    completed = process.capture(*command.argv, timeout=_SECONDS)
    if completed.returncode:
        engine.require()
        problem = (completed.stderr.strip().splitlines() or ["no message"])[-1]
        raise MachineError(
            f"'{shell_line(command.argv[:2])}' failed: {problem}",
            "see what runs: the same command with --verbose, after dynamo-container",
        )
    return completed.stdout
