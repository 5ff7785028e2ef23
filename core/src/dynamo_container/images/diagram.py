# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""A build's plan as a picture: its stages, what each is made from, images and versions in it.

The picture is data; Mermaid and Graphviz's DOT are two ways to write it.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from dynamo_container.images.plan import BuildPlan, Image, Target

# Kinds of nodes, their colors (fill, border) and shapes in Mermaid and in DOT. They are legible in
# black and white, too.
_LOOKS: Final = {
    "outside": ("#f4f4f4", "#8a8a8a", "([{}])", "box,rounded"),
    "stage": ("#e8f0fb", "#3b6fb6", "[{}]", "box"),
    "wanted": ("#e6f4e0", "#4d8a1f", "[[{}]]", "box,bold"),
}
_BASE_IMAGE: Final = "BASE_IMAGE"
_WIDTH: Final = 64
_MOST_LINES: Final = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A box of the picture.

    Attributes:
        name: what it is called; unique in the picture.
        kind: an image or folder from outside, a stage, or a stage whose image is wanted.
        lines: what stands in the box below its name.
    """

    name: str
    kind: Literal["outside", "stage", "wanted"]
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """Boxes, and arrows from what is read to what reads it; both in the order of the plan."""

    nodes: tuple[Node, ...]
    edges: tuple[tuple[str, str], ...]


def picture(plan: BuildPlan) -> Picture:
    """The picture of a plan."""
    wanted = {image.target: image for image in plan.images}
    members = _members(plan)
    stages = [
        _stage(target, wanted.get(target.name), members.get(target.name)) for target in plan.targets
    ]
    edges = [(below, target.name) for target in plan.targets for below in _reads(target)]
    names = {node.name for node in stages}
    outside = dict.fromkeys(below for below, _ in edges if below not in names)
    return Picture(
        nodes=(*(Node(name=name, kind="outside") for name in outside), *stages),
        edges=tuple(dict.fromkeys(edges)),
    )


def mermaid(plan: BuildPlan) -> str:
    """The picture as a Mermaid flowchart, such as Markdown pages show it."""
    drawn = picture(plan)
    ids = {node.name: f"n{number}" for number, node in enumerate(drawn.nodes)}
    lines = ["flowchart LR"]
    for node in drawn.nodes:
        shape = _LOOKS[node.kind][2]
        text = _label(node, "<b>{}</b>", "<br/>", _mermaid_text)
        lines.append(f"    {ids[node.name]}{shape.format(f'{chr(34)}{text}{chr(34)}')}")
    lines += [f"    {ids[below]} --> {ids[above]}" for below, above in drawn.edges]
    for kind, (fill, border, _, _) in _LOOKS.items():
        members = ",".join(ids[node.name] for node in drawn.nodes if node.kind == kind)
        if members:
            lines.append(f"    classDef {kind} fill:{fill},stroke:{border},color:#111")
            lines.append(f"    class {members} {kind}")
    return "\n".join(lines) + "\n"


def dot(plan: BuildPlan) -> str:
    """The picture in Graphviz's language."""
    drawn = picture(plan)
    ids = {node.name: f"n{number}" for number, node in enumerate(drawn.nodes)}
    lines = [
        "digraph stages {",
        '    graph [rankdir=LR, ranksep=0.6, nodesep=0.3, fontname="Helvetica", bgcolor=white]',
        '    node [shape=box, fontname="Helvetica", fontsize=11, margin="0.16,0.1"]',
        '    edge [color="#555555", arrowsize=0.7]',
    ]
    for node in drawn.nodes:
        fill, border, _, style = _LOOKS[node.kind]
        _, _, extra = style.partition(",")
        looks = f'style="filled{"," if extra else ""}{extra}", fillcolor="{fill}", color="{border}"'
        text = _label(node, "<b>{}</b>", '<br align="left"/>', html.escape)
        lines.append(f'    {ids[node.name]} [label=<{text}<br align="left"/>>, {looks}]')
    lines += [f"    {ids[below]} -> {ids[above]}" for below, above in drawn.edges]
    return "\n".join([*lines, "}"]) + "\n"


def _members(plan: BuildPlan) -> dict[str, Image]:
    """For each target an image that it is part of."""
    targets = {target.name: target for target in plan.targets}
    found: dict[str, Image] = {}

    def walk(name: str, image: Image) -> None:
        if name in targets and name not in found:
            found[name] = image
            for below in _reads(targets[name]):
                walk(below, image)

    for image in plan.images:
        walk(image.target, image)
    return found


def _stage(target: Target, wanted: Image | None, member: Image | None) -> Node:
    owners = [
        str(fact.sources[0])
        for fact in (member.entries if member else ())
        if (fact.kind, fact.key) == ("stage", target.stage)
    ]
    lines = [*owners[:1], *_versions(target)]
    if len(lines) > _MOST_LINES:
        lines = [*lines[: _MOST_LINES - 1], f"and {len(lines) - _MOST_LINES + 1} more"]
    lines += wanted.tags if wanted else ()
    return Node(
        name=target.name, kind="wanted" if wanted else "stage", lines=tuple(map(_short, lines))
    )


def _versions(target: Target) -> Iterator[str]:
    """The build arguments of a stage; requirements one a line."""
    for name, value in target.args:
        if name == _BASE_IMAGE or not value:
            continue
        words = value.split()
        if all("==" in word for word in words):
            yield from words
        else:
            yield f"{name}={' '.join(words)}"


def _reads(target: Target) -> Iterator[str]:
    """What a target is made from: names of targets, images, folders."""
    yield from (value for name, value in target.args if name == _BASE_IMAGE and value)
    for context in target.contexts:
        source = context.source
        for prefix in ("target:", "docker-image://"):
            source = source.removeprefix(prefix)
        yield source


def _short(line: str) -> str:
    return line if len(line) <= _WIDTH else f"{line[: _WIDTH - 1]}…"


def _label(node: Node, title: str, newline: str, quote: Callable[[str], str]) -> str:
    return newline.join([title.format(quote(node.name)), *map(quote, node.lines)])


def _mermaid_text(text: str) -> str:
    """A text in a Mermaid label: what would be more than text there is an entity."""
    signs = {"#": "35", "&": "38", '"': "34", "<": "60", ">": "62", "`": "96"}
    return "".join(f"#{signs[sign]};" if sign in signs else sign for sign in text)
