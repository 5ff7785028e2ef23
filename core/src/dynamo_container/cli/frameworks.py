# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Completion of framework names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dynamo_container.cli.app import Session

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


def complete_framework(
    ctx: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Return the installed frameworks that start with the text."""
    from click.shell_completion import CompletionItem

    session = ctx.find_object(Session) or Session()
    return [
        CompletionItem(name)
        for name in session.registry.frameworks
        if name.startswith(incomplete.lower())
    ]
