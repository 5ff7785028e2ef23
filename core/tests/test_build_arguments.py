# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Build arguments that scripts compute with: a shell would use the digits that start a value."""

from __future__ import annotations

import subprocess
from pathlib import Path

import dynamo_container_images
import pytest

STEP = Path(dynamo_container_images.__file__).parent / "scripts" / "bin" / "split-requirements"


@pytest.mark.parametrize("value", ["20MB", "20e6", "-1", "1 000", "0x10", "²", "1\n2"])
@pytest.mark.parametrize("name", ["HEAVY_WHEELS", "MAX_JOBS"])
def test_what_is_not_a_number_is_refused(cli, name, value):
    result = cli("build", "none", "--build-arg", f"{name}={value}", "--dry-run")

    assert result.status == 2
    assert f"is not a valid {name}" in result.err
    assert f"for example: --build-arg {name}=" in result.err


@pytest.mark.parametrize("value", ["20000000", "0", ""])
def test_numbers_and_nothing_are_passed_on(cli, value):
    result = cli.ok("build", "none", "--build-arg", f"HEAVY_WHEELS={value}", "--dry-run")

    assert f'"HEAVY_WHEELS": "{value}"' in result.out


@pytest.mark.processes
def test_so_does_the_step_itself_for_what_a_plugin_says(tmp_path):
    words = ("sh", str(STEP), str(tmp_path / "wheels"))
    environment = {"PATH": "/usr/bin:/bin", "HEAVY_WHEELS": "20MB"}
    completed = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)

    assert completed.returncode == 2
    assert completed.stderr == ("split-requirements: HEAVY_WHEELS=20MB is not a number of bytes\n")
    assert not any(tmp_path.iterdir())
