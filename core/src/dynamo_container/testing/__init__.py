# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Tests for plugins: the contract that every plugin keeps, and fixtures for a plugin's own tests.

    from dynamo_container.testing import PlanBuild, PluginContract, plan_values

    class TestContract(PluginContract):
        distribution = "dynamo-container-acme"

    def test_default_release(plan_build: PlanBuild) -> None:
        assert plan_values(plan_build("acme"))["pin ai-dynamo"] == "1.4.2"

pytest finds the fixtures `plan_build`, `plan_run`, `plan_serve` and `cli` by itself. This package
requires pytest: `pip install 'dynamo-container[testing]'`. Nothing else imports it.
"""

from dynamo_container.containers.plan import RunPlan
from dynamo_container.images.plan import BuildPlan
from dynamo_container.services.plan import ServePlan
from dynamo_container.testing.cli import Cli, Result
from dynamo_container.testing.contract import PluginContract
from dynamo_container.testing.plans import PlanBuild, PlanRun, PlanServe, plan_target, plan_values

__all__ = [
    "BuildPlan",
    "Cli",
    "PlanBuild",
    "PlanRun",
    "PlanServe",
    "PluginContract",
    "Result",
    "RunPlan",
    "ServePlan",
    "plan_target",
    "plan_values",
]
