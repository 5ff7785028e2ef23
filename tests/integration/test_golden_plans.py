# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What the four frameworks' plans contain does not change unless somebody means it to."""

from __future__ import annotations

import json

import golden
import pytest


@pytest.mark.processes
def test_every_plan_is_the_recorded_one(monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")
    monkeypatch.setenv("HOME", "/root")
    expected = json.loads(golden.FILE.read_text())

    found = dict(golden.plans())

    assert found.keys() == expected.keys()
    for name, values in expected.items():
        assert found[name] == values, name
