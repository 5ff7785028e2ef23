# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Print a diagram of a plan: as text, or drawn by Graphviz."""

from __future__ import annotations

import sys

import click

from dynamo_container.docker import process
from dynamo_container.errors import MachineError, UsageError, WorkFailedError
from dynamo_container.images import diagram
from dynamo_container.images.plan import BuildPlan


def draw(plan: BuildPlan, form: str) -> None:
    """Write the diagram of a plan.

    Args:
        plan: what is drawn.
        form: `mermaid` or `dot`; `svg` and `png` are made by Graphviz.

    Raises:
        UsageError: a PNG is no text for a terminal.
        MachineError: Graphviz is not there.
        WorkFailedError: it failed.
    """
    if form == "mermaid":
        click.echo(diagram.mermaid(plan), nl=False)
    elif form == "dot":
        click.echo(diagram.dot(plan), nl=False)
    elif form == "png" and sys.stdout.isatty():
        raise UsageError("a PNG is nothing for a terminal", "write it to a file: ... > stages.png")
    else:
        click.echo(_graphviz(diagram.dot(plan), form), nl=False)


def _graphviz(text: str, form: str) -> bytes:
    resolution = ["-Gdpi=144"] if form == "png" else []
    words = ["dot", f"-T{form}", *resolution]
    try:
        done = process.pipe(*words, stdin=text.encode())
    except OSError as error:
        raise MachineError(
            f"--graph {form} takes Graphviz, whose program 'dot' cannot be run: {error.strerror}",
            "install it (apt-get install graphviz, brew install graphviz), or: --graph mermaid",
        ) from error
    if done.returncode:
        cause = " ".join(done.stderr.decode(errors="replace").split())
        raise WorkFailedError(f"Graphviz failed: {cause}", "the text itself: --graph dot")
    return done.stdout
