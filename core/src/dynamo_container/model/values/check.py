# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""How images are checked."""

from __future__ import annotations

from dataclasses import dataclass

from dynamo_container.model.values.validation import require


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A command that exits with status 0 in a correct image."""

    name: str
    argv: tuple[str, ...]
    needs_gpu: bool = False

    def __post_init__(self) -> None:
        require(self.name and self.argv, "a check requires a name and a command")
