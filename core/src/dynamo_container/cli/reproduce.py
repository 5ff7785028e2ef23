# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`reproduce`: whether an image is what its lock says, bit for bit."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from dynamo_container.cli.app import Session
from dynamo_container.cli.build_options import build_options
from dynamo_container.cli.layout import examples
from dynamo_container.cli.planning import plan_build
from dynamo_container.cli.update import UpdateCommand, of_lock
from dynamo_container.errors import EngineError, UsageError, WorkFailedError
from dynamo_container.model.references import require_image
from dynamo_container.printing import print_line, print_lines

if TYPE_CHECKING:
    from dynamo_container.options.records import BuildOptions


class ReproduceCommand(UpdateCommand):
    """Its arguments are images, and it never uses a cache."""

    arguments = "IMAGE [OTHER]"
    unlisted = UpdateCommand.unlisted | {"no_cache"}


@click.command(cls=ReproduceCommand, epilog=examples("reproduce my-image:1", "reproduce a:1 b:1"))
@build_options
@click.pass_context
def command(ctx: click.Context, /, frameworks: tuple[str, ...], **_options: object) -> int:
    """Build an image again from its lock, without a cache, and compare; or compare it with OTHER.

    If they differ, the first step and the first file that do are shown, and the status is 1. The
    options that the image was built with have to be given again.
    """
    # Imported here: `--help` does not need it.
    from dynamo_container.docker import process
    from dynamo_container.inventory import compare, program

    session: Session = ctx.obj
    if not 1 <= len(frameworks) <= 2:  # noqa: PLR2004  # an image, or two of them
        raise UsageError("reproduce requires one or two images", "name them: reproduce IMAGE")
    for one in frameworks:
        require_image(one)
    for one in frameworks:
        program.inspect(one)  # building takes long
    image, *others = frameworks
    other = others[0] if others else f"dynamo-container-reproduce:{uuid.uuid4().hex[:12]}"
    removes = not others
    try:
        if not others:
            options, _ = of_lock(ctx, session, keeps=True)
            _build(session, replace(options, tag=(other,), no_latest=True, no_cache=True))
        result = compare.compare(image, other)
    except EngineError:
        removes = False  # the engine would not answer again
        raise
    finally:
        if removes:
            process.capture("docker", "image", "rm", "--force", other)
    if not result.lines:
        print_line(f"{image} is reproduced: every layer and the configuration are the same")
        print_line(f"digest of layers and configuration: {result.digest}")
        if result.other_history:
            session.note("the history of its steps is written differently, by another BuildKit")
        return 0
    print_lines(result.lines)
    raise WorkFailedError(f"{image} is not the same as {others[0] if others else 'its lock'}")


def _build(session: Session, options: BuildOptions) -> None:
    from dynamo_container.docker import podman
    from dynamo_container.images import archives, bake, faults, watch

    plan, resolved = plan_build(session, replace(options, locked=True))
    with podman.loading(*archives.loading(plan)) as load:
        command = replace(bake.command(plan), hidden_env=resolved.hidden_env)
        status, output = watch.pass_through(plan, command)
        if not status:
            load()
    if status:
        raise WorkFailedError(
            f"the build failed (docker exited with status {status})",
            faults.hint(output, plan.outputs.builder) or "see the output above",
        )
