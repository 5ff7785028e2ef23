# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What a user gave to `dev`: see `records`."""

from __future__ import annotations

from dataclasses import dataclass

from dynamo_container.options.run_records import RunOptions
from dynamo_container.options.syntax import IndexUrl


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DevOptions(RunOptions):
    """The options of `dev`: those of `run` that a container to develop in can have, and its own;
    see `dev --help` for each.
    """

    source: str | None = None
    index_url: IndexUrl | None = None
    extra_index_url: tuple[tuple[IndexUrl, ...], ...] = ()
    trusted_host: tuple[str, ...] = ()
    ca_bundle: str | None = None
    recreate: bool = False
    no_build: bool = False
    watch: bool = False
