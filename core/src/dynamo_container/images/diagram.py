# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Draw a build's plan as a diagram: its stages, what each is made from, its versions and tags.

The diagram is data; it can be written in Mermaid's language or in Graphviz's.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from dynamo_container.images.plan import BuildPlan, Image, Target
from dynamo_container.model.text import printable

# Kinds of nodes, with their colors (fill, border) and their shapes in Mermaid and in DOT. The
# shapes differ in black and white too.
_STYLES: Final = {
    "outside": ("#f4f4f4", "#8a8a8a", "([{}])", "box,rounded"),
    "stage": ("#e8f0fb", "#3b6fb6", "[{}]", "box"),
    "wanted": ("#e6f4e0", "#4d8a1f", "[[{}]]", "box,bold"),
}
_BASE_IMAGE: Final = "BASE_IMAGE"
_WIDTH: Final = 64
_MOST_LINES: Final = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A box of the diagram.

    Attributes:
        name: unique in the diagram.
        kind: an image or a folder from outside, a stage, or a stage whose image is requested.
        lines: text below the name.
    """

    name: str
    kind: Literal["outside", "stage", "wanted"]
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagram:
    """Boxes, and arrows from what is read to what reads it, in the order of the plan."""

    nodes: tuple[Node, ...]
    edges: tuple[tuple[str, str], ...]


def diagram(plan: BuildPlan) -> Diagram:
    """Return the diagram of a plan."""
    requested = {image.target: image for image in plan.images}
    members = _members(plan)
    stages = [
        _stage(target, requested.get(target.name), members.get(target.name))
        for target in plan.targets
    ]
    edges = [(below, target.name) for target in plan.targets for below in _reads(target)]
    names = {node.name for node in stages}
    outside = dict.fromkeys(below for below, _ in edges if below not in names)
    return Diagram(
        nodes=(*(Node(name=name, kind="outside") for name in outside), *stages),
        edges=tuple(dict.fromkeys(edges)),
    )


def mermaid(plan: BuildPlan) -> str:
    """Return the diagram as a Mermaid flowchart, which many Markdown pages render."""
    drawn = diagram(plan)
    ids = {node.name: f"n{number}" for number, node in enumerate(drawn.nodes)}
    lines = ["flowchart LR"]
    for node in drawn.nodes:
        shape = _STYLES[node.kind][2]
        text = _label(node, "<b>{}</b>", "<br/>", _mermaid_text)
        lines.append(f"    {ids[node.name]}{shape.format(f'{chr(34)}{text}{chr(34)}')}")
    lines += [f"    {ids[below]} --> {ids[above]}" for below, above in drawn.edges]
    for kind, (fill, border, _, _) in _STYLES.items():
        members = ",".join(ids[node.name] for node in drawn.nodes if node.kind == kind)
        if members:
            lines.append(f"    classDef {kind} fill:{fill},stroke:{border},color:#111")
            lines.append(f"    class {members} {kind}")
    return "\n".join(lines) + "\n"


def dot(plan: BuildPlan) -> str:
    """Return the diagram in Graphviz's language."""
    drawn = diagram(plan)
    ids = {node.name: f"n{number}" for number, node in enumerate(drawn.nodes)}
    lines = [
        "digraph stages {",
        '    graph [rankdir=LR, ranksep=0.6, nodesep=0.3, fontname="Helvetica", bgcolor=white]',
        '    node [shape=box, fontname="Helvetica", fontsize=11, margin="0.16,0.1"]',
        '    edge [color="#555555", arrowsize=0.7]',
    ]
    for node in drawn.nodes:
        fill, border, _, style = _STYLES[node.kind]
        _, _, extra = style.partition(",")
        attributes = (
            f'style="filled{"," if extra else ""}{extra}", fillcolor="{fill}", color="{border}"'
        )
        text = _label(node, "<b>{}</b>", '<br align="left"/>', html.escape)
        lines.append(f'    {ids[node.name]} [label=<{text}<br align="left"/>>, {attributes}]')
    lines += [f"    {ids[below]} -> {ids[above]}" for below, above in drawn.edges]
    return "\n".join([*lines, "}"]) + "\n"


def _members(plan: BuildPlan) -> dict[str, Image]:
    """Return for each target an image that it is part of."""
    targets = {target.name: target for target in plan.targets}
    members: dict[str, Image] = {}

    def walk(name: str, image: Image) -> None:
        if name in targets and name not in members:
            members[name] = image
            for below in _reads(targets[name]):
                walk(below, image)

    for image in plan.images:
        walk(image.target, image)
    return members


def _stage(target: Target, image: Image | None, member: Image | None) -> Node:
    """Return the box of a target.

    Args:
        target: of the plan.
        image: the requested image that it builds, if any.
        member: an image that it is part of.
    """
    owners = [
        str(entry.sources[0])
        for entry in (member.entries if member else ())
        if (entry.kind, entry.key) == ("stage", target.stage)
    ]
    lines = [*owners[:1], *_versions(target)]
    if len(lines) > _MOST_LINES:
        lines = [*lines[: _MOST_LINES - 1], f"and {len(lines) - _MOST_LINES + 1} more"]
    lines += image.tags if image else ()
    kind: Literal["wanted", "stage"] = "wanted" if image else "stage"
    return Node(name=target.name, kind=kind, lines=tuple(map(_short, lines)))


def _versions(target: Target) -> Iterator[str]:
    """Yield the build arguments of a stage; requirements are a line each."""
    for name, value in target.args:
        if name == _BASE_IMAGE or not value:
            continue
        words = value.split()
        if all("==" in word for word in words):
            yield from words
        else:
            yield f"{name}={' '.join(words)}"


def _reads(target: Target) -> Iterator[str]:
    """Yield what a target is made from: names of targets, images, folders."""
    yield from (value for name, value in target.args if name == _BASE_IMAGE and value)
    for context in target.contexts:
        source = context.source
        for prefix in ("target:", "docker-image://"):
            source = source.removeprefix(prefix)
        yield source


def _short(line: str) -> str:
    return line if len(line) <= _WIDTH else f"{line[: _WIDTH - 1]}…"


def _label(node: Node, title: str, newline: str, quote: Callable[[str], str]) -> str:
    name, *lines = (quote(printable(text)) for text in (node.name, *node.lines))
    return newline.join([title.format(name), *lines])


def _mermaid_text(text: str) -> str:
    """Return text for a Mermaid label: characters of its syntax become entities."""
    entities = {"#": "35", "&": "38", '"': "34", "<": "60", ">": "62", "`": "96"}
    return "".join(f"#{entities[char]};" if char in entities else char for char in text)
