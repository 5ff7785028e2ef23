# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`outdated`: what is newer than a lock."""

from __future__ import annotations

from dataclasses import replace

import click

from dynamo_container.cli.app import Session
from dynamo_container.cli.build_options import build_options
from dynamo_container.cli.layout import examples
from dynamo_container.cli.planning import plan_build
from dynamo_container.cli.update import UpdateCommand, of_lock
from dynamo_container.errors import UsageError
from dynamo_container.options.syntax import NONE
from dynamo_container.printing import print_lines


class OutdatedCommand(UpdateCommand):
    """`outdated`, which takes no names."""

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        return super().collect_usage_pieces(ctx)[:-1]


@click.command(cls=OutdatedCommand, epilog=examples("outdated"))
@build_options
@click.pass_context
def command(ctx: click.Context, /, frameworks: tuple[str, ...], **_options: object) -> int:
    """List what is newer than in the lock, and why it is held back.

    The options that the lock was written with have to be given again.
    """
    # Imported here: `--help` does not need it.
    from dynamo_container.locks import changes, making, newest

    session: Session = ctx.obj
    if frameworks:
        raise UsageError("outdated takes no names", "omit them; it lists everything")
    options, lock = of_lock(ctx, session)
    plan, _ = plan_build(session, options, use_lock=False)
    free = replace(options, resolve_as_of=NONE)
    unlimited, resolved = plan_build(session, free, use_lock=False)
    latest = making.make(unlimited, resolved.hidden_env, lock.path)
    lines = (
        *newest.releases(session.registry, plan, lock, given=options.dynamo_version),
        *changes.newer(lock, latest, newest.as_of(plan)),
    )
    print_lines(lines or ("nothing is newer",))
    return 0
