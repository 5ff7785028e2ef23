# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The status of installed plugins, by their metadata or by importing them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from dynamo_container.errors import UsageError
from dynamo_container.model.text import known_names
from dynamo_container.plugins.discovery import Candidate
from dynamo_container.plugins.registry import Registry


class Status(NamedTuple):
    """The state of a plugin: one line, and whether the plugin cannot be used because of it."""

    text: str
    failed: bool = False


OK: Final = Status("ok")


def all_plugins(registry: Registry) -> tuple[Candidate, ...]:
    """Return all installed plugins, the excluded ones last."""
    return (*registry.candidates, *(candidate for candidate, _ in registry.excluded))


def matching(registry: Registry, name: str) -> tuple[Candidate, ...]:
    """Return the plugins of this name, or of the distribution of this name.

    Raises:
        UsageError: there is none.
    """
    matches = tuple(candidate for candidate in all_plugins(registry) if candidate.matches(name))
    if not matches:
        names = {candidate.name for candidate in all_plugins(registry)}
        raise UsageError(
            f"plugin {name!r} not found", known_names(name, names, "installed plugins")
        )
    return matches


def metadata_statuses(registry: Registry) -> dict[Candidate, Status]:
    """Return the states of all plugins by their metadata, without importing any."""
    failures = registry.metadata_failures()
    return {
        **dict.fromkeys(registry.candidates, OK),
        **{failure.candidate: Status(failure.cause, failed=True) for failure in failures},
        **{candidate: Status(f"excluded by {reason}") for candidate, reason in registry.excluded},
    }


def import_statuses(registry: Registry, candidates: Iterable[Candidate]) -> dict[Candidate, Status]:
    """Return the states of these plugins. Those that are fine by their metadata are imported."""
    by_metadata = metadata_statuses(registry)
    return {
        candidate: _import_status(registry, candidate)
        if by_metadata[candidate] == OK
        else by_metadata[candidate]
        for candidate in candidates
    }


def _import_status(registry: Registry, candidate: Candidate) -> Status:
    if failure := registry.try_load_candidate(candidate):
        return Status(failure.cause, failed=True)
    remarks = [
        remark
        for plugin in registry.plugins()
        if plugin.candidate == candidate
        for remark in plugin.remarks
    ]
    return Status("; ".join(remarks)) if remarks else OK
