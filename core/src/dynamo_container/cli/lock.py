# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`lock`: what images are made of, as a file."""

from __future__ import annotations

import click

from dynamo_container.cli.app import Session
from dynamo_container.cli.build_options import BuildCommand, build_options
from dynamo_container.cli.layout import examples
from dynamo_container.cli.planning import plan_build
from dynamo_container.cli.plugin_command import record
from dynamo_container.errors import MachineError, UsageError
from dynamo_container.options import lock_file
from dynamo_container.options.records import BuildOptions
from dynamo_container.options.rules import is_given
from dynamo_container.options.syntax import NONE
from dynamo_container.printing import print_line, print_lines


@click.command(cls=BuildCommand, epilog=examples("lock none --target runtime"))
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
    for flag in ("--dry-run", "--locked", "--frozen"):
        if is_given(options, flag):
            raise UsageError(f"{flag} cannot be used with lock", "omit it")
    if options.lock == NONE:
        raise UsageError("--lock none cannot be used with lock", "name a file, or omit it")
    return write(session, options)


def write(session: Session, options: BuildOptions) -> int:
    """Make the lock of a build, write it, and print what changes."""
    # Imported here: `--help` does not need it.
    from dynamo_container.host import files
    from dynamo_container.locks import changes, document, making

    path = lock_file.place(options, session.project)
    plan, resolved = plan_build(session, options, use_lock=False)
    before = lock_file.read(path, trusting=session.trusting) if path.is_file() else None
    lock = making.make(plan, resolved.hidden_env, str(path))
    try:
        files.write(path, document.text(lock))
    except OSError as error:
        raise MachineError(
            f"{path} cannot be written: {error.strerror}", "name another file: --lock FILE"
        ) from error
    if before:
        print_lines(changes.changes(before, lock) or ("nothing has changed",))
    wheels = {wheel.name for one in lock.wheels for wheel in one.wheels}
    packages = {package.name for one in lock.packages for package in one.packages}
    bases = len(lock.bases)
    print_line(
        f"{path}: {len(wheels)} Python packages, {len(packages)} system packages, "
        f"{bases} base image{'s' if bases != 1 else ''}"
    )
    return 0
