# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The pytest plugin: fixtures for plugins' tests, and what the contract kit requires of pytest.

pytest imports this module in every environment that has the core, so it imports nothing of the core
until a fixture is used.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from dynamo_container.testing import Cli, PlanBuild, PlanRun, PlanServe


@pytest.fixture(scope="session")
def plan_build() -> PlanBuild:
    """Plan the build of an image: `plan_build("acme", options={"acme_ref": "main"})`."""
    from dynamo_container.testing import plans

    return plans.plan_build


@pytest.fixture(scope="session")
def plan_run() -> PlanRun:
    """Plan a container: `plan_run("acme", gpus="all", engine=EngineInfo(...))`."""
    from dynamo_container.testing import plans

    return plans.plan_run


@pytest.fixture(scope="session")
def plan_serve() -> PlanServe:
    """Plan the services of a model: `plan_serve("acme", "org/model", topology="disagg")`."""
    from dynamo_container.testing import plans

    return plans.plan_serve


@pytest.fixture
def isolated_commands(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Run commands in an empty folder, without options from the machine's environment."""
    from dynamo_container.testing.cli import isolate

    isolate(monkeypatch, tmp_path)


@pytest.fixture
def cli(
    isolated_commands: None,  # for its effect
    capfd: pytest.CaptureFixture[str],
) -> Cli:
    """Run a command in this process: `cli("build", "acme", "--dry-run").out`."""
    from dynamo_container.testing.cli import Cli

    return Cli(capfd)


def pytest_configure(config: pytest.Config) -> None:
    """Register the marks, so that `--strict-markers` accepts them."""
    for line in (
        "engine: requires a real docker engine",
        "processes: starts processes on this machine",
    ):
        config.addinivalue_line("markers", line)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect the contract's test that builds images if a class has no targets to build. A skipped
    test would look as if no engine had answered.
    """
    empty = [item for item in items if _builds_nothing(item)]
    if empty:
        config.hook.pytest_deselected(items=empty)
        items[:] = [item for item in items if item not in empty]


def _builds_nothing(item: pytest.Item) -> bool:
    targets = getattr(getattr(item, "cls", None), "build_targets", None)
    return item.name == "test_images_build" and targets == ()
