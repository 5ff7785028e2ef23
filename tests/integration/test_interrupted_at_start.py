# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Ctrl-C while the program starts, and a reader that is gone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest
from dynamo_container.printing import BROKEN_PIPE

pytestmark = pytest.mark.processes

COMMAND = [sys.executable, "-m", "dynamo_container"]
# What the installed command does; it announces the first import of the command line.
START = """
import os, sys
announced = []

def announce(event, arguments):
    if event == "import" and arguments[0] == "dynamo_container.cli" and not announced:
        announced.append(os.write(1, b"x"))

sys.addaudithook(announce)
from dynamo_container.__main__ import main
sys.exit(main())
"""


@pytest.mark.parametrize("milliseconds", [0, 2, 5, 10, 20, 40, 60, 80, 100, 130, 160, 200])
def test_ctrl_c_while_the_program_starts_prints_no_traceback(milliseconds):
    with subprocess.Popen(
        [sys.executable, "-c", START, "explain", "build", "none", "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdout
        assert process.stderr
        assert process.stdout.read(1) == b"x"
        time.sleep(milliseconds / 1000)  # the moment is what is tested
        process.send_signal(signal.SIGINT)
        process.stdout.read()
        err = process.stderr.read().decode()

    assert "Traceback" not in err
    assert process.returncode in (0, 130, -signal.SIGINT)


def test_a_reader_that_is_gone_ends_the_command_silently():
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [*COMMAND, "explain", "build", "none"], stdout=write, stderr=subprocess.PIPE, check=False
    )
    os.close(write)

    assert done.returncode == BROKEN_PIPE
    assert done.stderr == b""


PRINTING = [
    ("releases",),
    ("plugins", "list", "--json"),
    ("--version",),
    ("export", "compose", "out", "none", "--model", "org/model", "--dry-run"),
    ("new-plugin", "acme"),
    ("completion", "bash"),
]


@pytest.mark.parametrize("words", PRINTING)
def test_a_full_disk_is_an_error_of_two_lines(words, tmp_path):
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        done = subprocess.run(
            [*COMMAND, *words], stdout=full, stderr=subprocess.PIPE, check=False, cwd=tmp_path
        )

    assert done.returncode == 1
    assert done.stderr.startswith(b"error: standard output cannot be written: No space left")
    assert len(done.stderr.splitlines()) == 2


@pytest.mark.parametrize("words", PRINTING[:4:3])
def test_a_standard_output_that_is_closed_is_an_error_of_two_lines(words, tmp_path):
    line = ["sh", "-c", 'exec "$@" >&-', "sh", *COMMAND, *words]
    done = subprocess.run(line, stderr=subprocess.PIPE, check=False, cwd=tmp_path)

    assert done.returncode == 1
    assert done.stderr.startswith(b"error: standard output cannot be written: ")
    assert len(done.stderr.splitlines()) == 2


@pytest.mark.parametrize("words", [("--help",), ("build", "--help"), ("run", "none", "--help")])
def test_help_in_a_locale_that_cannot_print_it(words):
    environment = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run([*COMMAND, *words], env=environment, capture_output=True, check=False)

    assert done.returncode == 0, done.stderr
    assert done.stdout.isascii()


def test_help_that_cannot_be_written_is_an_error_of_two_lines():
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        done = subprocess.run(
            [*COMMAND, "--help"], stdout=full, stderr=subprocess.PIPE, check=False
        )

    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 2
