# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Print a diagram of a plan: as text, or drawn by Graphviz."""

from __future__ import annotations

import sys

from dynamo_container.docker import process
from dynamo_container.errors import MachineError, UsageError, WorkFailedError
from dynamo_container.images import diagram, drawing
from dynamo_container.images.plan import BuildPlan
from dynamo_container.printing import print_bytes, print_text


def draw(plan: BuildPlan, form: str) -> None:
    """Write the diagram of a plan.

    Args:
        plan: what is drawn.
        form: `mermaid`, `dot` or `svg`; `png` is made by Graphviz.

    Raises:
        UsageError: a PNG cannot be shown in a terminal.
        MachineError: Graphviz is not installed.
        WorkFailedError: it failed.
    """
    if form == "mermaid":
        print_text(diagram.mermaid(plan))
    elif form == "dot":
        print_text(diagram.dot(plan))
    elif form == "svg":
        print_text(drawing.svg(diagram.diagram(plan)))
    elif form == "png" and sys.stdout.isatty():
        raise UsageError("a PNG cannot be shown in a terminal", "write it to a file: > stages.png")
    else:
        print_bytes(_graphviz(diagram.dot(plan)))


def _graphviz(text: str) -> bytes:
    words = ["dot", "-Tpng", "-Gdpi=144"]
    try:
        done = process.pipe(*words, stdin=text.encode())
    except OSError as error:
        raise MachineError(
            f"--graph png takes Graphviz, whose program 'dot' cannot be run: {error.strerror}",
            "install it (apt-get install graphviz, brew install graphviz), or: --graph svg",
        ) from error
    if done.returncode:
        cause = " ".join(done.stderr.decode(errors="replace").split())
        raise WorkFailedError(f"Graphviz failed: {cause}", "the text itself: --graph dot")
    return done.stdout
