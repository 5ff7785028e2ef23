# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Programs are not looked for in the current folder, whatever PATH contains: it may be a checkout
of somebody else.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.processes

CHECKOUT = '[project]\nname = "ai-dynamo"\nversion = "1.6.1"\n'
COMMANDS = {
    "docker": ("images",),
    "git": ("explain", "build", "none", "pin"),
    "cosign": ("verify", f"r.example/x@sha256:{'a' * 64}", "--key", "k8s://x"),
}


@pytest.mark.parametrize("start", ["", ":bin:", "./bin:.:"])
@pytest.mark.parametrize("program", COMMANDS)
def test_no_program_of_the_current_folder_runs(tmp_path, program, start):
    (tmp_path / ".git").mkdir()
    (tmp_path / "pyproject.toml").write_text(CHECKOUT)
    for folder in ("bin", "empty"):
        (tmp_path / folder).mkdir()
    for path in (tmp_path / program, tmp_path / "bin" / program):
        path.write_text(f"#!/bin/sh\n/bin/touch {tmp_path}/ran\n")
        path.chmod(0o755)
    before = sorted(tmp_path.iterdir())

    subprocess.run(
        (sys.executable, "-P", "-m", "dynamo_container", *COMMANDS[program]),
        cwd=tmp_path,
        env={
            "PATH": f"{start}{tmp_path}/empty" if start else "",
            "HOME": str(tmp_path),
            "DOCKER_HOST": f"unix://{tmp_path}/absent.sock",
        },
        capture_output=True,
        check=False,
        timeout=60,
    )

    assert sorted(tmp_path.iterdir()) == before
