# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What pytest has to know of the contract kit, `dynamo_container.testing`: its marks, and which of
its tests a class does not want.
"""

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


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the test that builds images where a class says that there is none to build: one
    that is skipped would look as if it lacked an engine.
    """
    unwanted = [item for item in items if _builds_nothing(item)]
    if unwanted:
        config.hook.pytest_deselected(items=unwanted)
        items[:] = [item for item in items if item not in unwanted]


def _builds_nothing(item: pytest.Item) -> bool:
    targets = getattr(getattr(item, "cls", None), "build_targets", None)
    return item.name == "test_its_images_build" and targets == ()
