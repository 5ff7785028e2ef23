# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`lock`: what images are made of, as a file."""

from __future__ import annotations

import click

from dynamo_container.cli.app import Session
from dynamo_container.cli.build_options import LockCommand, build_options
from dynamo_container.cli.layout import examples
from dynamo_container.cli.planning import plan_build, planned_with
from dynamo_container.cli.plugin_command import record
from dynamo_container.errors import MachineError, UsageError, WorkFailedError
from dynamo_container.model.lock import Lock
from dynamo_container.options import lock_file
from dynamo_container.options.records import BuildOptions
from dynamo_container.options.syntax import NONE
from dynamo_container.printing import print_line, print_lines


@click.command(cls=LockCommand, epilog=examples("lock none --target runtime"))
@build_options
@click.pass_context
def command(ctx: click.Context, /, **_options: object) -> int:
    """Write what images are made of to dynamo-container.lock.

    The lock names base images by digest, packages by version and hash, and tools by hash. No image
    is built. `build` with the same options then uses it; what they say about the result, such as
    --tag and --push, does not matter here.
    """
    session: Session = ctx.obj
    options = record(ctx, BuildOptions)
    require_file(options, "lock")
    return write(session, options)


def require_file(options: BuildOptions, command: str) -> None:
    """Refuse to go on without a lock.

    Raises:
        UsageError: the options rule out a lock.
    """
    if options.lock == NONE:
        raise UsageError(f"--lock none cannot be used with {command}", "name a file, or omit it")


def write(
    session: Session, options: BuildOptions, lock: Lock | None = None, names: tuple[str, ...] = ()
) -> int:
    """Make the lock of a build, write it, and print what changes.

    Args:
        session: of this call.
        options: of the build.
        lock: the one in use, if only `names` move.
        names: what moves; nothing for everything.

    Raises:
        UsageError: its place is a symbolic link that leads out of its folder, or not writable.
        MachineError: it cannot be written, or its place cannot be read.
    """
    # Imported here: `--help` does not need it.
    from dynamo_container.host import files
    from dynamo_container.locks import changes, document, making, moving

    path = lock_file.place_to_write(options, session.project)
    plan, resolved = plan_build(session, options, use_lock=False)
    before = lock_file.read(path, trusting=session.trusting) if path.is_file() else None
    if lock and names:
        kept = moving.without(lock, names)
        resolving = planned_with(session, resolved, kept)
        made = making.make(plan, resolved.hidden_env, str(path), kept=kept, resolving=resolving)
    else:
        made = making.make(plan, resolved.hidden_env, str(path))
    try:
        files.write(path, document.text(made))
    except OSError as error:
        raise MachineError(
            f"{path} cannot be written: {error.strerror}", lock_file.ELSEWHERE
        ) from error
    try:
        lock_file.trust(path)
    except WorkFailedError as error:
        session.warn(f"{error.what}, so builds do not use the lock, except with --locked")
    if before:
        print_lines(changes.changes(before, made) or ("nothing has changed",))
    print_line(f"{path}: {made.summary()}")
    return 0
