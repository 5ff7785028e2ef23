# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Each command is ended in each way at several moments: nothing may run on, get a tag or take a
name. On a real engine that only these tests use.
"""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from dynamo_container.host.files import TEMPORARY
from endings import ENDINGS, STATUSES, Started, dockerfile, hooks, running, started
from engines import IMAGE, Engine, tiny_engine, until
from fakes import Site

pytestmark = pytest.mark.engine

RUN = ("run", "ending", "--workdir=/", "--gpus=none", "--image", IMAGE)


@pytest.fixture(scope="module")
def engine_of_this_file(docker) -> Iterator[Engine]:
    with tiny_engine(docker.base_image) as running_engine:
        yield running_engine


@pytest.fixture(autouse=True)
def engine(engine_of_this_file, site: Site, monkeypatch) -> Iterator[Engine]:
    engine_of_this_file.use(monkeypatch)
    site.framework("ending", hooks("exec sleep 300"), dockerfile(300))
    monkeypatch.setenv("PYTHONPATH", str(site.folder))
    yield engine_of_this_file
    assert containers(engine_of_this_file) == []


def containers(engine: Engine) -> list[str]:
    return engine.docker("ps", "--all", "--format", "{{.Names}} {{.State}}").splitlines()


def tagged(engine: Engine, tag: str) -> bool:
    return bool(engine.docker("image", "ls", "--quiet", tag))


def end(command: Started, ending: str) -> None:
    """End a command, and wait until none of its processes runs."""
    status = command.end()
    assert status == STATUSES[ending], command.output
    if ending != "KILL":
        assert [words for words in command.processes() if "sh -c" not in words] == []
    until(lambda: not command.processes())


BUILD_MOMENTS: dict[str, Callable[[Started, str], object]] = {
    "when buildx has started": lambda command, _: any(
        "docker-buildx" in words for words in command.processes()
    ),
    "during a step": lambda _, step: running(f"STEP={step}"),
}


@pytest.mark.parametrize(
    ("moment", "progress"),
    [("when buildx has started", "auto"), ("during a step", "auto"), ("during a step", "--report")],
)
@pytest.mark.parametrize("ending", ENDINGS)
def test_a_build_that_is_ended_sets_no_tag(engine, tmp_path, monkeypatch, ending, moment, progress):
    step, tag = uuid.uuid4().hex, f"ended:{uuid.uuid4().hex[:8]}"
    words = ["build", "ending", "--tag", tag, "--no-latest", "--build-arg", f"STEP={step}"]
    words += ["--report", str(tmp_path / "report")] if progress == "--report" else []
    # At a terminal that can show it, the progress is ours; at any other, docker's.
    monkeypatch.setenv("TERM", "xterm" if moment == "during a step" else "dumb")
    with started(*words, ending=ending) as command:
        until(lambda: BUILD_MOMENTS[moment](command, step))

        end(command, ending)

        # BuildKit before 0.15 loses a cancellation in the moment in which a step starts
        # (moby/buildkit#5106): the step runs on, and its result is not used.
        if moment == "during a step":
            until(lambda: not running(f"STEP={step}"))
        assert not tagged(engine, tag)
        assert [path.name for path in tmp_path.glob("*report*")] == []


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_check_that_is_ended_leaves_no_container(engine, ending):
    with started("check", IMAGE, "--framework", "ending", ending=ending) as command:
        until(lambda: "running" in str(containers(engine)))

        end(command, ending)

        until(lambda: containers(engine) == [])


RUN_MOMENTS = {"when it is created": ("created", "running"), "when it runs": ("running",)}


@pytest.mark.parametrize("wait", [("-d", "--wait"), ()])
@pytest.mark.parametrize("moment", RUN_MOMENTS)
@pytest.mark.parametrize("ending", ENDINGS)
def test_a_run_that_is_ended_leaves_no_container(engine, ending, moment, wait):
    words = (*RUN, *wait, "--name", "ended", "--", "sh", "-c", "echo up; exec sleep 300")
    with started(*words, ending=ending) as command:
        states = RUN_MOMENTS[moment]
        until(lambda: any(state in str(containers(engine)) for state in states))
        if moment == "when it runs" and not wait:
            # Earlier, a signal reaches the engine's own process, which is about to become ours.
            until(lambda: "up" in command.output)

        command.end(again=not wait)

        until(lambda: not command.processes())
        until(lambda: containers(engine) == [])
    retried = call(*RUN, "--name", "ended", "--", "true")
    assert retried.returncode == 0, retried.stderr
    until(lambda: containers(engine) == [])


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_stop_that_is_ended_can_be_repeated(engine, ending):
    script = "trap ': >/tmp-stopping' TERM; echo up; while :; do sleep 0.1; done"
    assert call(*RUN, "-d", "--name", "slow", "--", "sh", "-c", script).returncode == 0
    until(lambda: engine.docker("logs", "slow"))  # it ignores the signal from now on
    with started("stop", "--time", "300", "slow", ending=ending) as command:
        until(lambda: "/tmp-stopping" in engine.docker("diff", "slow"))

        assert command.end() != 0  # 143, or killed by the signal: it has nothing to undo

        until(lambda: not command.processes())
    assert call("stop", "--time", "0", "slow").stdout == "slow\n"
    until(lambda: containers(engine) == [])


WRITING = {
    "render": (["render", "ending", "--output", "out"], "out", "docker-bake.json"),
    "devcontainer": (["devcontainer", "ending"], ".devcontainer", "ending/devcontainer.json"),
}


@pytest.mark.parametrize("command", WRITING)
@pytest.mark.parametrize("ending", ENDINGS)
def test_files_are_whole_or_absent_and_a_retry_writes_them(tmp_path, ending, command):
    words, folder, file = WRITING[command]
    with started(*words, ending=ending) as writing:
        until(lambda: Path(folder).exists())

        writing.end()

    interrupted = Path(folder, file)
    before = interrupted.read_text() if interrupted.exists() else None
    # What is complete is overwritten only with --force.
    retried = call(*words, *(["--force"] if before is not None else []))
    assert retried.returncode == 0, retried.stderr
    assert before in (None, interrupted.read_text())
    assert [path for path in Path(folder).rglob("*") if path.name.startswith(TEMPORARY)] == []


def call(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "dynamo_container", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ)
