# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`plugins`: list, show and check the installed plugins."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple, TypeAlias

import click

from dynamo_container.cli.app import Session
from dynamo_container.errors import PluginError, UsageError
from dynamo_container.plugins.discovery import Candidate
from dynamo_container.plugins.registry import Registry

JSON: TypeAlias = "str | list[JSON] | dict[str, JSON]"


class Status(NamedTuple):
    """The state of a plugin: one line, and whether the plugin cannot be used because of it."""

    text: str
    failed: bool = False


_OK: Final = Status("ok")
_json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print JSON: a list of objects."
)


@click.group()
def command() -> None:
    """List, show and check the installed plugins."""


@command.command("list")
@_json_option
@click.pass_obj
def list_plugins(session: Session, as_json: bool) -> int:
    """List the installed plugins: name, kind, distribution and status.

    The status comes from metadata: no plugin is imported. Use 'plugins check' to import them.
    """
    _print_table(_metadata_statuses(session.registry), as_json=as_json)
    return 0


@command.command("show")
@click.argument("name")
@_json_option
@click.pass_obj
def show(session: Session, name: str, as_json: bool) -> int:
    """Show a plugin: its distribution, its status, and its hooks with file and line.

    NAME is the name of a plugin or of its distribution. Only this plugin is imported.
    """
    registry = session.registry
    statuses = _import_statuses(registry, _matching(registry, name))
    objects: list[dict[str, JSON]] = [
        {**_row(candidate, status), "hooks": _hooks(registry, candidate)}
        for candidate, status in statuses.items()
    ]
    if as_json:
        click.echo(json.dumps(objects, indent=2))
    else:
        for fields in objects:
            _print_fields(fields)
    return 0


@command.command("check")
@click.argument("name", required=False)
@_json_option
@click.pass_obj
def check(session: Session, name: str | None, as_json: bool) -> int:
    """Import all installed plugins, or only NAME, and report those that cannot be used.

    The exit status is 4 if a plugin cannot be used.
    """
    registry = session.registry
    session.note(f"importing {f'the plugin {name}' if name else 'all installed plugins'}")
    statuses = _import_statuses(registry, _matching(registry, name) if name else _all(registry))
    _print_table(statuses, as_json=as_json)
    failed = any(status.failed for status in statuses.values())
    return PluginError.exit_status if failed else 0


def _print_table(statuses: Mapping[Candidate, Status], *, as_json: bool) -> None:
    if as_json:
        rows = [_row(candidate, status) for candidate, status in statuses.items()]
        click.echo(json.dumps(rows, indent=2))
        return
    width = max((len(candidate.name) for candidate in statuses), default=0)
    for candidate, status in statuses.items():
        line = f"{candidate.name:<{width}}  {candidate.kind:<9}  {candidate.origin}  {status.text}"
        click.echo(line)
    if not statuses:
        click.echo("no plugin is installed", err=True)


def _print_fields(fields: Mapping[str, JSON]) -> None:
    for key, value in fields.items():
        lines = (
            [f"{hook}  {location}" for hook, location in value.items()]
            if isinstance(value, dict)
            else [str(value)]
        )
        click.echo(f"{key + ':':<14}" + f"\n{'':<14}".join(lines))


def _all(registry: Registry) -> tuple[Candidate, ...]:
    """Return all installed plugins, the excluded ones last."""
    return (*registry.candidates, *(candidate for candidate, _ in registry.excluded))


def _matching(registry: Registry, name: str) -> tuple[Candidate, ...]:
    matches = tuple(candidate for candidate in _all(registry) if candidate.matches(name))
    if not matches:
        names = ", ".join(sorted({candidate.name for candidate in _all(registry)})) or "none"
        raise UsageError(f"plugin {name!r} not found", f"installed plugins: {names}")
    return matches


def _row(candidate: Candidate, status: Status) -> dict[str, JSON]:
    return {
        "name": candidate.name,
        "kind": candidate.kind,
        "distribution": candidate.distribution,
        "version": candidate.version,
        "entry_point": candidate.value,
        "status": status.text,
    }


def _metadata_statuses(registry: Registry) -> dict[Candidate, Status]:
    """Return the states of all plugins by their metadata, without importing any."""
    failures = registry.metadata_failures()
    return {
        **dict.fromkeys(registry.candidates, _OK),
        **{failure.candidate: Status(failure.cause, failed=True) for failure in failures},
        **{candidate: Status(f"excluded by {reason}") for candidate, reason in registry.excluded},
    }


def _import_statuses(
    registry: Registry, candidates: Iterable[Candidate]
) -> dict[Candidate, Status]:
    """Return the states of these plugins. Those that are fine by their metadata are imported."""
    by_metadata = _metadata_statuses(registry)
    return {
        candidate: _import_status(registry, candidate)
        if by_metadata[candidate] == _OK
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
    return Status("; ".join(remarks)) if remarks else _OK


def _hooks(registry: Registry, candidate: Candidate) -> dict[str, JSON]:
    """Return the hooks of a plugin with their locations; none if it is not loaded."""
    return {
        hook: location
        for plugin in registry.plugins()
        if plugin.candidate == candidate
        for hook, location in plugin.locations()
    }
