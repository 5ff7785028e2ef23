# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Answer a shell that asks for completions; see `shells` for what it passes, and how it reads.

This module and what it imports decide how long pressing Tab takes: no click, no plugin, no
dataclass. A test measures it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

from dynamo_container.completion import store
from dynamo_container.completion.offers import FILES, Offer, offers


def main(shell: str, describe: Callable[[], dict[str, Any]]) -> int:
    """Print what can replace the word at the cursor, one per line, and return the exit status.

    Args:
        shell: its name.
        describe: makes the grammar, if the one that is kept cannot be used.
    """
    words, current = _command_line(shell)
    found = offers(store.load() or describe(), words, current, _lookup)
    lines = [FILES] if isinstance(found, str) else list(_lines(shell, found, current))
    # Not by `printing`, which imports click. Every character of a line can be seen.
    os.write(1, "".join(f"{line}\n" for line in lines).encode("utf-8", "replace"))
    return 0


def _command_line(shell: str) -> tuple[list[str], str]:
    """Return the words before the cursor without the program's name, and the current one."""
    if shell == "bash":
        from dynamo_container.completion.shell_words import split

        *words, current = split(os.environ.get("COMP_LINE", ""))
    else:
        words = os.environ.get("COMP_WORDS", "").split("\n")
        current = os.environ.get("COMP_WORD", "")
    return words[1:], current


def _lines(shell: str, found: list[Offer], current: str) -> Iterator[str]:
    if found and all(value.endswith("=") for value, _ in found):
        yield "nospace"
    skipped = _skipped(current) if shell == "bash" else 0
    for value, text in found:
        if value.isprintable():
            described = text and shell != "bash"
            yield f"={value[skipped:]}\t{text}" if described else f"={value[skipped:]}"


def _skipped(current: str) -> int:
    """Return how much of the word bash regards as words of their own, such as `dynamo:`."""
    breaks = os.environ.get("COMP_WORDBREAKS", ":=")
    return max((current.rfind(mark) + 1 for mark in ":=" if mark in breaks), default=0)


def _lookup(kind: str) -> Iterator[str]:
    from dynamo_container.completion import engine

    return engine.names(kind)
