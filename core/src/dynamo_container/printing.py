# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The one place that prints. A test holds that no other module does.

What is printed is never ours alone: see `model.text`. So everything that could control a terminal
is escaped here, and what looks like a credential is hidden; only the colors and the progress lines
of this module are control sequences.

Standard output is the result: if it cannot be written, the command fails. Standard error is for
people: if no one can read it, the work goes on.
"""

from __future__ import annotations

import errno
import os
import shlex
import shutil
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final, TextIO, TypeGuard

import click

from dynamo_container.docker.command import Command, encoded, shell_word
from dynamo_container.errors import DynamoContainerError, OutputError
from dynamo_container.model.credentials import hide, hide_all
from dynamo_container.model.text import aligned, json_text, printable, shortened

if TYPE_CHECKING:
    from dynamo_container.explain import Block

# The status that a shell reports for a program that SIGPIPE has ended.
BROKEN_PIPE: Final = 141
# Of each of the two lines of an error, in bytes.
_ERROR_LENGTH: Final = 1500
# Of each line of output that explains an error.
_DETAIL_LENGTH: Final = 400
_CLEAR_LINE: Final = "\r\x1b[K"


def prepare_streams() -> None:
    """Make sure that no character is an error, whatever the locale."""
    for stream in (sys.stdout, sys.stderr):
        if reconfigure := getattr(stream, "reconfigure", None):
            reconfigure(errors="backslashreplace")


def print_line(text: object, *, err: bool = False) -> None:
    """Print a line. Line feeds in it are escaped too."""
    _write(f"{printable(hide(str(text)))}\n", err=err)


def print_lines(texts: Iterable[str], *, err: bool = False) -> None:
    """Print lines, each as `print_line` does."""
    _write("".join(f"{printable(hide(text))}\n" for text in texts), err=err)


def print_output(text: str, *, indent: str = "  ", err: bool = False) -> None:
    """Print the output of something else, with an indentation: no line looks like one of ours."""
    print_lines((f"{indent}{line}".rstrip() for line in text.splitlines()), err=err)


def print_table(rows: Sequence[Sequence[str]], *, indent: str = "") -> None:
    """Print rows of equal length, a heading first: as a table at a terminal, if that is wide enough
    and rich is installed; else as lines with aligned columns, which do not change between releases.
    """
    if _can_draw(sys.stdout):
        # Imported here: rich takes 50 ms, and only a terminal shows what it draws.
        from dynamo_container import tables

        safe = [[_safe(cell) for cell in row] for row in rows]
        columns = shutil.get_terminal_size().columns
        if text := tables.drawn(safe, width=columns, colors=_has_colors(sys.stdout)):
            _write(f"{text}\n", err=False)
            return
    print_lines(f"{indent}{line}" for line in aligned(rows))


def print_explanation(blocks: Sequence[Block]) -> None:
    """Print explained values: at a terminal as trees; else as lines, which do not change between
    releases. Without rich, a terminal gets these lines in the layers' colors.
    """
    from dynamo_container import explain  # only this command needs it

    if _has_colors(sys.stdout):
        from dynamo_container import trees

        width = shutil.get_terminal_size().columns
        if _can_draw(sys.stdout) and (drawn := trees.drawn(blocks, safe=_safe, width=width)):
            _write(drawn, err=False)
            return
        lines = printable(hide(explain.as_text(blocks)), keep="\n\t").splitlines(keepends=True)
        _write("".join(map(_explained, lines)), err=False)
        return
    print_text(explain.as_text(blocks))


def _safe(text: str) -> str:
    return printable(hide(text))


def _explained(line: str) -> str:
    """Return a line of an explanation with the color of what it is about."""
    from dynamo_container.trees import LAYER_COLORS  # see `print_explanation`

    word = line.strip().partition(":")[0]
    if line.startswith("      "):
        replaced = word.startswith("instead of ")
        return click.style(
            line, dim=replaced or None, fg=None if replaced else LAYER_COLORS.get(word)
        )
    name, equals, value = line.partition(" = ")
    return f"{click.style(name, bold=True)}{equals}{value}"


def print_text(text: str, *, err: bool = False) -> None:
    """Print text as it is, with its line feeds and tabs; nothing is added to its end."""
    _write(printable(hide(text), keep="\n\t"), err=err)


def print_command(*commands: Command) -> None:
    """Print commands for a shell: the next one runs if the previous one succeeds.

    A terminal is shown nothing that could control it: such characters are in bash's quotes. A file
    or a program gets the bytes themselves, which any shell reads.
    """
    stream = _open(sys.stdout)
    if not stream.isatty():
        line = " && ".join(command.shell(quote=shlex.quote) for command in commands)
        print_bytes(encoded(line) + b"\n")
        return
    encoding = (stream.encoding or "").lower().replace("-", "")
    quote = partial(shell_word, only_ascii=encoding != "utf8")
    _write(f"{' && '.join(command.shell(quote=quote) for command in commands)}\n", err=False)


def print_json(document: object) -> None:
    """Print a document as JSON, or JSON that `json_text` made: then it has been decided before what
    may be shown.
    """
    text = document if isinstance(document, str) else json_text(hide_all(document))
    _write(printable(text, keep="\n\t"), err=False)


def print_bytes(data: bytes) -> None:
    """Print data that is not text, such as a drawing, to standard output."""
    stream = _open(sys.stdout)
    try:
        stream.flush()
        stream.buffer.write(data)
        stream.buffer.flush()
    except OSError as error:
        raise _unwritable(error) from error


def print_log(*, debug: bool) -> Callable[[], None]:
    """Print each docker command before it runs, as `set -x` does, and with `debug` each hook.

    Returns:
        A function that ends it.
    """
    # Imported here: it takes 4 ms, and only --verbose and --debug require it.
    import logging

    class ToStandardError(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            print_line(f"+ {record.getMessage()}", err=True)

    logger, handler = logging.getLogger("dynamo_container"), ToStandardError()
    logger.propagate = False
    logger.setLevel(logging.DEBUG if debug else logging.INFO)
    logger.addHandler(handler)

    def end() -> None:
        logger.removeHandler(handler)
        logger.setLevel(logging.NOTSET)

    return end


def is_interactive() -> bool:
    """Whether standard error is a terminal whose lines can be replaced."""
    return _is_terminal(sys.stderr)


def print_label(label: str, color: str, *, err: bool = False) -> None:
    """Print the colored start of a line; the rest follows."""
    stream = sys.stderr if err else sys.stdout
    _write(click.style(label, fg=color, bold=err) if _has_colors(stream) else label, err=err)


def confirm(question: str) -> bool:
    """Ask the user a question at the terminal, and return whether the answer is yes."""
    return click.confirm(_safe(question), err=True)


def print_error(error: DynamoContainerError) -> None:
    """Print an error: what failed, what to do next, and output that explains it. That is indented:
    none of its lines looks like one of ours.
    """
    print_label("error: ", "red", err=True)
    for text in filter(None, (error.what, error.next_step)):
        print_line(shortened(printable(hide(text)), _ERROR_LENGTH), err=True)
    print_lines((f"  {shortened(hide(line), _DETAIL_LENGTH)}" for line in error.details), err=True)


def print_progress(text: str) -> None:
    """Replace the last line of the terminal on standard error; empty text clears it."""
    _write(f"{_CLEAR_LINE}{printable(hide(text))}", err=True)


class Screen:
    """The last lines of the terminal on standard error, which change while something runs."""

    def __init__(self) -> None:
        self._shown = 0

    @property
    def size(self) -> tuple[int, int]:
        """The number of columns and of lines that fit."""
        columns, lines = _terminal_size()
        return max(columns - 1, 20), max(lines - 1, 4)

    def draw(self, lines: Sequence[str]) -> None:
        """Replace the lines. Each is cut to the width of the terminal."""
        columns, _ = self.size
        safe = [printable(hide(line))[:columns] for line in lines]
        self._write_lines(safe)
        self._shown = len(safe)

    def above(self, text: str) -> None:
        """Print text above the lines, for good; a line feed ends it."""
        self._write_lines([])
        print_text(text, err=True)
        self._shown = 0

    def close(self) -> None:
        """Leave the lines as they are."""
        self._shown = 0

    def _write_lines(self, lines: Sequence[str]) -> None:
        # Wide characters would wrap a line that is cut too late.
        up = f"\x1b[{self._shown}A" if self._shown else ""
        body = "".join(f"{line}\x1b[K\n" for line in lines)
        _write(f"\x1b[?7l\r{up}{body}\x1b[J\x1b[?7h", err=True)


def _terminal_size() -> tuple[int, int]:
    """Return the columns and lines of the terminal on standard error."""
    try:
        return os.get_terminal_size(2)
    except OSError:
        return (80, 24)


def _is_terminal(stream: TextIO | None) -> TypeGuard[TextIO]:
    """Whether a stream is a terminal that understands control sequences."""
    return stream is not None and stream.isatty() and os.environ.get("TERM", "dumb") != "dumb"


def _can_draw(stream: TextIO | None) -> bool:
    """Whether a stream is a terminal that also has the characters of frames."""
    return _is_terminal(stream) and (stream.encoding or "").lower().replace("-", "") == "utf8"


def _has_colors(stream: TextIO | None) -> bool:
    context = click.get_current_context(silent=True)
    refused = "NO_COLOR" in os.environ or "--no-color" in sys.argv
    if refused or (context is not None and context.color is False):
        return False
    return _is_terminal(stream)


def _write(text: str, *, err: bool) -> None:
    """Write text that is safe.

    Raises:
        OutputError: standard output cannot be written.
        SystemExit: no one reads standard output any more, as with `| head`.
    """
    if err:
        _write_for_people(text)
        return
    stream = _open(sys.stdout)
    try:
        stream.write(text)
        stream.flush()
    except OSError as error:
        raise _unwritable(error) from error


def _write_for_people(text: str) -> None:
    try:
        if sys.stderr is not None:
            sys.stderr.write(text)
            sys.stderr.flush()
    except OSError:
        _discard(sys.stderr)


def _open(stream: TextIO | None) -> TextIO:
    if stream is None:
        raise _unwritable(OSError(errno.EBADF, os.strerror(errno.EBADF)))
    return stream


def _unwritable(error: OSError) -> Exception:
    """Return the error for standard output that cannot be written.

    Raises:
        SystemExit: no one reads it any more. Nothing is printed about that, as usual.
    """
    _discard(sys.stdout)
    if isinstance(error, BrokenPipeError):
        raise SystemExit(BROKEN_PIPE) from error
    return OutputError(
        f"standard output cannot be written: {error.strerror}", "write it to another place"
    )


def _discard(stream: TextIO | None) -> None:
    """Discard what a stream still holds, which Python would try to write again when it exits."""
    try:
        if stream is not None:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    except (OSError, ValueError):
        return
