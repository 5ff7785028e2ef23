# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What pytest has to know of the contract kit, `dynamo_container.testing`: its marks."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Register the marks, so that `--strict-markers` knows them."""
    for line in (
        "engine: talks to a real docker engine",
        "processes: starts processes of this machine",
    ):
        config.addinivalue_line("markers", line)
