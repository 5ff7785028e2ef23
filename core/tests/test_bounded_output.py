# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What a command prints is read up to a limit: a container's output has no end of its own."""

from __future__ import annotations

import re
import sys

import pytest
from dynamo_container.docker import contained, process
from dynamo_container.docker.attached import Attached
from dynamo_container.errors import (
    EngineError,
    NoAnswerError,
    TooMuchOutputError,
    TooMuchWrittenError,
)

pytestmark = pytest.mark.processes

LONG = "x" * 1000
ENDLESS = {
    "lines": f"while :; do echo {LONG}; done",
    "one line": f"while :; do printf %s {LONG}; done",
    "errors": f"while :; do echo {LONG} >&2; done",
    "both": f"while :; do echo {LONG}; echo {LONG} >&2; done",
}


@pytest.mark.parametrize("script", ENDLESS.values(), ids=ENDLESS)
def test_a_command_that_prints_without_end_is_ended(script):
    with pytest.raises(TooMuchOutputError, match=r"'sh -c .*' printed more than 1 MB"):
        process.capture("sh", "-c", f"{script} # $$", limit=1_000_000)


def test_output_up_to_the_limit_is_returned_whole():
    size = 300_000
    script = f"import os; os.write(1, b'a' * {size}); os.write(2, b'b' * {size})"
    answer = process.capture(sys.executable, "-c", script, limit=2 * size)

    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "a" * size, "b" * size)
    with pytest.raises(TooMuchOutputError):
        process.capture(sys.executable, "-c", script, limit=2 * size - 1)


def test_lines_and_bytes_that_are_not_text_are_read_as_before():
    answer = process.capture("printf", r"a\r\nb\rc\n\377")

    assert answer.stdout == "a\nb\nc\n\N{REPLACEMENT CHARACTER}"


def test_a_command_that_closes_its_output_and_goes_on_is_late():
    with pytest.raises(NoAnswerError, match=r"did not answer within 0\.3 s"):
        process.capture("sh", "-c", "exec >&- 2>&-; sleep 60", timeout=0.3)


def test_a_silent_command_is_late():
    with pytest.raises(NoAnswerError, match=r"did not answer within 0\.2 s"):
        process.capture("sleep", "60", timeout=0.2)


def test_a_missing_command_is_an_error_only_if_its_answer_is_needed():
    with process.start_query("/no/such/docker") as finish:
        pass

    with pytest.raises(EngineError):
        finish()


def test_an_endless_line_of_a_container_that_is_followed_takes_no_memory():
    script = f"head -c 5000000 /dev/zero | tr '\\0' x; echo; echo {LONG}"
    with process.follow("sh", "-c", script) as client:
        log = Attached(client, max_lines=5, pattern="")
        log.ended.wait(30)

    assert max(map(len, log.lines)) <= 65536
    assert log.lines[-1] == LONG


def test_what_the_engine_says_of_an_image_is_returned_and_not_shown(tmp_path, capfd):
    docker = tmp_path / "docker"
    docker.write_text("#!/bin/sh\nprintf 'Error: \\033[2J%s' \"$4\" >&2\nexit 125\n")
    docker.chmod(0o755)

    answer = contained.run(str(docker), "evil", seconds=20, limit=1000)

    assert (answer.returncode, answer.stderr) == (125, "Error: \x1b[2Jevil")
    assert capfd.readouterr() == ("", "")


ENGINE = """\
#!/bin/sh
echo "$*" >>"$0.log"
case $1 in
create) echo container ;;
start) while [ ! -e "$0.killed" ]; do sleep 0.02; done; exit 137 ;;
container) echo 1001 ;;
kill) touch "$0.killed" ;;
esac
"""


def test_a_program_that_writes_without_end_is_ended_and_its_volumes_are_closed(
    tmp_path, monkeypatch
):
    """Volumes of the image are not part of what the engine counts, so nothing writes to them."""
    docker = tmp_path / "docker"
    docker.write_text(ENGINE)
    docker.chmod(0o755)
    monkeypatch.setattr(contained, "_LOOK_SECONDS", 0.01)

    with pytest.raises(TooMuchWrittenError):
        contained.run(
            str(docker), "evil", seconds=60, limit=9, written=1000, volumes=("/data", "/a,b")
        )

    create, *_, removal = (tmp_path / "docker.log").read_text().splitlines()
    names = re.findall(r"source=(dynamo-container-\w+)", create)
    assert create.endswith(
        f"--mount=type=volume,source={names[0]},target=/data,readonly "
        f'--mount=type=volume,source={names[1]},"target=/a,b",readonly evil'
    )
    assert removal == f"volume rm --force {names[0]} {names[1]}"
