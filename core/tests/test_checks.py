# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The checks that plugins share, run as an image runs them."""

from __future__ import annotations

import os
import subprocess

import pytest
from dynamo_container.plugins.checks import packages_agree

pytestmark = pytest.mark.processes

LOOKED = "Checked 2 packages in 1ms"
WANTS = f"{LOOKED}\nThe package `kvbm` requires `nixl[cu13]==1.0.1`, but `1.3.2` is installed"
BROKEN = f"{LOOKED}\nThe package `idna` is broken or incomplete (unable to read `METADATA`)"


@pytest.fixture
def agree(tmp_path):
    """Whether the check passes where uv says this, or is not there."""

    def passes(said: str | None, *left_out: str) -> bool:
        uv = tmp_path / "uv"
        uv.write_text(f"#!/bin/sh\ncat <<'EOF'\n{said}\nEOF\nexit 1\n")
        uv.chmod(0o755 if said is not None else 0o644)
        path = f"{tmp_path}:/usr/bin:/bin"
        answer = subprocess.run(
            packages_agree(*left_out).argv,
            env={**os.environ, "PATH": path}, capture_output=True, check=False,
        )  # fmt: skip
        return answer.returncode == 0

    return passes


def test_packages_agree_where_uv_finds_nothing(agree):
    assert agree(f"{LOOKED}\nAll installed packages are compatible")


@pytest.mark.parametrize("said", [WANTS, BROKEN])
def test_packages_that_do_not_agree_or_are_broken_fail(agree, said):
    assert not agree(said)


def test_what_is_left_out_may_be_of_another_version_and_nothing_else(agree):
    assert agree(WANTS, "nixl")
    assert not agree(WANTS, "nix")
    assert not agree(f"{WANTS}\nThe package `a` requires `b`, but it's not installed", "nixl")


@pytest.mark.parametrize("said", ["error: No virtual environment found", None])
def test_where_uv_looked_at_nothing_nothing_is_right(agree, said):
    assert not agree(said)
