# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What is printed cannot control a terminal, forge a message or fill a screen."""

from __future__ import annotations

import ast
import io
import os
import sys
from pathlib import Path

import click
import pytest
from attacks import ATTACKS
from dynamo_container import printing
from dynamo_container.cli.app import app
from dynamo_container.completion import grammar
from dynamo_container.errors import OutputError, WorkFailedError
from dynamo_container.images.records import Records
from dynamo_container.images.watch import Watcher
from dynamo_container.model import text
from dynamo_container.plugins.registry import Registry

CORE = Path(text.__file__).parents[1]
# Writing to it fails for want of space.
FULL = Path("/dev/full")
PRINTERS = {
    "click.echo", "click.secho", "click.echo_via_pager", "click.confirm", "click.prompt",
    "click.progressbar", "print", "pprint", "input",
}  # fmt: skip
STREAMS = {"sys.stdout", "sys.stderr", "sys.__stdout__", "sys.__stderr__"}


@pytest.mark.parametrize("attack", ATTACKS, ids=ascii)
def test_every_character_that_cannot_be_seen_is_escaped(attack, capsys):
    printing.print_line(f"label {attack} end")
    printing.print_text(f"text {attack.strip()} end\n")
    printing.print_lines([f"one {attack}", f"two {attack}"], err=True)
    printing.print_error(WorkFailedError(f"what {attack}", f"next {attack}", (f"log {attack}",)))
    printing.print_json({"label": attack})

    out, err = capsys.readouterr()
    assert out.replace("\n", "").isprintable()
    assert err.replace("\n", "").isprintable()
    assert len(err.splitlines()) == 5


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("plain, with accents: é, 日本", "plain, with accents: é, 日本"),
        ("\x1b[31m\t\n", r"\x1b[31m\t\n"),
        ("\u202eabc", r"\u202eabc"),
        ("caf\udcc3\udca9", r"caf\xc3\xa9"),
        ("\ud800", r"\ud800"),
    ],
)
def test_escapes_are_those_of_a_programmer(given, shown):
    assert text.printable(given) == shown


HOSTILE_HELP = """
@hookimpl
def dynamo_container_options(command):
    attack = {attack!r}
    yield Option(flag="--tiny-one", help=f"First {{attack}}.", metavar=f"M{{attack}}")
    yield Option(flag="--tiny-two", help="Second.", choices=(f"a{{attack}}", "b"), default="b")
"""


@pytest.mark.parametrize("attack", [one for one in ATTACKS if one.strip() == one], ids=ascii)
@pytest.mark.parametrize("words", [("build", "tiny", "--help"), ("run", "tiny", "--help-all")])
def test_help_shows_escapes_of_what_plugins_write(cli, site, words, attack):
    site.framework("tiny", HOSTILE_HELP.format(attack=attack))

    out = cli.ok(*words).out

    assert out.replace("\n", "").isprintable()
    assert "First" in out


def test_completion_describes_options_with_escapes(site):
    site.framework("tiny", HOSTILE_HELP.format(attack="\x1b]52;c;cm0gLXJm\x07"))

    document = grammar.describe(app, click.Context(app), Registry.discover())

    options = document["root"]["commands"]["build"]["plugins"]["tiny"]
    assert options[0]["help"] == r"First \x1b]52;c;cm0gLXJm\x07"


@pytest.mark.parametrize(
    "words", ["--help", "build --help", "plugins list --help", "run --help-all"]
)
def test_help_that_cannot_be_written_is_an_error_of_two_lines(cli, monkeypatch, words):
    with FULL.open("w", encoding="utf-8") as full:
        monkeypatch.setattr(sys, "stdout", full)
        result = cli(*words.split())

    assert result.status == OutputError.exit_status
    assert result.err.startswith("error: standard output cannot be written: No space left")


def test_text_of_several_lines_keeps_line_feeds_and_tabs(capsys):
    printing.print_text("a\n\tb\x1b[2J\n")

    assert capsys.readouterr().out == "a\n\tb\\x1b[2J\n"


