# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`render`: a build as files, so that plain docker commands go on from there."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path
from typing import Any, Final

import click

from dynamo_container.cli.app import ENVIRONMENT, Session
from dynamo_container.cli.build_options import BuildCommand, build_options
from dynamo_container.cli.build_plan import plan_from
from dynamo_container.cli.paths import absolute
from dynamo_container.errors import UsageError
from dynamo_container.images import render

# Options of `docker buildx bake` itself, for which a file has no place.
_NOT_IN_A_FILE: Final = ("builder", "report")


class RenderCommand(BuildCommand):
    """`render`: its options are those of `build`, from wherever they come."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,  # as click has it
    ) -> click.Context:
        defaults = (parent.default_map or {}).get("build") if parent else None
        extra |= {"auto_envvar_prefix": f"{ENVIRONMENT}_BUILD", "default_map": defaults}
        return super().make_context(info_name, args, parent, **extra)


@click.command(
    cls=RenderCommand,
    epilog="Example: dynamo-container render none --target runtime --output none-runtime",
)
@build_options
@click.option("--output", required=True, metavar="DIR", help="The folder, which is made.")
@click.option("--force", is_flag=True, help="Write over what an earlier render wrote.")
@click.pass_context
def command(
    ctx: click.Context, /, output: str, force: bool, dry_run: bool, **options: object
) -> int:
    """Write the bake file and the Dockerfiles that `build` with the same options would use, with
    all that they need: `docker buildx bake` in DIR builds the same images without us.
    """
    session: Session = ctx.obj
    for name in _NOT_IN_A_FILE:
        if options[name]:
            raise UsageError(
                f"--{name} is an option of the command that builds, and not of the files",
                "leave it out",
            )
    plan = plan_from(ctx).plan
    session.tell(plan.warnings, plan.notices)
    folder = render.folder(plan)
    if dry_run:
        click.echo(dict(folder.files)[render.BAKE_FILE], nl=False)
        return 0
    place = absolute(output)
    _make_place(place, force=force)
    _write(folder, place)
    session.note(f"build it: cd {shlex.quote(output)}, then as {render.PAGE} says")
    return 0


def _make_place(place: Path, *, force: bool) -> None:
    """An empty folder; with `force` one that an earlier render wrote.

    Raises:
        UsageError: there is something else.
    """
    if place.is_dir() and any(place.iterdir()):
        ours = (place / render.BAKE_FILE).is_file() and (place / render.CONTEXTS).is_dir()
        if not (force and ours):
            raise UsageError(
                f"--output {place} is not empty",
                "add --force to write over it" if ours else "name another folder",
            )
        shutil.rmtree(place / render.CONTEXTS)
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"--output {place} cannot be made: {error.strerror}", "name another folder"
        ) from error


def _write(folder: render.Folder, place: Path) -> None:
    ignore = shutil.ignore_patterns("__pycache__")
    for source, name in folder.trees:
        shutil.copytree(source, place / name, symlinks=True, ignore=ignore)
    for name, text in folder.files:
        (place / name).write_text(text, encoding="utf-8")
