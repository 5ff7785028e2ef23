# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Frameworks on the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dynamo_container.cli.app import Session
from dynamo_container.plugins import hookspecs
from dynamo_container.plugins.registry import Registry

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


def complete_framework(
    ctx: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """The frameworks that are installed."""
    from click.shell_completion import CompletionItem

    session = ctx.find_object(Session) or Session()
    return [
        CompletionItem(name)
        for name in session.registry.frameworks
        if name.startswith(incomplete.lower())
    ]


def default_target(registry: Registry, framework: str) -> str:
    """The stage that a framework's plugin builds by default."""
    said = [
        one
        for one in registry.call_for(framework, hookspecs.dynamo_container_framework)
        if one.source.name == framework
    ]
    return said[0].value.default_target
