# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`render`: a build as files that plain docker commands can build."""

from __future__ import annotations

import shutil
from pathlib import Path

import click

from dynamo_container.cli.app import Session
from dynamo_container.cli.build_options import BuildCommand, build_options
from dynamo_container.cli.layout import examples
from dynamo_container.cli.planning import plan_build
from dynamo_container.cli.plugin_command import record
from dynamo_container.cli.types import flag
from dynamo_container.docker import signals
from dynamo_container.docker.command import shell_word
from dynamo_container.errors import MachineError, UsageError
from dynamo_container.host import files
from dynamo_container.host.paths import absolute
from dynamo_container.images import render
from dynamo_container.options.records import BuildOptions
from dynamo_container.printing import print_json


class RenderCommand(BuildCommand):
    """A command with the options of `build` that files can contain."""

    refused = frozenset(("builder", "report", "max_size"))
    unlisted = frozenset(("progress",))


@click.command(
    cls=RenderCommand,
    epilog=examples("render none --target runtime --output none-runtime"),
)
@build_options
@click.option("--output", required=True, metavar="DIR", help="Folder to create and write to.")
@flag("--force", help="Overwrite what an earlier render wrote.")
@click.pass_context
def command(ctx: click.Context, /, output: str, force: bool, **_options: object) -> int:
    """Write a build as files for docker buildx bake.

    DIR gets the bake file, the Dockerfiles and everything else that `build` with the same options
    would use. `docker buildx bake` in DIR then builds the same images.
    """
    session: Session = ctx.obj
    options = record(ctx, BuildOptions)
    plan, _ = plan_build(session, options)
    folder = render.folder(plan)
    if options.dry_run:
        print_json(dict(folder.files)[render.BAKE_FILE])
        return 0
    place = absolute(output)
    _require_room(place, force=force)
    try:
        with signals.raised():
            _write(folder, place)
    except OSError as error:
        raise MachineError(
            f"--output {place} cannot be written: {error.strerror}", "name another folder"
        ) from error
    session.note(f"to build it: cd {shell_word(output)}, then see {render.PAGE}")
    return 0


def _require_room(place: Path, *, force: bool) -> None:
    """Make sure that nothing is overwritten, except with `force` what an earlier render wrote.

    Raises:
        UsageError: the folder contains something else.
    """
    if not place.is_dir() or not any(place.iterdir()) or files.is_incomplete(place):
        return
    ours = (place / render.BAKE_FILE).is_file() and (place / render.CONTEXTS).is_dir()
    if not (force and ours):
        raise UsageError(
            f"--output {place} is not empty",
            "add --force to overwrite it" if ours else "name another folder",
        )


def _write(folder: render.Folder, place: Path) -> None:
    ignore = shutil.ignore_patterns("__pycache__")
    with files.filling(place) as new:
        for source, name in folder.trees:
            shutil.copytree(source, new / name, symlinks=True, ignore=ignore)
        for name, text in folder.files:
            files.write(new / name, text)
