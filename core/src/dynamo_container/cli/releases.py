# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`releases`: the Dynamo releases in the plugins' tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Final

import click

from dynamo_container.cli.app import Session
from dynamo_container.cli.layout import Option, examples
from dynamo_container.cli.types import flag
from dynamo_container.errors import UsageError
from dynamo_container.model.values import Release
from dynamo_container.plugins import hookspecs
from dynamo_container.plugins.registry import Registry
from dynamo_container.printing import print_json, print_line, print_lines, print_table

_HEADING: Final = (
    "DYNAMO",
    "RELEASED",
    "PYTHON",
    "CUDA",
    "DRIVER",
    "GPUS",
    "CHECKED",
    "DEPRECATED",
    "WHEELS",
)
# The version of the JSON's form; new keys do not change it.
SCHEMA: Final = 1


@click.command(epilog=examples("releases vllm"))
@click.argument("framework", required=False)
@click.argument("version", required=False)
@flag("--json", "as_json", help="Print JSON.")
@click.option(
    "--update",
    "task",
    cls=Option,
    flag_value="update",
    help="For maintainers: add the rows of new releases, or of VERSION, from the "
    "package index to the table.",
)
@click.option(
    "--verify",
    "task",
    cls=Option,
    flag_value="verify",
    help="For maintainers: resolve, build and check a row, and record the result in the table.",
)
@flag("--resolve-only", help="With --verify: only resolve the packages, without building.")
@click.pass_obj
def command(
    session: Session,
    framework: str | None,
    version: str | None,
    as_json: bool,
    task: str | None,
    resolve_only: bool,
) -> int:
    """List the Dynamo releases that can be built, with their versions.

    An asterisk marks the default. CUDA lists the versions that have a base image, the default
    first; DRIVER is the oldest NVIDIA driver that works; GPUS lists the compute capabilities for
    which the engine has native code, if they are known; CHECKED is whether, when and how the image
    was built and checked; DEPRECATED lists parts that are included only on request.
    """
    _require_task(version, task, resolve_only=resolve_only)
    registry = session.registry
    names = (registry.framework(framework),) if framework else registry.frameworks
    session.load(*names)
    if task:
        for name in names:
            print_lines(_lines(task, registry, name, version, resolve_only=resolve_only))
        return 0
    tables = {name: _releases(registry, name) for name in names}
    if as_json:
        print_json(_document(tables))
        return 0
    for name, rows in tables.items():
        print_line(f"{name}:" if rows else f"{name}: its plugin has no release table")
        if rows:
            print_table([_HEADING, *map(_cells, reversed(rows))], indent="  ")
    return 0


def _require_task(version: str | None, task: str | None, *, resolve_only: bool) -> None:
    if version and not task:
        raise UsageError(
            "VERSION requires --update or --verify", "to list all: dynamo-container releases"
        )
    if resolve_only and task != "verify":
        raise UsageError("--resolve-only requires --verify", "add: --verify")


def _lines(
    task: str, registry: Registry, name: str, version: str | None, *, resolve_only: bool
) -> Iterator[str]:
    from dynamo_container.maintenance import index, work

    if task == "update":
        return work.update(registry, name, index.connect(), version)
    return work.verify(registry, name, version, build=not resolve_only)


def _releases(registry: Registry, framework: str) -> tuple[Release, ...]:
    contributions = registry.call_for(framework, hookspecs.dynamo_container_releases)
    return tuple(contribution.value for contribution in contributions)


def _document(tables: dict[str, tuple[Release, ...]]) -> dict[str, object]:
    rows = {
        name: [_without_locations(asdict(row)) for row in table] for name, table in tables.items()
    }
    return {"schema": SCHEMA, "releases": rows}


def _without_locations(value: object) -> object:
    """Remove the locations of values, which are paths of this machine."""
    if isinstance(value, dict):
        fields = value.items()
        return {key: _without_locations(field) for key, field in fields if key != "location"}
    if isinstance(value, (list, tuple)):
        return [_without_locations(item) for item in value]
    return value


def _cells(row: Release) -> tuple[str, ...]:
    return (
        f"{row.dynamo} *" if row.default else row.dynamo,
        row.released,
        row.python,
        ", ".join(cuda.version for cuda in row.cuda) or "-",
        ", ".join(dict.fromkeys(cuda.driver for cuda in row.cuda if cuda.driver)) or "-",
        " ".join(row.cuda[0].gpus if row.cuda else ()) or "-",
        row.evidence.summary() if row.evidence else "yes" if row.checked else "no",
        ", ".join(row.deprecated) or "-",
        ", ".join(f"{wheel.name} {wheel.version}" for wheel in row.wheels),
    )
