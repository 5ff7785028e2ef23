# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The default rows of the release tables, resolved from the real index as `releases --verify` does.

The image of `none`, which these tests build and check, proves the rest of its row. `make releases`
proves those of the engines.
"""

from __future__ import annotations

from datetime import date

import pytest
from dynamo_container.maintenance import proof
from dynamo_container.plugins import hookspecs
from dynamo_container.plugins.registry import Registry

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("engine_environment")]


@pytest.mark.parametrize("framework", ["none", "vllm"])
def test_the_packages_of_the_default_row_are_those_that_were_proven(framework):
    registry = Registry.discover()
    registry.load(framework)
    rows = registry.call_for(framework, hookspecs.dynamo_container_releases)
    (row,) = (contribution.value for contribution in rows if contribution.value.default)

    answers = proof.resolve_everywhere(registry, framework, row.dynamo)

    assert [answer.reason for answer in answers] == ["", ""]
    assert row.evidence is not None
    today = proof.evidence(answers, 0, date.fromisoformat(row.evidence.date))
    assert (today.resolved, today.packages) == (row.evidence.resolved, row.evidence.packages)
