# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Whose containers a command is about."""

from __future__ import annotations

from typing import Final

import click

from dynamo_container.options.collect import collect_caller

ALL_USERS: Final = click.option(
    "--all-users", is_flag=True, help="Include containers that other users have started."
)


def owner(all_users: bool) -> str:  # the value of the option
    """Return the caller as the owner of containers; empty for all users."""
    return "" if all_users else collect_caller().owner
