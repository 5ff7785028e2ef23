# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Whether the builder can do what a build asks of it. This module asks the builder."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from dynamo_container.docker import buildx, engine
from dynamo_container.errors import EngineError, MachineError
from dynamo_container.images import outputs

if TYPE_CHECKING:
    from dynamo_container.model.facts import BuilderInfo
    from dynamo_container.model.requests import Outputs


def check(wanted: Outputs) -> Iterator[str]:
    """Check the builder, if not every builder can do what is wanted, and that the engine answers;
    yield warnings for the user.

    Raises:
        EngineError: no engine answers, or buildx is too old.
        MachineError: the builder does not answer, or cannot do it.
    """
    special = (
        wanted.builder, wanted.platforms, wanted.attests, wanted.cache_to, wanted.cache,
        wanted.compression, wanted.archives,
    )  # fmt: skip
    builder = _capable_builder(wanted) if any(special) else None
    if builder:
        yield from outputs.platform_warnings(wanted, builder)
    option, oldest = outputs.oldest_buildx(wanted)
    if option:
        buildx.require_version(oldest, option)
    if builder is None or (wanted.load and not wanted.archives):
        engine.server_version()


def _capable_builder(wanted: Outputs) -> BuilderInfo:
    """Return the builder. The error for one that cannot build names another one that can."""
    try:
        builder = buildx.inspect_builder(wanted.builder)
        outputs.require_capabilities(wanted, builder)
    except (EngineError, MachineError) as error:
        fits = partial(outputs.is_capable, wanted)
        if not wanted.builder and (name := buildx.another_builder(fits)):
            error.next_step = f"use the builder that can: --builder {name}; or {error.next_step}"
        raise
    return builder
