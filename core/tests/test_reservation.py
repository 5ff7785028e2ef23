# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The name of a project belongs to one `serve`, until its guard has removed what it started."""

from __future__ import annotations

import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from dynamo_container.errors import MachineError, UsageError
from dynamo_container.services.reservation import reserved

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(sys.platform != "linux", reason="abstract sockets are Linux's"),
]

# A `serve` with its guard, which removes the project when a file appears; it
# prints a line, and waits to be killed.
SERVE = """\
import signal, sys
from dynamo_container.docker import process
from dynamo_container.docker.command import Command
from dynamo_container.services.reservation import reserved

guard = 'read -r _; until [ -e "$1" ]; do sleep 0.05; done; : >"$1.removed"'
with reserved(sys.argv[1], print) as held:
    process.start_guard(guard, Command(argv=(sys.argv[2],)), held)
    print("serving", flush=True)
    signal.pause()
"""


@pytest.fixture
def project() -> str:
    return f"reserved-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def may_end(tmp_path: Path) -> Iterator[Path]:
    """The file that lets guards end."""
    file = tmp_path / "may-end"
    yield file
    file.touch()


@pytest.fixture
def serving(project: str, may_end: Path) -> Iterator[subprocess.Popen[str]]:
    words = [sys.executable, "-c", SERVE, project, str(may_end)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "serving\n"
        yield process
        process.kill()


def kill(serving: subprocess.Popen[str]) -> None:
    serving.kill()
    serving.wait()


def test_a_retry_waits_until_the_guard_of_a_killed_serve_has_ended(project, may_end, serving):
    kill(serving)
    notes: list[str] = []

    def note(text: str) -> None:
        notes.append(text)
        may_end.touch()

    with reserved(project, note):
        removed = Path(f"{may_end}.removed").exists()

    assert removed
    (text,) = notes
    assert text.startswith(f"a serve of the project {project} was killed: waiting until")


def test_waiting_is_bounded_and_names_what_was_waited_for(project, serving):
    kill(serving)

    with (
        pytest.raises(MachineError, match=f"a killed serve of the project {project}") as refused,
        reserved(project, lambda _: None, seconds=0.3),
    ):
        pass

    assert "choose another --name" in refused.value.next_step


def test_a_serve_that_lives_is_not_waited_for(project, serving):
    notes: list[str] = []

    with (
        pytest.raises(UsageError, match=f"the project {project} already exists") as refused,
        reserved(project, notes.append),
    ):
        pass

    assert notes == []
    assert f"serve stop {project}" in refused.value.next_step


def test_other_projects_and_other_engines_do_not_wait(project, serving, monkeypatch):
    notes: list[str] = []

    with reserved(f"{project}-2", notes.append):
        pass
    monkeypatch.setenv("DOCKER_HOST", "tcp://elsewhere:2376")
    with reserved(project, notes.append):
        pass
    monkeypatch.delenv("DOCKER_HOST")
    monkeypatch.setenv("DOCKER_CONTEXT", "elsewhere")
    with reserved(project, notes.append):
        pass

    assert notes == []


def test_a_name_is_free_again_when_a_serve_has_ended_in_order(project):
    notes: list[str] = []

    for _ in range(2):
        with reserved(project, notes.append):
            pass

    assert notes == []


def test_any_name_can_be_reserved(project):
    with reserved(f"{project}-{'x' * 500}\udcff", lambda _: None) as held:
        assert held
