# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The parts of Dynamo that images leave out unless the user asks for them: `--extra planner`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from dynamo_container.errors import UsageError
from dynamo_container.model import values

if TYPE_CHECKING:
    from dynamo_container.model.requests import BuildRequest

_OPTION: Final = "extra"


def options(rows: Iterable[values.Release]) -> Iterator[values.Option]:
    """Yield the option that selects the parts that rows name; none if they name none."""
    names = tuple(dict.fromkeys(extra.extra for row in rows for extra in row.extras))
    if names:
        yield values.Option(
            flag=f"--{_OPTION}",
            choices=names,
            repeatable=True,
            help="Add a part of Dynamo that images leave out; repeatable.",
            stages=("wheels",),
            harmless=True,
        )


def requested(request: BuildRequest) -> tuple[str, ...]:
    """Return the parts that a request names, each once, in the order of their names."""
    return tuple(sorted(set(request.option_values(_OPTION))))


def find(
    request: BuildRequest, row: values.Release, dynamo: str, rows: Iterable[values.Release]
) -> tuple[values.ReleaseExtra, ...]:
    """Return what is installed for the parts that a request names.

    Args:
        request: names the parts.
        row: of the chosen release, or of the nearest older one.
        dynamo: the chosen release.
        rows: of the table.

    Raises:
        UsageError: the row does not have one of them.
    """
    known = {extra.extra: extra for extra in row.extras}
    for name in requested(request):
        if name not in known:
            releases = [one.dynamo for one in rows if name in {extra.extra for extra in one.extras}]
            raise UsageError(
                f"{request.framework!r} with Dynamo {dynamo} cannot be built with --extra {name}",
                f"choose a release that has it: --dynamo-version {' or '.join(releases)}",
            )
    return tuple(known[name] for name in requested(request))


def replacing(
    overrides: tuple[values.Override, ...], extras: Iterable[values.ReleaseExtra]
) -> tuple[values.Override, ...]:
    """Return overrides in which those of extras replace others of the same package."""
    added = tuple(override for extra in extras for override in extra.overrides)
    names = {override.name for override in added}
    return (*(override for override in overrides if override.name not in names), *added)
