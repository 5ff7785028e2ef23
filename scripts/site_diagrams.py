# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""A hook of mkdocs: Mermaid's flowcharts as SVG, so that the site shows them without a script.

It reads the form that our pages and `explain build --graph` use: nodes with labels, edges, and
subgraphs, whose frames are not drawn.
"""

from __future__ import annotations

import html
import re
from graphlib import TopologicalSorter
from itertools import pairwise
from typing import Literal, TypeAlias

from dynamo_container.images.diagram import Diagram, Node
from dynamo_container.images.drawing import svg

_BLOCK = re.compile(r"^```mermaid\nflowchart LR\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_NODE = re.compile(r"(\w+)\s*((?:\(\[|\[\[|\[)\"(.*?)\"(?:\]\)|\]\]|\]))?")
Kind: TypeAlias = Literal["outside", "stage", "wanted"]
_KINDS: dict[str, Kind] = {"([": "outside", "[[": "wanted", "[": "stage"}


def on_page_markdown(markdown: str, **_context: object) -> str:
    """Replace each flowchart of a page by a drawing."""
    return _BLOCK.sub(lambda match: _drawing(match[1]), markdown)


def _drawing(text: str) -> str:
    labels: dict[str, tuple[Kind, str]] = {}
    edges: list[tuple[str, str]] = []
    for line in text.splitlines():
        if not line.strip() or line.split()[0] in ("subgraph", "end"):
            continue
        names = [_node(part, labels) for part in line.split("-->")]
        edges += pairwise(names)
    order = TopologicalSorter({name: [a for a, b in edges if b == name] for name in labels})
    nodes = {name: _box(*labels[name]) for name in order.static_order()}
    joined = tuple((nodes[a].name, nodes[b].name) for a, b in edges)
    drawn = svg(Diagram(nodes=tuple(nodes.values()), edges=joined))
    drawn = re.sub(r"<style>.*?</style>\n", "", drawn, flags=re.DOTALL)
    # For those who do not see it.
    described = html.escape("; ".join(f"{a} leads to {b}" for a, b in joined))
    titled = re.sub(r"<title>.*?</title>", lambda _: f"<title>{described}</title>", drawn)
    # The site's own style has its colors; a blank line would end the HTML in Markdown.
    return f'<div class="diagram" tabindex="0">\n{titled.rstrip()}\n</div>'


def _node(part: str, labels: dict[str, tuple[Kind, str]]) -> str:
    match = _NODE.match(part.strip())
    assert match, f"not a node of a flowchart: {part}"
    name, shape, label = match.groups()
    if shape or name not in labels:
        opening = re.match(r"\(\[|\[\[|\[", shape or "[")
        assert opening
        labels[name] = (_KINDS[opening[0]], label or name)
    return name


def _box(kind: Kind, label: str) -> Node:
    plain = html.unescape(re.sub(r"</?b>", "", re.sub(r"#(\d+);", r"&#\1;", label)))
    title, *lines = plain.split("<br/>")
    return Node(name=title, kind=kind, lines=tuple(lines))
