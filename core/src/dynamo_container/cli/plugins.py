# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`plugins`: what is installed, and what it has to say."""

from __future__ import annotations

import json
from typing import TypeAlias

import click

from dynamo_container.cli.app import Session
from dynamo_container.errors import UsageError
from dynamo_container.plugins.discovery import Candidate
from dynamo_container.plugins.registry import Registry

JSON: TypeAlias = "str | list[JSON] | dict[str, JSON]"


@click.group()
def command() -> None:
    """Tell which plugins are installed."""


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="As JSON: a list of objects.")
@click.pass_obj
def list_plugins(session: Session, as_json: bool) -> int:
    """List the plugins: kind, distribution, version, and what is wrong with each."""
    registry = session.registry
    registry.load_all()
    rows = [(one, _trouble(registry, one)) for one in _all(registry)]
    if as_json:
        click.echo(json.dumps([_row(one, trouble) for one, trouble in rows], indent=2))
        return 0
    width = max((len(one.name) for one, _ in rows), default=0)
    for one, trouble in rows:
        click.echo(f"{one.name:<{width}}  {one.kind:<9}  {one.origin}  {trouble or 'ok'}")
    if not rows:
        click.echo(
            "no plugin is installed; for example: pip install dynamo-container-vllm", err=True
        )
    return 0


@command.command("show")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="As JSON: a list of objects.")
@click.pass_obj
def show(session: Session, name: str, as_json: bool) -> int:
    """Show a plugin: where it comes from, its hooks, what is wrong with it."""
    registry = session.registry
    registry.load_all()
    found = [one for one in _all(registry) if one.is_called(name)]
    if not found:
        known = ", ".join(sorted({one.name for one in _all(registry)})) or "none"
        raise UsageError(f"no plugin {name!r} is installed", f"installed: {known}")
    shown = [
        {**_row(one, _trouble(registry, one)), "hooks": _hooks(registry, one)} for one in found
    ]
    if as_json:
        click.echo(json.dumps(shown, indent=2))
        return 0
    for fields in shown:
        for key, value in fields.items():
            lines = (
                [f"{hook}  {place}" for hook, place in value.items()]
                if isinstance(value, dict)
                else [str(value)]
            )
            click.echo(f"{key + ':':<14}" + f"\n{'':<14}".join(lines))
    return 0


def _all(registry: Registry) -> tuple[Candidate, ...]:
    """Those that are used, and those that are left out."""
    return (*registry.candidates, *(one for one, _ in registry.left_out))


def _row(one: Candidate, trouble: str) -> dict[str, JSON]:
    return {
        "name": one.name,
        "kind": one.kind,
        "distribution": one.distribution,
        "version": one.version,
        "entry point": one.value,
        "status": trouble or "ok",
    }


def _trouble(registry: Registry, one: Candidate) -> str:
    """What is wrong with a plugin; empty where nothing is."""
    for candidate, reason in registry.left_out:
        if candidate is one:
            return f"left out by {reason}"
    rivals = [
        other.origin
        for other in registry.candidates
        if (other.group, other.name) == (one.group, one.name) and other is not one
    ]
    if rivals:
        return f"its name is claimed by {' and '.join(rivals)} too"
    causes = (failure.cause for failure in registry.failures if failure.candidate == one)
    return next(causes, "") or "; ".join(_remarks(registry, one))


def _remarks(registry: Registry, one: Candidate) -> tuple[str, ...]:
    plugins = (plugin for plugin in registry.plugins() if plugin.candidate == one)
    return next((plugin.remarks for plugin in plugins), ())


def _hooks(registry: Registry, one: Candidate) -> JSON:
    for plugin in registry.plugins():
        if plugin.candidate == one:
            return dict(sorted(plugin.locations()))
    return {}
