# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`releases`: which Dynamo goes with what, as the plugins' tables have it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import Final

import click

from dynamo_container.cli.app import Session
from dynamo_container.cli.frameworks import complete_framework
from dynamo_container.model.values import Release
from dynamo_container.plugins import hookspecs
from dynamo_container.plugins.registry import Registry

_HEADINGS: Final = ("DYNAMO", "RELEASED", "PYTHON", "CUDA", "DRIVER", "CHECKED", "WHEELS")


@click.command(epilog="Example: dynamo-container releases vllm")
@click.argument("framework", required=False, shell_complete=complete_framework)
@click.option("--json", "as_json", is_flag=True, help="As JSON: an object of lists.")
@click.pass_obj
def command(session: Session, framework: str | None, as_json: bool) -> int:
    """Tell which releases of Dynamo a FRAMEWORK can be built from, and what goes with each.

    CUDA says for which versions there is a base image, the default first; DRIVER is the oldest
    NVIDIA driver; CHECKED, whether the plugin's author has built and checked the image.
    """
    registry = session.registry
    names = (registry.framework(framework),) if framework else registry.frameworks
    session.load(*names)
    tables = {name: _releases(registry, name) for name in names}
    if as_json:
        click.echo(
            json.dumps(
                {name: [asdict(one) for one in rows] for name, rows in tables.items()}, indent=2
            )
        )
        return 0
    for name, rows in tables.items():
        click.echo(f"{name}:" if rows else f"{name}: its plugin has no table of releases")
        for line in _aligned([_HEADINGS, *map(_cells, reversed(rows))] if rows else []):
            click.echo(f"  {line}")
    return 0


def _releases(registry: Registry, framework: str) -> tuple[Release, ...]:
    return tuple(
        said.value for said in registry.call_for(framework, hookspecs.dynamo_container_releases)
    )


def _cells(row: Release) -> tuple[str, ...]:
    return (
        row.dynamo,
        row.released,
        row.python,
        ", ".join(one.version for one in row.cuda) or "-",
        ", ".join(dict.fromkeys(one.driver for one in row.cuda if one.driver)) or "-",
        "yes" if row.checked else "no",
        ", ".join(f"{wheel.name} {wheel.version}" for wheel in row.wheels),
    )


def _aligned(rows: Iterable[tuple[str, ...]]) -> list[str]:
    rows = list(rows)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
