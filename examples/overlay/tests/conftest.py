# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Install the overlay for these tests only, because it contributes to the plans of every framework.
A plugin in a repository of its own is installed in the environment and needs no such file.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from overlays import importable, install

PROJECT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def overlay(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which the overlay's wheel is installed."""
    return install(PROJECT, tmp_path_factory.mktemp("overlay"))


@pytest.fixture(scope="module", autouse=True)
def installed(overlay: Path) -> Iterator[None]:
    """The overlay is installed during the tests of a module."""
    with importable(overlay):
        yield
