# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`images`: the images that `build` built."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import click

from dynamo_container.cli.app import Session
from dynamo_container.cli.layout import examples
from dynamo_container.cli.types import flag
from dynamo_container.model.names import DYNAMO_LABEL, FRAMEWORK_LABEL, PLAN_LABEL, TARGET_LABEL
from dynamo_container.model.text import byte_size
from dynamo_container.printing import print_json, print_lines, print_table

if TYPE_CHECKING:
    from dynamo_container.docker.images import ListedImage

_HEADING: Final = ("IMAGE", "FRAMEWORK", "TARGET", "DYNAMO", "SIZE", "AGE", "PLAN", "ID")
_LABELS: Final = (FRAMEWORK_LABEL, TARGET_LABEL, DYNAMO_LABEL)
_DIGITS: Final = 12


@click.command(epilog=examples("images", "images vllm --json"))
@click.argument("images", nargs=-1, metavar="[IMAGE|FRAMEWORK]...")
@flag(
    "-a",
    "--all",
    "everyone",
    help="Include images that you did not build here: those that were pulled, and those that are "
    "based on one of these.",
)
@flag("-q", "--quiet", help="Print only IDs.")
@flag("--json", "as_json", help="Print JSON.")
@click.pass_obj
def command(
    session: Session, images: tuple[str, ...], everyone: bool, quiet: bool, as_json: bool
) -> int:
    """List the images that you have built here.

    SIZE includes layers that an image shares with others; PLAN is the hash of the plan that it was
    built from: images with the same plan are made of the same things.
    """
    # Imported here: `--help` does not need it.
    from dynamo_container.host import images as host_images

    found = host_images.select(host_images.find(everyone=everyone), images)
    if as_json:
        print_json([host_images.as_entry(one) for one in found])
    elif quiet:
        print_lines(one.short_id for one in found)
    else:
        now = time.time()
        print_table([_HEADING, *(row for one in found for row in _rows(one, now))])
    return 0


def _rows(image: ListedImage, now: float) -> Iterator[tuple[str, ...]]:
    """Yield the row of an image, and one for each further name."""
    from dynamo_container.host.images import age

    first, *others = image.tags or ("<none>",)
    plan = image.label(PLAN_LABEL).removeprefix("sha256:")[:_DIGITS]
    yield (
        first,
        *(image.label(key) or "-" for key in _LABELS),
        byte_size(image.size),
        age(image.created, now),
        plan or "-",
        image.short_id,
    )
    for name in others:
        yield (name, *("" for _ in _HEADING[1:]))
