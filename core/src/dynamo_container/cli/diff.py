# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`diff`: what differs between two locks or two images."""

from __future__ import annotations

from pathlib import Path

import click

from dynamo_container.cli.app import Session
from dynamo_container.cli.layout import examples
from dynamo_container.cli.types import TEXT
from dynamo_container.errors import UsageError
from dynamo_container.host.paths import absolute, is_file
from dynamo_container.model.references import require_image
from dynamo_container.printing import print_lines


@click.command(epilog=examples("diff old.lock dynamo-container.lock", "diff my-image:1 my-image:2"))
@click.argument("before", type=TEXT)
@click.argument("after", type=TEXT)
@click.pass_obj
def command(session: Session, before: str, after: str) -> int:
    """Show what differs between two locks, or between the packages of two images.

    BEFORE and AFTER are both files of locks, or both images that the engine has.
    """
    paths = [absolute(one) for one in (before, after)]
    files = [is_file(path) for path in paths]
    if files[0] != files[1]:
        file, image = (before, after) if files[0] else (after, before)
        raise UsageError(f"{file} is a file, but {image} is not", "name two locks, or two images")
    lines = _of_locks(session, *paths) if all(files) else _of_images(before, after)
    print_lines(lines or ("no differences",))
    return 0


def _of_locks(session: Session, before: Path, after: Path) -> tuple[str, ...]:
    # Imported here, as below: `--help` does not need it.
    from dynamo_container.locks import changes
    from dynamo_container.options import lock_file

    old, new = (lock_file.read(path, trusting=session.trusting) for path in (before, after))
    return changes.changes(old, new)


def _of_images(before: str, after: str) -> tuple[str, ...]:
    from dynamo_container.inventory import sizes

    for image in (before, after):
        require_image(image)
    return sizes.differences(*(sizes.measure(image, "package") for image in (before, after)))
