# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The plugin `none`: which packages each release of Dynamo is built with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from dynamo_container.api import read_toml
from dynamo_container.testing import PlanBuild, plan_values

RELEASES = read_toml(Path(__file__).parents[1] / "src/dynamo_container_none/releases.toml")


def test_default_release_is_built_with_the_packages_of_its_row(plan_build: PlanBuild) -> None:
    values = plan_values(plan_build("none"))

    assert values["pin ai-dynamo"] == "1.6.1"
    assert values["build-arg REQUIREMENTS"] == "ai-dynamo==1.6.1 nixl-cu13==1.4.1"
    assert values["label ai.dynamo.container.dynamo"] == "1.6.1"
    assert values["label org.opencontainers.image.base.name"] == "ubuntu:24.04"
    assert "build-arg EXTRA_PACKAGES" not in values


def test_packages_are_resolved_as_of_two_days_after_the_release(plan_build: PlanBuild) -> None:
    values = plan_values(plan_build("none"))

    assert values["build-arg RESOLVE_AS_OF"] == "2026-10-29T00:00:00Z"


def test_what_only_the_planner_uses_is_left_out(plan_build: PlanBuild) -> None:
    overrides = plan_values(plan_build("none"))["build-arg OVERRIDES"].split("|")

    assert set(overrides) == {"aisimulate; python_version < '0'", "torch; python_version < '0'"}


def test_kvbm_is_built_with_the_nixl_of_the_row(plan_build: PlanBuild) -> None:
    """KVBM's wheel requires another NIXL, so that without the override nothing resolves."""
    values = plan_values(plan_build("none", enable_kvbm=True))

    assert values["pin kvbm"] == "1.6.1"
    assert "nixl[cu13]==1.4.1" in values["build-arg OVERRIDES"].split("|")


def test_releases_before_0_8_include_etcd_and_nats(plan_build: PlanBuild) -> None:
    values = plan_values(plan_build("none", dynamo_version="0.7.1"))

    assert values["pin ai-dynamo"] == "0.7.1"
    assert {"etcd-server", "nats-server"} <= set(values["build-arg EXTRA_PACKAGES"].split())


def test_release_that_is_not_in_the_table_is_built_with_todays_packages(
    plan_build: PlanBuild,
) -> None:
    plan = plan_build("none", dynamo_version="9.0")

    assert any("Dynamo 9.0" in warning for warning in plan.warnings)
    assert plan_values(plan)["pin ai-dynamo"] == "9.0"
    assert "build-arg RESOLVE_AS_OF" not in plan_values(plan)


@pytest.mark.parametrize(("date", "argument"), [("2026-09-01", "2026-09-01"), ("none", "")])
def test_date_of_the_user_takes_precedence(plan_build: PlanBuild, date: str, argument: str) -> None:
    values = plan_values(plan_build("none", resolve_as_of=date))

    assert values["build-arg RESOLVE_AS_OF"] == argument


@pytest.mark.parametrize("row", RELEASES["release"], ids=lambda row: str(row["dynamo"]))
def test_every_release_is_built_with_the_packages_of_its_row(
    plan_build: PlanBuild, row: dict[str, Any]
) -> None:
    values = plan_values(plan_build("none", dynamo_version=row["dynamo"]))

    assert values["build-arg REQUIREMENTS"] == f"ai-dynamo=={row['dynamo']} {row['wheels'][0]}"
    assert values["build-arg RESOLVE_AS_OF"] > str(row["released"])
