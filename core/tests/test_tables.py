# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What tables and explanations look like at a terminal, and that a pipe gets plain lines."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios

import pytest
from dynamo_container import tables

ROWS = (("NAME", "STATUS"), ("one", "Up 5 minutes"), ("[bold]two", "Exited (0)"))
SEQUENCE = re.compile(r"\x1b\[[0-9;]*m")
PRINTING = "import sys; from dynamo_container import printing as p; p.print_table({rows!r})"
MODULES = "; print('rich' in sys.modules, file=sys.stderr)"


def test_a_table_has_the_texts_as_they_are():
    text = tables.drawn(ROWS, width=60, colors=True)

    assert text is not None
    lines = [line.split() for line in SEQUENCE.sub("", text).splitlines()]
    assert lines[0] == ["NAME", "STATUS"]
    assert lines[2:] == [["one", "Up", "5", "minutes"], ["[bold]two", "Exited", "(0)"]]
    assert "\x1b[32mUp 5 minutes" in text


def test_without_colors_a_table_has_none():
    text = tables.drawn(ROWS, width=60, colors=False)

    assert text is not None
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]m", text)


def test_a_table_that_does_not_fit_is_not_drawn():
    assert tables.drawn((("NAME",), ("x" * 61,)), width=60, colors=True) is None


def at_terminal(*argv: str, columns: int = 100) -> str:
    terminal, inside = pty.openpty()
    fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", 30, columns, 0, 0))
    env = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS")}
    with subprocess.Popen(argv, stdin=inside, stdout=inside, stderr=inside,
                          env={**env, "TERM": "xterm-256color"}) as process:  # fmt: skip
        os.close(inside)
        output = b""
        try:
            while data := os.read(terminal, 65536):
                output += data
        except OSError:
            pass  # the program has ended
        os.close(terminal)
    assert process.returncode == 0, output
    return output.decode()


@pytest.mark.processes
class TestPrinting:
    """The same call at a terminal and in a pipe."""

    def test_a_terminal_gets_a_table_and_a_pipe_plain_lines(self):
        argv = (sys.executable, "-c", PRINTING.format(rows=ROWS) + MODULES)

        shown = at_terminal(*argv)
        piped = subprocess.run(argv, capture_output=True, text=True, check=True)

        assert "\x1b[1m" in shown
        assert "─" in shown
        assert shown.rstrip().endswith("True")
        plain = "NAME       STATUS\none        Up 5 minutes\n[bold]two  Exited (0)\n"
        assert piped.stdout == plain
        assert piped.stderr == "False\n"

    def test_a_narrow_terminal_gets_plain_lines(self):
        argv = (sys.executable, "-c", PRINTING.format(rows=(("NAME",), ("x" * 50,))))

        assert "x" * 50 in at_terminal(*argv, columns=40)

    def test_an_explanation_has_the_layers_colors_and_dims_what_is_replaced(self):
        words = ("explain", "build", "none", "--base-image", "debian:12", "--source", "none")
        argv = (sys.executable, "-m", "dynamo_container", *words, "base-image")

        shown = at_terminal(*argv)
        piped = subprocess.run(argv, capture_output=True, text=True, check=True).stdout

        assert SEQUENCE.sub("", shown).replace("\r\n", "\n") == piped
        assert "\x1b[32m      user: " in shown
        assert "\x1b[2m      instead of " in shown
        assert "\x1b" not in piped
