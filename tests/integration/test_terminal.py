# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Builds at a real terminal, and without one: what is shown, on a real engine."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import uuid
from dataclasses import dataclass

import pytest

pytestmark = pytest.mark.engine

DOCKERFILE = """\
FROM {base} AS runtime
ARG STEP
RUN --network=none echo $STEP; {command}
RUN --network=none echo ok
"""
WORKS = "sleep 0.3"
FAILS = "for i in $(seq 100); do echo line $i; done; exit 3"
# A control sequence of a terminal.
SEQUENCE = re.compile(r"\x1b\[[?0-9;]*[a-zA-Z]")


@dataclass
class Ended:
    status: int
    output: str

    @property
    def last_frame(self) -> str:
        """What is shown at the end, from the first line that is not replaced any more."""
        return SEQUENCE.sub("", self.output.rpartition("\x1b[?7l")[2]).replace("\r", "")


def at_terminal(*words: str, columns: int = 100) -> Ended:
    """Run the program at a terminal of its own."""
    terminal, inside = pty.openpty()
    fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", 30, columns, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-m", "dynamo_container", *words],
        env={**os.environ, "TERM": "xterm"}, stdin=inside, stdout=inside, stderr=inside,
        start_new_session=True,
    )  # fmt: skip
    os.close(inside)
    output = bytearray()
    try:
        while data := os.read(terminal, 65536):
            output += data
    except OSError:
        pass  # the program has ended
    os.close(terminal)
    return Ended(process.wait(60), output.decode(errors="replace"))


@pytest.fixture
def words(docker, site, monkeypatch, tag, tmp_path):
    """Return the words of a build that works or fails, and that nothing has cached."""

    def install(command: str) -> list[str]:
        name = f"terminal{uuid.uuid4().hex[:8]}"
        site.framework(name, "", DOCKERFILE.format(base=docker.base_image, command=command))
        monkeypatch.setenv("PYTHONPATH", str(site.folder))
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
        step = f"STEP={uuid.uuid4().hex}"
        return ["build", name, "--target=runtime", "--tag", tag(name), "--no-latest",
                "--build-arg", step]  # fmt: skip

    return install


def test_a_terminal_shows_a_line_for_the_stage_then_the_image_and_what_is_next(words):
    build = words(WORKS)
    image = build[build.index("--tag") + 1]

    ended = at_terminal(*build)

    assert ended.status == 0, ended.output
    lines = ended.last_frame.splitlines()
    assert re.match(
        r"\N{CHECK MARK} \S+-runtime  2 steps  [0-9.]+ s  exported in [0-9.]+ s$", lines[0]
    )
    assert lines[1].split() == ["image", "size", "seconds", "cached", "steps"]
    assert re.match(rf"{image} +\d+ MB +[0-9.]+ +0 of 2$", lines[2])
    assert re.match(r"note: built in [0-9.]+ s$", lines[3])
    assert lines[4] == f"note: run it: dynamo-container run --image {image}"

    again = at_terminal(*build)

    assert "-runtime  2 steps, cached" in again.last_frame


def test_what_runs_is_shown_while_it_does(words):
    ended = at_terminal(*words("echo some output; sleep 2.5"))

    running = SEQUENCE.sub("", ended.output)
    assert re.search(r"-runtime  2/3 echo \w+; echo some output; .*  [1-9]\.\d s", running), running
    assert re.search(r"^ +some output\r$", running, re.MULTILINE)


def test_no_line_is_wider_than_the_terminal(words):
    ended = at_terminal(*words(f"echo {'wide ' * 60}; sleep 1.2"), columns=50)

    frames = ended.output.split("\x1b[?7l")[1:-1]
    lines = [SEQUENCE.sub("", line).strip("\r") for one in frames for line in one.split("\n")]
    assert len(lines) > 3
    assert max(map(len, lines)) < 50


def test_a_failure_ends_with_the_last_30_lines_and_how_to_see_more(words):
    ended = at_terminal(*words(FAILS))

    assert ended.status == 1
    shown = SEQUENCE.sub("", ended.output).replace("\r", "")
    numbers = [int(number) for number in re.findall(r"^  line (\d+)$", shown, re.MULTILINE)]
    assert numbers == list(range(71, 101)), shown
    assert re.match(r"\N{MULTIPLICATION X} \S+-runtime  2/3 echo \w+; for i", ended.last_frame)
    assert shown.endswith(
        "error: the build failed (docker exited with status 1)\n"
        "see the output above; for all of it: --progress plain\n"
    )


def test_docker_shows_its_own_progress_on_request(words):
    ended = at_terminal(*words(WORKS), "--progress", "docker")

    assert ended.status == 0, ended.output
    assert "[+] Building" in SEQUENCE.sub("", ended.output)
    assert "\N{CHECK MARK}" not in ended.output


def test_without_a_terminal_there_is_no_control_sequence(words, cli):
    result = cli.ok(*words(WORKS))

    assert "\x1b" not in result.out + result.err
    assert "\N{CHECK MARK}" not in result.err


def test_quiet_prints_the_name_of_the_image_only(words, cli):
    build = words(WORKS)

    result = cli.ok("--quiet", *build)

    assert (result.out, result.err) == (f"{build[build.index('--tag') + 1]}\n", "")


def test_quiet_prints_the_reason_of_a_failure(words, cli):
    result = cli("-q", *words(FAILS))

    assert (result.status, result.out) == (1, "")
    assert "  line 100\n" in result.err
    assert "  line 70\n" not in result.err
    assert "exit code: 3" in result.err


@pytest.mark.parametrize("progress", ["auto", "docker"])
def test_a_dry_run_prints_the_same_at_a_terminal(words, cli, progress):
    build = [*words(WORKS), "--dry-run", "--progress", progress]

    shown = at_terminal(*build).output.replace("\r", "")

    assert shown == cli.ok(*build).out
    assert "bake --progress auto " in shown
