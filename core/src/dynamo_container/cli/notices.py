# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`notices`: the texts of licenses."""

from __future__ import annotations

import click

from dynamo_container.cli.layout import examples
from dynamo_container.cli.types import IMAGE
from dynamo_container.printing import print_text


@click.command(epilog=examples("notices dynamo:latest-none-runtime"))
@click.argument("image", type=IMAGE)
def command(image: str) -> int:
    """Print the license texts of what an image adds to its base image."""
    # Imported here: `--help` does not need it.
    from dynamo_container.inventory import contents, listing

    for text in listing.notices(contents.examine(image, "texts")):
        print_text(text)
    return 0
