# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""An engine that is frozen, that was killed, or that is killed while a command waits for it: two
lines with the reason, the status for a missing engine, and no hang.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from dynamo_container.errors import EngineError
from engines import IMAGE, Engine, tiny_engine, until
from fakes import Site

pytestmark = pytest.mark.engine

# The command with one second for an engine's answer.
IMPATIENT = """
import sys
from dynamo_container.docker import process
process.ANSWER_SECONDS = 1.0
from dynamo_container.__main__ import main
sys.exit(main())
"""
FRAMEWORK = """
@hookimpl
def dynamo_container_readiness(request):
    return Readiness(argv=("ls", "/tmp-ready"))

@hookimpl
def dynamo_container_checks(request):
    yield Check(name="waits", argv=("sleep", "300"))
"""
# Commands that ask the engine in different ways; those that docker's SDK asks are not among them.
COMMANDS = (
    "lock built", f"reproduce {IMAGE} other:1", f"rm {IMAGE}", f"diff {IMAGE} other:1",
    f"size {IMAGE}", f"notices {IMAGE}", f"check {IMAGE} --framework built",
    f"serve none --image {IMAGE} --model org/model --gpus none",
)  # fmt: skip


@pytest.fixture
def engine(docker, site: Site, tmp_path: Path, monkeypatch) -> Iterator[Engine]:
    """An engine, and a current folder with a lock."""
    with tiny_engine(docker.base_image) as one:
        one.use(monkeypatch)
        site.framework("built", FRAMEWORK, f"FROM {IMAGE} AS runtime\nCOPY Dockerfile /\n")
        monkeypatch.setenv("PYTHONPATH", str(site.folder))
        monkeypatch.chdir(tmp_path)
        call = [sys.executable, "-m", "dynamo_container", "lock", "built"]
        subprocess.run(call, check=True, capture_output=True)
        yield one


def dockerd(engine: Engine) -> int:
    """Return the process ID of an engine."""
    return int((engine.folder / "docker.pid").read_text())


@contextmanager
def frozen(number: int) -> Iterator[None]:
    """Stop a process until the block ends."""
    os.kill(number, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(number, signal.SIGCONT)


def start(*words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", IMPATIENT, *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def require_errors(commands: tuple[str, ...]) -> None:
    """Run commands at the same time; each must fail as it does without an engine."""
    processes = {words: start(*words.split()) for words in commands}
    for words, process in processes.items():
        _, err = process.communicate(timeout=100)
        assert (process.returncode, len(err.splitlines())) == (EngineError.exit_status, 2), (
            f"{words}: {process.returncode}\n{err}"
        )
        assert "did not answer" in err or "no docker engine answers: " in err, f"{words}\n{err}"


def test_an_engine_that_is_frozen(engine):
    with frozen(dockerd(engine)):
        require_errors(COMMANDS)


def test_an_engine_that_is_killed_while_commands_wait(engine):
    run = ("run", "built", "--image", IMAGE, "--workdir=/", "--gpus=none", "-d", "--wait")
    running = start(*run, "--", "sleep", "300")
    checking = start("check", IMAGE, "--framework", "built")
    until(lambda: len(engine.docker("ps", "--quiet").split()) == 2)
    number = dockerd(engine)

    os.kill(number, signal.SIGKILL)

    for process in (running, checking):
        _, err = process.communicate(timeout=100)
        assert process.returncode == EngineError.exit_status, err
        assert "error: no docker engine answers" in err
        assert "Traceback" not in err
    until(lambda: not Path(f"/proc/{number}").exists())
    require_errors(COMMANDS[:3])
