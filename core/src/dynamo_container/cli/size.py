# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`size`: why an image is big."""

from __future__ import annotations

import click

from dynamo_container.cli.layout import examples
from dynamo_container.cli.types import IMAGE, flag
from dynamo_container.printing import print_json, print_lines


@click.command(epilog=examples("size dynamo:latest-none-runtime", "size my-image --by layer"))
@click.argument("image", type=IMAGE)
@click.option(
    "--by",
    type=click.Choice(["layer", "package", "folder"]),
    default="package",
    show_default=True,
    help="Kind of parts to show.",
)
@flag("--json", "as_json", help="Print JSON.")
def command(image: str, by: str, as_json: bool) -> int:
    """Show the parts of an image, the largest first.

    Packages are those of Python and of the distribution. The sum is the size of all layers, as
    docker reports it.
    """
    # Imported here: `--help` does not need it.
    from dynamo_container.inventory import sizes

    (kind,) = (one for one in sizes.KINDS if one == by)
    measured = sizes.measure(image, kind)
    if as_json:
        print_json(measured.document())
    else:
        print_lines(measured.rows())
    return 0
