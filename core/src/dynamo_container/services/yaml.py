# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Write YAML with comments, in the order of the keys. Libraries write no comments."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from dynamo_container.model.text import printable

Scalar: TypeAlias = str | int | float | bool | None
Value: TypeAlias = "Scalar | Commented | Block | Alias | Sequence[Value] | Mapping[str, Value]"
_WIDTH: Final = 90
# Words that are the same text without quotes.
_PLAIN: Final = re.compile(r"[A-Za-z_/][\w./@-]*(:[\w./@-]+)*")
_NOT_TEXT: Final = frozenset({"true", "false", "yes", "no", "on", "off", "y", "n", "null", "~"})


@dataclass(frozen=True, slots=True)
class Commented:
    """A value with a comment that follows it, or precedes it if it has several lines."""

    value: Value
    comment: str


@dataclass(frozen=True, slots=True)
class Block:
    """A string of several lines, written as it is, with an optional anchor."""

    text: str
    anchor: str = ""


@dataclass(frozen=True, slots=True)
class Alias:
    """The value with an anchor, once more."""

    anchor: str


def dump(document: Mapping[str, Value]) -> str:
    """Return a document as YAML. Values that are None are written as nothing: null."""
    return "".join(f"{line}\n" for line in _mapping(document))


def text(value: str) -> str:
    """Return a string as YAML, in quotes if it would be something else without."""
    if _PLAIN.fullmatch(value) and value.lower() not in _NOT_TEXT:
        return value
    # JSON is YAML; characters that cannot be printed are escaped.
    return json.dumps(value, ensure_ascii=not value.isprintable())


def _mapping(mapping: Mapping[str, Value]) -> Iterator[str]:
    for key, value in mapping.items():
        yield from _item(f"{text(key)}:", value)


def _sequence(values: Sequence[Value]) -> Iterator[str]:
    for value in values:
        lines = list(_nested(value))
        if lines:
            yield f"- {lines[0]}"
            yield from (f"  {line}" for line in lines[1:])
        else:
            yield from _item("-", value)


def _nested(value: Value) -> Iterator[str]:
    """Yield the lines of a mapping with content; nothing for any other value."""
    if isinstance(value, Mapping) and value:
        yield from _mapping(value)


def _item(head: str, value: Value) -> Iterator[str]:
    """Yield the lines of a value that follows a key or a dash."""
    if isinstance(value, Commented):
        lines = list(_item(head, value.value))
        # It can name a file, and a name can have several lines.
        comment = printable(value.comment)
        if len(lines) == 1:
            yield f"{lines[0]}  # {comment}"
        else:
            yield f"# {comment}"
            yield from lines
    elif isinstance(value, Block):
        yield f"{head} {f'&{value.anchor} ' if value.anchor else ''}|"
        yield from (f"  {line}".rstrip() for line in value.text.splitlines())
    elif isinstance(value, Mapping) and value:
        yield head
        yield from (f"  {line}" for line in _mapping(value))
    elif isinstance(value, Sequence) and not isinstance(value, str) and value:
        if line := _flow(head, value):
            yield line
            return
        yield head
        yield from (f"  {line}" for line in _sequence(value))
    else:
        yield f"{head} {_scalar(value)}".rstrip()


def _flow(head: str, values: Sequence[Value]) -> str:
    """Return a sequence of texts and numbers as one line; empty if it is too long for one."""
    if not all(isinstance(value, str | int | Alias) for value in values):
        return ""
    line = f"{head} [{', '.join(_scalar(value) for value in values)}]"
    return line if len(line) <= _WIDTH else ""


def _scalar(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, Alias):
        return f"*{value.anchor}"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return text(value)
    return json.dumps(value)
