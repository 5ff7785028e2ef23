# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What all values use to check their fields."""

from __future__ import annotations

from typing import Final

LONG_FLAG: Final = r"--[a-z][a-z0-9-]*"


def require(condition: object, message: str) -> None:
    """Raise ValueError with this message unless the condition holds."""
    if not condition:
        raise ValueError(message)
