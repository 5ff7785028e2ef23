# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Text that is not ours, made safe to print and short enough to read.

Labels, names, logs, errors of engines, texts of plugins and contents of files can contain anything:
sequences that clear a terminal or write its clipboard, line feeds that forge a message, characters
that reverse the direction of writing, bytes that are not UTF-8.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

# Long enough for a path or a reference; a value of an error that is longer is cut.
VALUE_LENGTH: Final = 200
_NAMES: Final = 10
_MB: Final = 10**6
_GB: Final = 10**9
# Bytes that Python could not decode are low surrogates (PEP 383).
_UNDECODED: Final = range(0xDC80, 0xDD00)


def printable(text: str, *, keep: str = "") -> str:
    r"""Return the text with an escape, such as `\x1b`, for each character that cannot be seen.

    These are characters that control a terminal, end a line, or change the direction of writing,
    and bytes that could not be decoded.

    Args:
        text: from anywhere.
        keep: characters that stay as they are; `"\n"` for text of several lines.
    """
    if text.isprintable():
        return text
    if "\n" in keep and "\n" in text:  # most lines of a long text are printable as they are
        return "\n".join(printable(line, keep=keep) for line in text.split("\n"))
    return "".join(
        character if character.isprintable() or character in keep else _escape(character)
        for character in text
    )


def without_colors(text: str) -> str:
    """Return a line of a log without the sequences that color it."""
    return re.sub(r"\x1b\[[\d;]*m", "", text)


def _escape(character: str) -> str:
    code = ord(character)
    if code in _UNDECODED:
        return f"\\x{code - 0xDC00:02x}"
    return character.encode("unicode_escape").decode()


def shortened(text: str, limit: int = VALUE_LENGTH) -> str:
    """Return the text; if it takes more bytes than the limit, its start and its length."""
    # Each character takes one to four bytes.
    if len(text) * 4 <= limit or len(text.encode("utf-8", "replace")) <= limit:
        return text
    start = text[:limit].encode("utf-8", "replace")[:limit].decode("utf-8", "ignore")
    return f"{start}... ({len(text):,} characters)"


def quoted(text: str) -> str:
    """Return a value in quotes, on one line and shortened, as messages have it."""
    return f"'{shortened(printable(text))}'"


def listed(names: Iterable[str], limit: int = _NAMES) -> str:
    """Return names separated by commas; if there are many, the first ones and the number of the
    others.
    """
    every = [shortened(printable(name)) for name in names]
    hidden = len(every) - limit
    return ", ".join(every) if hidden <= 1 else f"{', '.join(every[:limit])} and {hidden} more"


def closest(name: str, known: Iterable[str]) -> str:
    """Return the known name that is most like a misspelled one; empty if none is."""
    import difflib  # only errors need it

    return next(iter(difflib.get_close_matches(name, list(known), n=1)), "")


def known_names(name: str, known: Iterable[str], title: str) -> str:
    """Return the next step for a name that does not exist.

    Args:
        name: what the user wrote.
        known: the names that exist.
        title: what they are, such as `known targets`.
    """
    names = sorted(known)
    every = f"{title}: {', '.join(names) or 'none'}"
    alike = closest(name, names)
    return f"did you mean {alike!r}? {every}" if alike else every


def json_text(document: object, indent: int | None = 2) -> str:
    """Return a document as JSON that contains ASCII characters only, and ends with a line feed."""
    import json

    return f"{json.dumps(document, indent=indent)}\n"


def byte_size(number: float) -> str:
    """Return a number of bytes for people, such as `12 MB` or `1.05 GB`."""
    return f"{number / _GB:.2f} GB" if number >= _GB else f"{number / _MB:,.0f} MB"


def aligned(rows: Iterable[Sequence[str]], *, right: Iterable[int] = ()) -> list[str]:
    """Return the rows as lines with aligned columns.

    Args:
        rows: of equal length, a heading among them.
        right: the columns that are aligned to the right.
    """
    table = [tuple(map(printable, row)) for row in rows]
    numbers = frozenset(right)
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if column in numbers else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in table
    ]
