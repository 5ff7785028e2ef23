# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""podman as the engine: the same commands, on a real one, with root's privileges and without."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from engines import IMAGE, tiny_image, until
from fakes import Site
from podmans import ROOTLESS_USER, Podman, podman
from running import Cli

pytestmark = pytest.mark.engine

RUN = ("run", "tiny", "--image", IMAGE, "--workdir", "/", "--gpus", "none")
READY = """
@hookimpl
def dynamo_container_readiness(request):
    return Readiness(argv=("sh", "-c", "ls /tmp-ready || ls /workspace/new"))

@hookimpl
def dynamo_container_checks(request):
    yield Check(name="a shell", argv=("sh", "-c", "echo fine"))
    yield Check(name="two devices", argv=("ls", "/dev/nvidia0", "/dev/nvidia1"), needs_gpu=True)
"""


@pytest.fixture(scope="module", params=["rootless", "rootful"])
def running(request, docker) -> Iterator[Podman]:
    with podman(rootless=request.param == "rootless") as started:
        started.run("import", "--quiet", "-", IMAGE, stdin=tiny_image(docker.base_image))
        yield started


@pytest.fixture(autouse=True)
def engine(running: Podman, site: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[Podman]:
    """The engine, without containers after the test; and a framework with a readiness file."""
    running.use(monkeypatch)
    site.framework("tiny", READY)
    monkeypatch.setenv("PYTHONPATH", str(site.folder))
    yield running
    running.run("rm", "--all", "--force", "--time=0")


@pytest.fixture
def workspace(engine: Podman, tmp_path: Path) -> Path:
    """A folder of the user who runs podman, which that user can reach."""
    if not engine.rootless:
        pytest.skip("with root's privileges, the image's user needs access of its own")
    folder = tmp_path / "workspace"
    folder.mkdir()
    for parent in (folder, *folder.parents[:4]):
        parent.chmod(0o755)
    shutil.chown(folder, ROOTLESS_USER, ROOTLESS_USER)
    return folder


def outside(*words: str) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own, which podman's command may replace."""
    command = [sys.executable, "-m", "dynamo_container", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_dry_run_prints_the_podman_command_that_runs(cli: Cli, engine: Podman):
    assert cli.ok(*RUN, "--dry-run", "--", "true").out.startswith("podman run --rm ")


def test_a_container_from_start_to_end(cli: Cli, engine: Podman):
    words = (*RUN, "--detach", "--wait", "--name", "one", "--port", "127.0.0.1:18931:8000")
    script = "echo starting; sleep 0.2; : >/tmp-ready; sleep 600"

    started = cli.ok(*words, "--", "sh", "-c", script)

    assert started.out.strip() == engine.run("inspect", "--format", "{{.Id}}", "one")
    [row] = cli.ok("ps", "--json").json
    assert row["name"] == "one"
    assert row["framework"] == "tiny"
    assert row["ports"] == ["127.0.0.1:18931->8000/tcp"]
    assert outside("logs", "one").stdout == "starting\n"
    assert outside("exec", "one", "--", "ls", "/tmp-ready").stdout == "/tmp-ready\n"
    assert cli.ok("stop", "one", "--time", "1").out == "one\n"
    until(lambda: not engine.run("ps", "--all", "--quiet"))
    assert cli.ok("ps", "--json").json == []


def test_a_container_that_ends_before_it_is_ready_is_removed(cli: Cli, engine: Podman):
    words = (*RUN, "--detach", "--wait")

    result = cli(*words, "--", "sh", "-c", "echo broken; exit 3")

    assert result.status == 1
    assert "ended with status 3" in result.err
    assert "broken" in result.err
    until(lambda: not engine.run("ps", "--all", "--quiet"))


def test_the_engine_gives_gpus_by_cdi(cli: Cli, engine: Podman):
    words = ("run", "tiny", "--image", IMAGE, "--workdir", "/")

    assert "--device=nvidia.com/gpu=1" in cli.ok(*words, "--gpus", "1", "--dry-run").out
    script = "ls /dev/nvidia* >/tmp-ready && sleep 600"
    cli.ok(*words, "--gpus", "0", "--detach", "--wait", "--name", "gpu", "--", "sh", "-c", script)
    assert outside("exec", "gpu", "--", "cat", "/tmp-ready").stdout == "/dev/nvidia0\n"


def test_checks_run_with_and_without_gpus(cli: Cli, engine: Podman):
    shown = cli.ok("check", IMAGE, "--framework", "tiny").out

    assert "ok       a shell" in shown
    assert "ok       two devices" in shown
    assert engine.run("ps", "--all", "--quiet") == ""


def test_an_image_that_podman_does_not_have_is_named_with_the_command_that_builds_it(cli: Cli):
    result = cli("run", "tiny", "--target", "runtime")

    assert result.status == 6
    assert "does not have the image dynamo:latest-tiny-runtime" in result.err


def test_files_in_the_workspace_belong_to_the_caller(cli: Cli, engine: Podman, workspace: Path):
    engine.run("build", "--quiet", "--tag", "user:1", "-", stdin=b"FROM tiny:1\nUSER 1000:0\n")
    words = ("run", "tiny", "--image", "user:1", "--gpus", "none", "--hf-cache", "none")
    script = ": >new && sleep 600"

    cli.ok(*words, f"--mount-workspace={workspace}", "-d", "--wait", "--", "sh", "-c", script)

    assert (workspace / "new").stat().st_uid == ROOTLESS_USER
