# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What is shown while a build runs."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from dynamo_container.images import watch
from dynamo_container.images.records import Records
from dynamo_container.images.watch import Watcher


def step(name: str, seconds_ago: float, *, completed: bool = False) -> bytes:
    started = datetime.now(UTC) - timedelta(seconds=seconds_ago)
    moment = started.isoformat().replace("+00:00", "Z")
    record = {"digest": name, "name": name, "started": moment}
    record |= {"completed": moment} if completed else {}
    return json.dumps({"vertexes": [record]}).encode()


@pytest.fixture
def lines() -> list[str]:
    return []


def watcher(lines: list[str], progress: str = "auto") -> Watcher:
    return Watcher(Records(["runtime"]), progress, lines.append)


def test_after_10_s_of_silence_the_step_that_runs_is_shown_with_its_time(lines, monkeypatch):
    one = watcher(lines)
    one.feed(step("[runtime 1/3] RUN one", 300, completed=True))
    one.feed(step("[runtime 2/3] RUN two", 246))
    one.tick()
    assert lines[-1] == "[runtime 2/3] RUN two\n"

    monkeypatch.setattr(watch, "_SILENCE_SECONDS", 0.0)
    one.tick()

    assert re.fullmatch(r"\[runtime 2/3\] RUN two: running for 24[67] s\n", lines[-1])


def test_it_is_shown_again_only_after_more_silence(lines, monkeypatch):
    one = watcher(lines)
    one.feed(step("[runtime 2/3] RUN two", 20))
    monkeypatch.setattr(watch, "_SILENCE_SECONDS", 0.0)
    one.tick()

    monkeypatch.setattr(watch, "_SILENCE_SECONDS", 1000.0)
    one.tick()

    assert len([line for line in lines if "running for" in line]) == 1


@pytest.mark.parametrize("progress", ["quiet", "rawjson"])
def test_nothing_is_added_to_quiet_and_to_raw_output(lines, monkeypatch, progress):
    one = watcher(lines, progress)
    monkeypatch.setattr(watch, "_SILENCE_SECONDS", 0.0)
    one.feed(step("[runtime 2/3] RUN two", 20))
    before = list(lines)

    one.tick()

    assert lines == before
