# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Commands as values: a renderer creates one, `process` runs it, a dry run prints it."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from dynamo_container.errors import UsageError
from dynamo_container.model.text import quoted

# The logger of what is asked of docker: every command, and every request to the engine's API.
LOGGER: Final = "dynamo_container.docker"
# This Python, which imports nothing from the current folder: that can belong to somebody else.
PYTHON: Final = (sys.executable, "-P")
_HEREDOC: Final = "EOF"
# `!` is for an interactive bash, which would look for it in its history.
_ESCAPES: Final = {
    "\\": r"\\", "'": r"\'", "!": r"\x21", "\n": r"\n", "\r": r"\r", "\t": r"\t",
}  # fmt: skip


def shell_word(word: str, *, only_ascii: bool = False) -> str:
    r"""Return a word as bash reads it back, byte for byte, and as a terminal can safely show it.

    What cannot be shown safely is written as bytes, in bash's ANSI-C quotes: `$'\x1b[32m'`.

    Args:
        word: any text; bytes that are not UTF-8 are low surrogates (PEP 383).
        only_ascii: whether the text will be shown where other characters cannot be printed.
    """
    if word.isprintable() and (word.isascii() or not only_ascii):
        return shlex.quote(word)
    plain = str.isascii if only_ascii else str.isprintable
    return f"$'{''.join(_ansi_c(one, plain=plain(one)) for one in word)}'"


def _ansi_c(character: str, *, plain: bool) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if plain and character.isprintable():
        return character
    return "".join(f"\\x{byte:02x}" for byte in encoded(character))


def encoded(word: str) -> bytes:
    """Return the bytes of a word, as a program receives it."""
    try:
        return os.fsencode(word)
    except UnicodeEncodeError:  # the locale does not have the character
        pass
    try:
        return word.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # not a character at all
        return word.encode("utf-8", "replace")


def shell_line(words: Iterable[str], *, quote: Callable[[str], str] = shell_word) -> str:
    """Return words as one line of a shell; `quote` is as in `Command.shell`."""
    return " ".join(map(quote, words))


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command: run as it is, or printed as text that makes a shell do the same.

    Attributes:
        argv: program and arguments.
        cwd: the folder in which it runs; empty for the current one.
        env: variables that are added to the caller's environment, and shown if it is printed.
        stdin: the text that it reads.
        hidden_env: variables that are added to the environment and never shown: secrets.
    """

    argv: tuple[str, ...]
    cwd: str = ""
    env: tuple[tuple[str, str], ...] = ()
    stdin: str = ""
    hidden_env: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        for word in (*self.argv, self.cwd, *(value for _, value in self.env)):
            if "\0" in word:
                raise UsageError(
                    f"{quoted(word)} contains a NUL character, which no program can be given",
                    "remove it",
                )

    def shell(self, *, quote: Callable[[str], str] = shell_word) -> str:
        """Return one shell command that does the same, if the variables of `hidden_env` are
        exported.

        Args:
            quote: makes a shell's word of any text: `shell_word` for bash and a terminal;
                `shlex.quote` for any shell, with control characters as they are.
        """
        assignments = [f"{name}={quote(value)}" for name, value in self.env]
        line = " ".join([*assignments, shell_line(self.argv, quote=quote)])
        if self.cwd:
            line = f"cd {quote(self.cwd)} && {line}"
        if self.stdin:
            line = f"{line} <<'{_HEREDOC}'\n{self.stdin.rstrip()}\n{_HEREDOC}\n"
        return f"({line})" if self.cwd else line

    def environment(self) -> dict[bytes, bytes]:
        """Return the whole environment in which it runs."""
        own = {encoded(name): encoded(value) for name, value in (*self.env, *self.hidden_env)}
        return {**os.environb, **own}
