# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`sbom`: what is in an image."""

from __future__ import annotations

import click

from dynamo_container.cli.app import Session
from dynamo_container.cli.layout import Option, examples
from dynamo_container.cli.types import IMAGE, PATH
from dynamo_container.host.paths import absolute
from dynamo_container.printing import print_json, print_lines, print_text


@click.command(
    epilog=examples("sbom dynamo:latest-none-runtime", "sbom my-image --format cyclonedx")
)
@click.argument("image", type=IMAGE)
@click.argument("name", required=False)
@click.option(
    "--format",
    "form",
    cls=Option,
    type=click.Choice(["table", "json", "cyclonedx"]),
    default="table",
    show_default=True,
    help="Format of the list.",
)
@click.option(
    "--lock", type=PATH, metavar="FILE", help="Lock of the image, for the hashes of wheels."
)
@click.pass_obj
def command(session: Session, image: str, name: str | None, form: str, lock: str | None) -> int:
    """List what is in an image: packages with licenses, and who asked for them.

    The packages of Python and of the distribution, the crates and native libraries that wheels
    contain. With NAME, only what has that name.
    """
    # Imported here: `--help` does not need it.
    from dynamo_container.inventory import contents, cyclonedx, listing
    from dynamo_container.options import lock_file

    locked = lock_file.read(absolute(lock), trusting=session.trusting) if lock else None
    found = contents.inventory(image, locked)
    if name:
        found = contents.only(found, name)
    if form == "cyclonedx":
        print_text(cyclonedx.document(found))
    elif form == "json":
        print_json(listing.document(found))
    else:
        print_lines(listing.rows(found.components))
        session.show((), listing.summary(found))
    return 0
