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
from dynamo_container import tables, trees
from dynamo_container.explain import Block, ExplainedSource, ExplainedValue, ShadowedValue

ROWS = (("NAME", "STATUS"), ("one", "Up 5 minutes"), ("[bold]two", "Exited (0)"))
SEQUENCE = re.compile(r"\x1b\[[0-9;]*m")
LINK = re.compile(r"\x1b\]8;[^;]*;([^\x1b]*)\x1b\\")
PRINTING = "import sys; from dynamo_container import printing as p; p.print_table({rows!r})"
WORDS = ("explain", "build", "none", "--base-image", "debian:12", "base-image")
EXPLAINING = f"import sys; from dynamo_container.cli import main; main({list(WORDS)})"
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


def source(layer: str, location: str = "", distribution: str = "acme 1") -> ExplainedSource:
    return ExplainedSource(layer=layer, name="acme", distribution=distribution, location=location)


def one_value(value: str = "12", *, kind: str = "pin", won: ExplainedSource,
              shadowed: tuple[ShadowedValue, ...] = ()) -> list[Block]:  # fmt: skip
    explained = ExplainedValue(kind=kind, key="uv", value=value, sources=(won,), shadowed=shadowed)
    return [Block("none dev", (explained,))]


def tree(blocks: list[Block], width: int = 80) -> str:
    text = trees.drawn(blocks, safe=lambda text: text.replace("\x1b", "^["), width=width)
    assert text is not None
    return text


def link(text: str) -> str:
    """Return the address of the first link; empty if there is none."""
    return next(iter(LINK.findall(text)), "")


def without_controls(text: str) -> str:
    return LINK.sub("", SEQUENCE.sub("", text))


class TestTrees:
    """Explained values as a tree."""

    def test_a_value_has_its_layers_color_and_what_it_replaces_is_dim(self):
        below = ShadowedValue(value="11", source=source("core"))

        text = tree(one_value(won=source("user"), shadowed=(below,)))

        assert without_controls(text).splitlines() == [
            "none dev",
            "└── pin",
            "    └── uv = 12",
            "        ├── user: acme (acme 1)",
            "        └── instead of 11: core: acme (acme 1)",
        ]
        assert "\x1b[32m12" in text
        assert "\x1b[2minstead of 11: " in text
        assert "\x1b[34m" not in text

    @pytest.mark.parametrize(
        ("width", "shown"),
        [
            (200, "/opt/site-packages/acme/policy/plugin.py:40"),
            (80, "…/site-packages/acme/policy/plugin.py:40"),
            (60, "…/policy/plugin.py:40"),
            (20, "plugin.py:40"),
        ],
    )
    def test_a_path_is_as_long_as_fits_and_is_a_link_to_the_whole_one(self, width, shown):
        location = "/opt/site-packages/acme/policy/plugin.py:40"

        text = tree(one_value(won=source("framework", location)), width)

        assert without_controls(text).splitlines()[3].endswith(f"  {shown}")
        assert link(text).endswith("/opt/site-packages/acme/policy/plugin.py")

    def test_links_are_encoded(self):
        text = tree(one_value(won=source("user", distribution="project file /a b/ü/x.toml")))

        assert "(project file /a b/ü/x.toml)" in without_controls(text)
        assert link(text).endswith("/a%20b/%C3%BC/x.toml")

    def test_the_file_of_a_stage_is_a_link_and_a_path_in_a_container_is_not(self):
        won = source("overlay")

        assert link(tree(one_value("/etc/x", kind="stage", won=won))).endswith("/etc/x")
        assert link(tree(one_value("/etc/x", kind="flag", won=won))) == ""

    @pytest.mark.parametrize("text", ["a\x1b[2Jb", "[bold]x[/]", "[link=http://a]x[/link]"])
    def test_no_text_controls_the_terminal(self, text):
        location = f"/{text}/plugin.py:1"

        drawn = tree(one_value(text, won=source("user", location, text)), 300)

        safe = text.replace("\x1b", "^[")
        plain = without_controls(drawn)
        assert f" = {safe}\n" in plain or f" = {text!r}\n" in plain
        assert f"({safe})  /{safe}/plugin.py:1" in plain
        assert "\x1b[2J" not in drawn
        assert "http://a" not in "".join(LINK.findall(drawn))

    def test_a_long_value_is_not_broken(self):
        assert f" = {'word ' * 90}end\n" in without_controls(
            tree(one_value(f"{'word ' * 90}end", won=source("core")))
        )


def at_terminal(*argv: str, columns: int = 100, **variables: str) -> str:
    terminal, inside = pty.openpty()
    fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", 30, columns, 0, 0))
    env = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS")}
    env = {**env, "TERM": "xterm-256color", **variables}
    with subprocess.Popen(argv, stdin=inside, stdout=inside, stderr=inside,
                          env=env) as process:  # fmt: skip
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

    def test_a_terminal_gets_a_tree_and_a_pipe_plain_lines(self):
        shown = at_terminal(sys.executable, "-c", EXPLAINING + MODULES)
        piped = subprocess.run(
            [sys.executable, "-c", EXPLAINING + MODULES], capture_output=True, text=True, check=True
        )

        assert "└── \x1b[0mbase-image" in shown
        assert "\x1b[32mdebian:12" in shown
        assert "\x1b[2minstead of ubuntu:24.04: " in shown
        assert shown.rstrip().endswith("True")
        assert piped.stdout.startswith("none dev\n  base-image serving = debian:12\n      user: ")
        assert "\x1b" not in piped.stdout
        assert piped.stderr == "False\n"

    @pytest.mark.parametrize(
        "variables", [{"NO_COLOR": "1"}, {"TERM": "dumb"}], ids=["NO_COLOR", "TERM=dumb"]
    )
    def test_a_terminal_that_has_no_colors_gets_the_lines_of_a_pipe(self, variables):
        argv = (sys.executable, "-c", EXPLAINING)

        shown = at_terminal(*argv, **variables)
        piped = subprocess.run(argv, capture_output=True, text=True, check=True).stdout

        assert shown.replace("\r\n", "\n") == piped

    def test_without_rich_lines_have_the_layers_colors(self):
        code = f"import sys; sys.modules['rich'] = None; {EXPLAINING}"
        argv = (sys.executable, "-c", code)

        shown = at_terminal(*argv)
        piped = subprocess.run(argv, capture_output=True, text=True, check=True).stdout

        assert SEQUENCE.sub("", shown).replace("\r\n", "\n") == piped
        assert "\x1b[32m      user: " in shown
        assert "\x1b[2m      instead of " in shown
