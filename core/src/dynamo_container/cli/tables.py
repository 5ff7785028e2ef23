# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Tables for people: columns of text, aligned."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dynamo_container.model.text import printable


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
