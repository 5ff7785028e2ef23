# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Whose containers a command is about."""

from __future__ import annotations

from typing import Final

from dynamo_container.cli.types import flag
from dynamo_container.options.collect import collect_caller

ALL_USERS: Final = flag("--all-users", help="Include containers that other users have started.")


def owner(all_users: bool) -> str:  # the value of the option
    """Return the caller as the owner of containers; empty for all users."""
    return "" if all_users else collect_caller().owner
