# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`prune`: delete the images that `build` built and nothing needs any more."""

from __future__ import annotations

import click

from dynamo_container.cli.app import Session
from dynamo_container.cli.layout import examples
from dynamo_container.cli.rm import FORCE, remove
from dynamo_container.cli.types import flag


@click.command(epilog=examples("prune", "prune --all"))
@flag("-a", "--all", "everything", help="Delete images that have a name as well.")
@FORCE
@click.pass_obj
def command(session: Session, everything: bool, force: bool) -> int:
    """Delete images that you have built here and that lost their names to later builds.

    Images that a container uses stay, as do the build cache and images of others.
    """
    # Imported here: `--help` does not need it.
    from dynamo_container.host import images as host_images

    candidates = [one for one in host_images.find() if everything or not one.tags]
    found = tuple(host_images.unused(candidates))
    if not found:
        session.note("no images to delete")
        return 0
    remove(found, force=force)
    return 0
