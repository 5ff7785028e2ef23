# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`rm`: delete images that `build` built."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from dynamo_container.cli.app import at_terminal
from dynamo_container.cli.layout import examples
from dynamo_container.cli.types import flag
from dynamo_container.errors import UsageError
from dynamo_container.model.text import byte_size
from dynamo_container.printing import confirm, print_line, print_lines

if TYPE_CHECKING:
    from dynamo_container.docker.images import ListedImage

FORCE = flag("-f", "--force", help="Do not ask.")


@click.command(epilog=examples("rm dynamo:latest-none-runtime", "rm vllm --force"))
@click.argument("images", nargs=-1, required=True, metavar="(IMAGE|FRAMEWORK)...")
@FORCE
def command(images: tuple[str, ...], force: bool) -> int:
    """Delete images that you have built here, with all of their names.

    Name images, their IDs or a framework. Images that build did not build for you on this machine
    are never deleted, nor are images that a container uses.
    """
    # Imported here: `--help` does not need it.
    from dynamo_container.host import images as host_images

    found = host_images.select(host_images.find(), images)
    host_images.require_unused(found)
    remove(found, force=force)
    return 0


def remove(found: Sequence[ListedImage], *, force: bool) -> None:
    """Delete images and print the names of each, if the user agrees. One that cannot be deleted
    does not keep the others.

    Raises:
        UsageError: the user did not agree, or there is no one to ask.
        WorkFailedError: the engine refuses to delete one.
    """
    from dynamo_container.host import images as host_images

    question = f"delete {len(found)} image{'s' if len(found) > 1 else ''}"
    if not force:
        print_lines(
            (f"  {'  '.join(one.tags) or one.short_id}  ({byte_size(one.size)})" for one in found),
            err=True,
        )
        if not (at_terminal() and confirm(f"{question}?")):
            raise UsageError(f"not confirmed: {question}", "to delete without a question: --force")
    for name in host_images.remove(found):
        print_line(name)
