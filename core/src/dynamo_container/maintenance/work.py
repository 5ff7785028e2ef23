# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What `releases --update` and `releases --verify` do for one framework, line by line."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from dynamo_container.docker import engine
from dynamo_container.errors import UsageError, WorkFailedError
from dynamo_container.maintenance import proof, tables
from dynamo_container.maintenance.index import Index, Published, require_version
from dynamo_container.maintenance.resolution import Answer
from dynamo_container.maintenance.rows import derive
from dynamo_container.model.names import DYNAMO
from dynamo_container.model.values import Release
from dynamo_container.plugins import hookspecs
from dynamo_container.plugins.registry import Registry


def update(
    registry: Registry, framework: str, index: Index, version: str | None = None
) -> Iterator[str]:
    """Add a row for each stable release that is newer than the newest row, or for one release.

    Yields:
        What was found, overridden and written, for people.

    Raises:
        UsageError: the table cannot be changed, or the release is not on the index.
        WorkFailedError: the index cannot be read, or no packages were found for a release.
    """
    rows = _rows(registry, framework)
    path = tables.editable_table(rows)
    new = _new(rows, index.stable_releases(DYNAMO), version)
    if not new:
        yield f"{framework}: the table has every release"
    for release in new:
        derived = derive(registry, framework, rows, index, release)
        path.write_text(
            tables.insert(path.read_text(encoding="utf-8"), derived.row), encoding="utf-8"
        )
        rows = tuple(
            sorted((*rows, derived.row), key=lambda row: type(release.version)(row.dynamo))
        )
        yield f"{framework}: wrote the row of Dynamo {release.version} into {path}"
        yield from (f"  {line}" for line in (*_summary(derived.answers), *derived.remarks))


def verify(
    registry: Registry, framework: str, version: str | None = None, *, build: bool = True
) -> Iterator[str]:
    """Prove a row, by default that of the default release, and write the evidence into the table.

    Args:
        registry: with the framework's plugin loaded.
        framework: its name.
        version: the release.
        build: whether an image is built and checked; else packages are only resolved.

    Yields:
        What was proven, for people.

    Raises:
        UsageError: the table has no such row, or cannot be changed.
        EngineError: an image is to be built, and no engine answers.
        WorkFailedError: packages were not found, the build failed, or a check.
    """
    rows = _rows(registry, framework)
    path = tables.editable_table(rows)
    row = _row(rows, framework, version)
    if build:
        engine.server_version()  # resolving takes minutes
    answers = proof.resolve_everywhere(registry, framework, row.dynamo)
    yield from (f"{framework} {row.dynamo}: {line}" for line in _summary(answers))
    if failed := [answer for answer in answers if not answer]:
        raise WorkFailedError(
            f"the row of Dynamo {row.dynamo} cannot be resolved on {failed[0].platform}",
            "change the row, or derive it again: dynamo-container releases --update",
            details=tuple(failed[0].reason.splitlines()),
        )
    size = proof.build_and_check(framework, row.dynamo) if build else 0
    evidence = proof.evidence(answers, size, datetime.now(tz=UTC).date())
    if build or not row.checked:
        text = tables.with_evidence(
            path.read_text(encoding="utf-8"), row.dynamo, evidence.as_toml()
        )
        path.write_text(text, encoding="utf-8")
    yield f"{framework} {row.dynamo}: {evidence.summary()}"


def _rows(registry: Registry, framework: str) -> tuple[Release, ...]:
    contributions = registry.call_for(framework, hookspecs.dynamo_container_releases)
    if not contributions:
        raise UsageError(
            f"the plugin of {framework!r} has no release table",
            "name another framework: dynamo-container releases FRAMEWORK",
        )
    return tuple(contribution.value for contribution in contributions)


def _new(
    rows: tuple[Release, ...], published: tuple[Published, ...], version: str | None
) -> list[Published]:
    known = {row.dynamo for row in rows}
    if version:
        return [] if version in known else [require_version(version, published)]
    newest = rows[-1].dynamo
    return [release for release in published if release.version > type(release.version)(newest)]


def _row(rows: tuple[Release, ...], framework: str, version: str | None) -> Release:
    for row in rows:
        if row.dynamo == version or (version is None and row.default):
            return row
    raise UsageError(
        f"the release table of {framework!r} has no row of {version or 'its default'}",
        "see: dynamo-container releases",
    )


def _summary(answers: tuple[Answer, ...]) -> Iterator[str]:
    for answer in answers:
        found = f"{len(answer.packages)} packages" if answer else "not resolved"
        yield f"{answer.platform}: {found}"
