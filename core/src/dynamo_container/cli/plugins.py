# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`plugins`: list, show and check the installed plugins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import click

from dynamo_container.cli.app import Session
from dynamo_container.cli.layout import Group
from dynamo_container.cli.types import flag
from dynamo_container.errors import PluginError
from dynamo_container.model.text import aligned
from dynamo_container.plugins.discovery import Candidate
from dynamo_container.plugins.registry import Registry
from dynamo_container.plugins.status import (
    Status,
    all_plugins,
    import_statuses,
    matching,
    metadata_statuses,
)
from dynamo_container.printing import print_json, print_line, print_lines

JSON: TypeAlias = "str | list[JSON] | dict[str, JSON]"


_json_option = flag("--json", "as_json", help="Print JSON: a list of objects.")


@click.group(cls=Group)
def command() -> None:
    """List, show and check the installed plugins."""


@command.command("list")
@_json_option
@click.pass_obj
def list_plugins(session: Session, as_json: bool) -> int:
    """List the installed plugins.

    The status comes from metadata: no plugin is imported. Use 'plugins check' to import them.
    """
    _print_table(metadata_statuses(session.registry), as_json=as_json)
    return 0


@command.command("show")
@click.argument("plugin_name", metavar="NAME")
@_json_option
@click.pass_obj
def show(session: Session, plugin_name: str, as_json: bool) -> int:
    """Show a plugin, and its hooks with file and line.

    NAME is the name of a plugin or of its distribution. Only this plugin is imported.
    """
    registry = session.registry
    statuses = import_statuses(registry, matching(registry, plugin_name))
    objects: list[dict[str, JSON]] = [
        {**_row(candidate, status), "hooks": _hooks(registry, candidate)}
        for candidate, status in statuses.items()
    ]
    if as_json:
        print_json(objects)
    else:
        for fields in objects:
            _print_fields(fields)
    return 0


@command.command("check")
@click.argument("plugin_name", required=False, metavar="[NAME]")
@_json_option
@click.pass_obj
def check(session: Session, plugin_name: str | None, as_json: bool) -> int:
    """Import the installed plugins, and list those that cannot be used.

    The exit status is 4 if a plugin cannot be used.
    """
    registry = session.registry
    session.note(
        f"importing {f'the plugin {plugin_name}' if plugin_name else 'all installed plugins'}"
    )
    statuses = import_statuses(
        registry, matching(registry, plugin_name) if plugin_name else all_plugins(registry)
    )
    _print_table(statuses, as_json=as_json)
    failed = any(status.failed for status in statuses.values())
    return PluginError.exit_status if failed else 0


def _print_table(statuses: Mapping[Candidate, Status], *, as_json: bool) -> None:
    if as_json:
        rows = [_row(candidate, status) for candidate, status in statuses.items()]
        print_json(rows)
        return
    table = [(one.name, one.kind, one.origin, status.text) for one, status in statuses.items()]
    print_lines(aligned(table))
    if not statuses:
        print_line("no plugin is installed", err=True)


def _print_fields(fields: Mapping[str, JSON]) -> None:
    for key, value in fields.items():
        lines = (
            [f"{hook}  {location}" for hook, location in value.items()]
            if isinstance(value, dict)
            else [str(value)]
        )
        heads = (f"{key}:", *[""] * len(lines))
        print_lines(f"{head:<14}{line}" for head, line in zip(heads, lines, strict=False))


def _row(candidate: Candidate, status: Status) -> dict[str, JSON]:
    return {
        "name": candidate.name,
        "kind": candidate.kind,
        "distribution": candidate.distribution,
        "version": candidate.version,
        "entry_point": candidate.value,
        "status": status.text,
    }


def _hooks(registry: Registry, candidate: Candidate) -> dict[str, JSON]:
    """Return the hooks of a plugin with their locations; none if it is not loaded."""
    return {
        hook: location
        for plugin in registry.plugins()
        if plugin.candidate == candidate
        for hook, location in plugin.locations()
    }
