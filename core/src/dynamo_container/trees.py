# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Explained values as trees for terminals, drawn by rich, which is imported only here and in
`tables`, and so only at a terminal.

A value has the color of its layer; what it replaces is dim. A path is shortened to what fits into
the line, and is a link (OSC 8) to the file.
"""

from __future__ import annotations

import io
import socket
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from dynamo_container.explain import Block, ExplainedSource, ExplainedValue, quoted_value

if TYPE_CHECKING:
    from rich.text import Text
    from rich.tree import Tree

LAYER_COLORS: Final = {
    "core": "blue", "framework": "cyan", "overlay": "magenta", "user": "green",
}  # fmt: skip
# What the guides of a value and of its sources take, in columns.
_VALUE_INDENT: Final = 8
_SOURCE_INDENT: Final = 12
# Wider than any line: lines are not broken here, so that what is copied is whole.
_UNBROKEN: Final = 1_000_000
# What a project file's source begins with; see `model.provenance.Source`.
_PROJECT_FILE: Final = "project file "

# Makes text safe to print.
Safe: TypeAlias = Callable[[str], str]


def drawn(blocks: Iterable[Block], *, safe: Safe, width: int) -> str | None:
    """Return explained values as text with control sequences.

    Args:
        blocks: what is explained.
        safe: makes text safe to print; applied to each text, before rich gets it.
        width: of the terminal.

    Returns:
        None if rich is not installed.
    """
    try:
        from rich.console import Console
    except ImportError:
        return None
    console = Console(file=io.StringIO(), width=_UNBROKEN, force_terminal=True, highlight=False,
                      color_system="standard", no_color=False)  # fmt: skip
    draw = _Drawing(safe, width)
    with console.capture() as captured:
        for number, block in enumerate(blocks):
            if number:
                console.print()
            console.print(draw.block(block), soft_wrap=True)
    return captured.get()


class _Drawing:
    """The parts of a tree, for a terminal of this width."""

    def __init__(self, safe: Safe, width: int) -> None:
        self._safe = safe
        self._width = width

    def block(self, block: Block) -> Tree:
        from rich.tree import Tree

        tree = Tree(self._text((block.title, "bold")), guide_style="dim")
        for kind, values in groupby(block.values, lambda value: value.kind):
            branch = tree.add(self._text((kind, "")))
            for value in values:
                leaf = branch.add(self._value(value))
                for line in self._origins(value):
                    leaf.add(line)
        return tree

    def _value(self, one: ExplainedValue) -> Text:
        color = LAYER_COLORS[one.sources[0].layer]
        line = self._text((one.key, "bold"), (" = ", ""))
        if one.kind == "stage" and one.value.startswith("/"):
            return line.append_text(self._path(one.value, color, _VALUE_INDENT + line.cell_len))
        return line.append_text(self._text((quoted_value(one.value), color)))

    def _origins(self, one: ExplainedValue) -> Iterator[Text]:
        for source in one.sources:
            yield self._source(source, LAYER_COLORS[source.layer], "")
        for lower in one.shadowed:
            yield self._source(lower.source, "dim", f"instead of {quoted_value(lower.value)}: ")

    def _source(self, source: ExplainedSource, style: str, before: str) -> Text:
        dim = "dim" if style == "dim" else ""
        line = self._text((before, dim), (source.layer, style), (f": {source.name}", dim))
        name = source.distribution
        if name.startswith(_PROJECT_FILE):
            line.append_text(self._text((f" ({_PROJECT_FILE}", dim)))
            line.append_text(self._path(name.removeprefix(_PROJECT_FILE), dim, self._used(line)))
            line.append_text(self._text((")", dim)))
        elif name:
            line.append_text(self._text((f" ({name})", dim)))
        if source.location:
            line.append_text(self._text(("  ", "")))
            line.append_text(self._path(source.location, "dim", self._used(line)))
        return line

    def _used(self, line: Text) -> int:
        return _SOURCE_INDENT + line.cell_len

    def _path(self, location: str, style: str, used: int) -> Text:
        """Return a path, with a line or without, as a link; as much of its end as fits."""
        path, colon, line = location.rpartition(":")
        if not (colon and line.isdigit()):
            path, colon, line = location, "", ""
        shown = self._safe(path)
        text = f"{end_of_path(shown, self._width - used - len(colon + line))}{colon}{line}"
        # What is hidden in the path must not be in the link.
        linked = shown == path and path.startswith("/")
        return self._text((text, f"{style} link {_link(path)}" if linked else style))

    def _text(self, *parts: tuple[str, str]) -> Text:
        from rich.text import Text

        line = Text(no_wrap=True, overflow="ignore")
        for text, style in parts:
            line.append(self._safe(text), style=style)
        return line


def end_of_path(path: str, room: int) -> str:
    """Return a path; if it is longer than the room, as many of its last parts as fit, at least the
    name.
    """
    if len(path) <= room:
        return path
    first, *parts = path.split("/")
    ends = ("/".join(parts[start:]) for start in range(1, len(parts) - 1))
    fitting = (f"\N{HORIZONTAL ELLIPSIS}/{end}" for end in ends)
    return next((end for end in fitting if len(end) <= room), parts[-1] if parts else first)


def _link(path: str) -> str:
    """Return the address of a file of this machine; a terminal may belong to another one."""
    return Path(path).as_uri().replace("file://", f"file://{socket.gethostname()}", 1)
