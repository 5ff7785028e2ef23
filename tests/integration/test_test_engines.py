# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The engines that `scripts/engine` starts for the other tests."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from engines import IMAGE, tiny_engine, until

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("engine_environment")]


def test_an_engine_that_was_stopped_keeps_its_data(docker):
    with tiny_engine(docker.base_image) as engine:
        engine.script("down")

        assert "empty data" not in engine.script("up")

        engine.docker("image", "inspect", IMAGE)


def test_an_engine_that_was_killed_starts_with_empty_data(docker):
    with tiny_engine(docker.base_image) as engine:
        number = int((engine.folder / "docker.pid").read_text())
        os.kill(number, signal.SIGKILL)
        until(lambda: not Path(f"/proc/{number}").exists())

        assert "did not end in order: starting with empty data" in engine.script("up")

        assert engine.docker("images", "--quiet") == ""
