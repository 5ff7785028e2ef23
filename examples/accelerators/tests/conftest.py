# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Install the overlays for these tests only, because they add devices to vLLM. A plugin in a
repository of its own is installed in the environment and needs no such file.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from overlays import importable, install

PROJECT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def overlays(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which the overlays' wheel is installed."""
    return install(PROJECT, tmp_path_factory.mktemp("accelerators"))


@pytest.fixture(scope="module", autouse=True)
def installed(overlays: Path) -> Iterator[None]:
    """The overlays are installed during the tests of a module."""
    with importable(overlays):
        yield
