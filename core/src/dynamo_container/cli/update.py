# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`update`: move a lock on, or one thing of it."""

from __future__ import annotations

from dataclasses import replace

import click

from dynamo_container.cli.app import Session
from dynamo_container.cli.build_options import LockCommand, build_options
from dynamo_container.cli.layout import examples
from dynamo_container.cli.lock import require_file, write
from dynamo_container.cli.plugin_command import record
from dynamo_container.errors import UsageError
from dynamo_container.model.lock import Lock
from dynamo_container.options import lock_file
from dynamo_container.options.records import BuildOptions


class UpdateCommand(LockCommand):
    """A command about a lock: its arguments are not frameworks.

    Attributes:
        arguments: what they are, in the usage line.
    """

    takes_key = True
    arguments = "[NAME]..."

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        pieces = super().collect_usage_pieces(ctx)
        return [self.arguments if one == "[FRAMEWORK]..." else one for one in pieces]


def of_lock(
    ctx: click.Context, session: Session, *, keeps: bool = False
) -> tuple[BuildOptions, Lock]:
    """Return the options of a command about a lock, and the lock. The images are those of the lock,
    unless options name others.

    Args:
        ctx: of the command.
        session: of this call.
        keeps: whether something that the lock names is installed or kept.

    Raises:
        UsageError: there is no lock, the caller does not trust it, or an option has no effect.
    """
    options = record(ctx, BuildOptions)
    require_file(options, ctx.info_name or "")
    path = lock_file.place(options, session.project)
    if not path.is_file():
        raise UsageError(f"there is no lock {path}", "create it: dynamo-container lock")
    named = not keeps or lock_file.is_named(options)
    lock = lock_file.read(path, trusting=session.trusting, named=named)
    given = tuple(ctx.params["framework"])
    frameworks = given or tuple(dict.fromkeys(image.framework for image in lock.images))
    targets = options.target or tuple(dict.fromkeys(image.target for image in lock.images))
    cuda = tuple(dict.fromkeys(image.cuda for image in lock.images if image.cuda))
    return replace(
        options,
        framework=frameworks,
        target=targets,
        cuda_version=options.cuda_version or cuda,
        device=options.device or next((image.device for image in lock.images), "") or None,
    ), lock


@click.command(cls=UpdateCommand, epilog=examples("update", "update vllm", "update apt"))
@build_options
@click.pass_context
def command(ctx: click.Context, /, frameworks: tuple[str, ...], **_options: object) -> int:
    """Update a lock, and show what changes.

    NAME is a Python package, a base image, or apt for the packages of the distribution: only it
    and what it requires are updated. Without a name, everything is. The options that the lock was
    written with have to be given again.
    """
    session: Session = ctx.obj
    options, lock = of_lock(ctx, session, keeps=bool(frameworks))
    return write(session, options, lock, frameworks)
