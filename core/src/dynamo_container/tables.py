# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Tables for terminals, drawn by rich. It is imported only here, and so only at a terminal."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Final

# Between two columns.
_GAP: Final = 3
# A cell that begins with one of these words says how something is.
_STATES: Final = {
    "Up": "green", "Exited": "dim", "Created": "dim", "Dead": "red", "Paused": "yellow",
    "ok": "green", "failed": "red",
}  # fmt: skip


def drawn(rows: Sequence[Sequence[str]], *, width: int, colors: bool) -> str | None:
    """Return a table as text with control sequences.

    Args:
        rows: of equal length, a heading first; safe to print.
        width: of the terminal.
        colors: whether it may have colors.

    Returns:
        None if rich is not installed, or if the table does not fit: a name that is broken into
        lines could not be copied.
    """
    try:
        from rich import box
        from rich.cells import cell_len
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text
    except ImportError:
        return None
    widths = (max(map(cell_len, column)) for column in zip(*rows, strict=True))
    if sum(widths) + _GAP * (len(rows[0]) - 1) > width:
        return None
    heading, *body = rows
    table = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False, show_edge=False)
    for title in heading:
        table.add_column(Text(title), no_wrap=True)
    for row in body:
        table.add_row(*(Text(cell, style=_style(n, cell)) for n, cell in enumerate(row)))
    console = Console(
        file=io.StringIO(), width=width, force_terminal=True, no_color=not colors, highlight=False
    )
    with console.capture() as captured:
        console.print(table)
    return "\n".join(line.rstrip() for line in captured.get().strip("\n").splitlines())


def _style(column: int, cell: str) -> str:
    if column == 0:
        return "cyan"
    return _STATES.get(cell.partition(" ")[0].rstrip(":,"), "")
