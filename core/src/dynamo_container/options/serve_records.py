# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What a user gave to `serve` and `export`: see `records`."""

from __future__ import annotations

from dataclasses import dataclass

from dynamo_container.model.requests import Discovery
from dynamo_container.options.run_records import RunOptions


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ServeOptions(RunOptions):
    """The options of `serve`, `explain serve` and `export`; see `serve --help` for each. Those of
    `run` hold for the container of each service; `name` is that of the project, `port` is where the
    frontend is published, and `command` has further arguments of the engine.
    """

    model: str | None = None
    served_model_name: str | None = None
    topology: str | None = None
    workers: int | None = None
    gpus_per_worker: int | None = None
    discovery: Discovery | None = None
    build: bool = False
    timeout: float = 1800.0

    @property
    def prefers_runtime(self) -> bool:
        """The runtime image serves, if both exist."""
        return True
