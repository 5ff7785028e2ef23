# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""A Docker Engine without root's privileges: limits, containers from start to end, builds, checks.

`scripts/rootless build` unpacks it, which takes minutes; without that, the tests are skipped.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from endings import hooks
from engines import IMAGE, tiny_image, until
from fakes import Site
from running import Cli

pytestmark = pytest.mark.engine

SCRIPT = Path(__file__).parents[2] / "scripts" / "rootless"
RUN = ("run", "tiny", "--image", IMAGE, "--workdir", "/", "--gpus", "none", "--network", "none")
DOCKERFILE = f"FROM {IMAGE} AS runtime\nRUN --network=none echo built > /built\n"


@pytest.fixture(scope="module")
def rootless(docker) -> Iterator[str]:
    """The address of an engine with the image `tiny:1`."""
    home = os.environ.get("DYNAMO_CONTAINER_ENGINE_HOME") or os.path.expanduser(  # noqa: PTH111
        "~/.cache/dynamo-container/engine"
    )
    if not Path(home, "rootless").is_dir():
        required = os.environ.get("DYNAMO_CONTAINER_TEST_ROOTLESS") == "required"
        (pytest.fail if required else pytest.skip)("unpack the engine: scripts/rootless build")
    try:
        subprocess.run([SCRIPT, "up"], check=True)
        shown = subprocess.run([SCRIPT, "env"], check=True, capture_output=True, text=True).stdout
        address = shown.partition("'")[2].rstrip("'\n")
        files = tiny_image(docker.base_image)
        words = ["docker", "--host", address, "import", "-", IMAGE]
        subprocess.run(words, input=files, check=True, capture_output=True)
        yield address
    finally:
        subprocess.run([SCRIPT, "down"], check=True)


@pytest.fixture(autouse=True)
def engine(rootless: str, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", rootless)
    monkeypatch.delenv("DOCKER_CONTEXT", raising=False)
    monkeypatch.setenv("PYTHONPATH", str(site.folder))
    site.framework("tiny", hooks("echo fine"), DOCKERFILE)


def outside(*words: str) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own, which docker's command may replace."""
    command = [sys.executable, "-m", "dynamo_container", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_limits_that_it_cannot_grant_are_left_out_with_a_note():
    done = outside(*RUN, "--", "ls", "/")

    assert done.returncode == 0, done.stderr
    assert "bin" in done.stdout
    assert "the engine may not raise limits: memlock and nofile stay at its defaults" in done.stderr


def test_a_limit_that_the_user_wants_is_passed_on_with_a_warning():
    refused = outside(*RUN, "--ulimit", "memlock=-1", "--dry-run", "--", "true")
    default = outside(*RUN, "--ulimit", "memlock=default", "--", "true")

    assert "--ulimit=memlock=-1 " in refused.stdout
    assert "the engine may refuse --ulimit memlock=-1" in refused.stderr
    assert "if it does: --ulimit memlock=default" in refused.stderr
    assert default.returncode == 0
    assert "refuse" not in default.stderr


def test_a_container_from_start_to_end(cli: Cli):
    script = "echo starting; : >/tmp-ready; exec sleep 600"

    cli.ok(*RUN, "--detach", "--wait", "--name", "one", "--", "sh", "-c", script)

    [row] = cli.ok("ps", "--json").json
    assert row["name"] == "one"
    assert outside("logs", "one").stdout == "starting\n"
    assert outside("exec", "one", "--", "ls", "/tmp-ready").stdout == "/tmp-ready\n"
    assert cli.ok("stop", "one", "--time", "1").out == "one\n"
    until(lambda: cli.ok("ps", "--all", "--json").json == [])


def test_it_builds_and_checks(cli: Cli):
    cli.ok("build", "tiny", "--tag", "built:1", "--no-latest")

    assert "ok       a shell" in cli.ok("check", "built:1", "--framework", "tiny").out
    [row] = cli.ok("images", "--json").json
    assert row["framework"] == "tiny"