@pytest.mark.parametrize("character", ["x", "é", "日", "\x1b", "\udcff", "\n"], ids=ascii)
def test_an_error_has_two_lines_and_less_than_4096_bytes_whatever_it_quotes(character, capsys):
    printing.print_error(WorkFailedError(character * 200_000, character * 200_000))

    err = capsys.readouterr().err
    assert len(err.splitlines()) == 2
    assert len(err.encode()) < 4096
    assert "characters)" in err


def test_many_names_are_counted():
    names = [f"name-{number}" for number in range(200)]

    assert text.listed(names).endswith("name-9 and 190 more")
    assert text.listed(["a", "b"]) == "a, b"
    assert text.listed(names[:11]).endswith("name-9, name-10")
    assert text.listed(["a\n" * 1000]).count("\n") == 0


def test_a_quoted_value_is_one_word_on_one_line():
    assert text.quoted("a\nb") == r"'a\nb'"
    assert len(text.quoted("x" * 5000)) < 250


def test_records_of_buildkit_cannot_write_to_the_terminal(capsys):
    shown = lambda line: printing.print_text(line, err=True)  # noqa: E731
    watcher = Watcher(Records(["a"]), "plain", shown)

    watcher.feed(b"\x1b]0;owned\x07 a line of buildx \xff\n")
    watcher.close()

    assert (
        capsys.readouterr().err == "\\x1b]0;owned\\x07 a line of buildx \N{REPLACEMENT CHARACTER}\n"
    )


def test_a_locale_that_cannot_print_a_character_gets_an_escape(monkeypatch):
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stream)

    printing.prepare_streams()
    printing.print_line("caf\u00e9")

    assert stream.buffer.getvalue() == b"caf\\xe9\n"


def test_standard_output_without_space_is_an_error_of_two_lines(cli, monkeypatch):
    with FULL.open("w", encoding="utf-8") as full:
        monkeypatch.setattr(sys, "stdout", full)
        result = cli("releases", "none")

    assert result.status == OutputError.exit_status
    assert result.err.startswith("error: standard output cannot be written: No space left")
    assert len(result.err.splitlines()) == 2


def test_closed_standard_output_is_an_error(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)

    with pytest.raises(OutputError, match="cannot be written"):
        printing.print_line("a result")


def test_a_reader_that_is_gone_ends_the_command_silently_with_141(monkeypatch):
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as gone:
        monkeypatch.setattr(sys, "stdout", gone)
        with pytest.raises(SystemExit) as ended:
            printing.print_line("a result")

        assert ended.value.code == printing.BROKEN_PIPE


def test_messages_that_no_one_can_read_do_not_stop_the_work(monkeypatch):
    with FULL.open("w", encoding="utf-8") as full:
        monkeypatch.setattr(sys, "stderr", full)
        printing.print_line("a warning", err=True)
    monkeypatch.setattr(sys, "stderr", None)
    printing.print_line("a warning", err=True)


def test_nothing_else_prints():
    """Only `printing` may print, because only it escapes."""
    modules = [
        path
        for path in CORE.rglob("*.py")
        if path.relative_to(CORE).parts[0] not in ("templates", "testing", "printing.py")
    ]

    assert len(modules) > 80
    assert [call for path in modules for call in printing_calls(path)] == []


def printing_calls(path: Path) -> list[str]:
    """Return the calls in a module that print, or that write to a standard stream."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            owner, _, method = name.rpartition(".")
            writes = owner.removesuffix(".buffer") in STREAMS and method.startswith("write")
            if name in PRINTERS or writes:
                found.append(f"{path.relative_to(CORE)}:{node.lineno}: {name}")
    return found


@pytest.mark.parametrize(
    "source",
    [
        "print('x')",
        "click.confirm('x')",
        "click.secho('x')",
        "sys.stderr.write('x')",
        "sys.stdout.buffer.write(b'x')",
    ],
)
def test_the_rule_finds_what_prints(source, tmp_path, monkeypatch):
    monkeypatch.setattr(sys.modules[__name__], "CORE", tmp_path)
    module = tmp_path / "module.py"
    module.write_text(source)

    assert len(printing_calls(module)) == 1
