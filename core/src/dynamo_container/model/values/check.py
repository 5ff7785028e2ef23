# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""How images are checked."""

from __future__ import annotations

from dataclasses import dataclass

from dynamo_container.model.values.validation import require


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A command that exits with status 0 in a correct image.

    Attributes:
        name: what is checked.
        argv: the command.
        needs_gpu: whether it needs a GPU; without one it is skipped.
        user: the user who runs it; empty for the image's.
        reports: whether its output is shown even if it succeeds.
    """

    name: str
    argv: tuple[str, ...]
    needs_gpu: bool = False
    user: str = ""
    reports: bool = False

    def __post_init__(self) -> None:
        require(self.name and self.argv, "a check requires a name and a command")
