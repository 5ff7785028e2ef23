# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Draw the stages of a build as SVG, without another program, from left to right.

Colors follow the page's or the viewer's preference for light or dark.
"""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping
from typing import Final

from dynamo_container.images.diagram import Diagram, Node
from dynamo_container.model.text import printable

_CHARACTER: Final = 6.6  # of a font of 11 pixels whose characters have one width
_LINE: Final = 15
_PADDING: Final = 8
_GAP_X: Final = 48
_GAP_Y: Final = 18
STYLE: Final = """\
.stages text { font: 11px ui-monospace, monospace; fill: #1b1b1b }
.stages .title { font-weight: bold }
.stages rect { fill: #e8f0fb; stroke: #3b6fb6 }
.stages .outside { fill: #f4f4f4; stroke: #767676 }
.stages .wanted { fill: #e6f4e0; stroke: #3f7218; stroke-width: 2 }
.stages path { fill: none; stroke: #767676 }
@media (prefers-color-scheme: dark) {
  .stages text { fill: #ececec }
  .stages rect { fill: #17273d; stroke: #79a7e3 }
  .stages .outside { fill: #2a2a2a; stroke: #a0a0a0 }
  .stages .wanted { fill: #1d3312; stroke: #92cf67 }
  .stages path { stroke: #a0a0a0 }
}"""


def svg(drawn: Diagram) -> str:
    """Return a diagram as a document of its own."""
    places, width, height = _layout(drawn)
    box = f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="stages" role="img" {box}>',
        "<title>The stages of the build</title>",
        f"<style>{STYLE}</style>",
        *_edges(drawn, places),
    ]
    for node in drawn.nodes:
        lines += _box(node, places[node.name])
    return "\n".join([*lines, "</svg>", ""])


def _layout(drawn: Diagram) -> tuple[dict[str, tuple[float, float, float, float]], float, float]:
    """Return the place of each box (left, top, width, height), and the size of the drawing."""
    columns: dict[int, list[Node]] = {}
    for node, depth in zip(drawn.nodes, _depths(drawn), strict=True):
        columns.setdefault(depth, []).append(node)
    places = {}
    left = height = float(_PADDING)
    for depth in sorted(columns):
        width = max(map(_width, columns[depth]))
        top = float(_PADDING)
        for node in columns[depth]:
            places[node.name] = (left, top, width, _height(node))
            top += _height(node) + _GAP_Y
        height = max(height, top)
        left += width + _GAP_X
    return places, left - _GAP_X + _PADDING, height - _GAP_Y + _PADDING


def _depths(drawn: Diagram) -> Iterator[int]:
    """Yield the column of each node: right of everything that it reads.

    Nodes come after what they read; see `Diagram`.
    """
    depths: dict[str, int] = {}
    for node in drawn.nodes:
        below = (depths.get(source, 0) + 1 for source, name in drawn.edges if name == node.name)
        depths[node.name] = max(below, default=0)
        yield depths[node.name]


def _width(node: Node) -> float:
    return max(len(printable(line)) for line in (node.name, *node.lines)) * _CHARACTER + (
        2 * _PADDING
    )


def _height(node: Node) -> float:
    return (1 + len(node.lines)) * _LINE + 2 * _PADDING


def _box(node: Node, place: tuple[float, float, float, float]) -> Iterator[str]:
    left, top, width, height = place
    yield (
        f'<rect class="{node.kind}" x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" '
        f'height="{height:.1f}" rx="4"/>'
    )
    for number, line in enumerate((node.name, *node.lines)):
        kind = ' class="title"' if number == 0 else ""
        y = top + _PADDING + (number + 0.75) * _LINE
        text = html.escape(printable(line))
        yield f'<text{kind} x="{left + _PADDING:.1f}" y="{y:.1f}">{text}</text>'


def _edges(
    drawn: Diagram, places: Mapping[str, tuple[float, float, float, float]]
) -> Iterator[str]:
    for below, above in drawn.edges:
        left, top, width, height = places[below]
        x, y = left + width, top + height / 2
        end_x, end_top, _, end_height = places[above]
        end_y = end_top + end_height / 2
        bend = (x + end_x) / 2
        yield (
            f'<path d="M{x:.1f} {y:.1f}C{bend:.1f} {y:.1f} {bend:.1f} {end_y:.1f} '
            f'{end_x:.1f} {end_y:.1f}"/>'
        )
