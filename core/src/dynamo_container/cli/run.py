# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`run`: plan a container, and become the docker command that runs it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from dynamo_container.cli.app import Session
from dynamo_container.cli.layout import examples
from dynamo_container.cli.planning import plan_run
from dynamo_container.cli.plugin_command import record
from dynamo_container.cli.run_options import RunCommand, command_of, run_options
from dynamo_container.containers import docker_argv, mounts
from dynamo_container.containers.plan import RunPlan
from dynamo_container.docker import foreground
from dynamo_container.docker.command import Command
from dynamo_container.errors import UsageError
from dynamo_container.host.paths import is_folder
from dynamo_container.options.run_records import RunOptions
from dynamo_container.printing import print_command


@click.command(
    cls=RunCommand,
    epilog=examples("run vllm", "run none -p 8000:8000 -- python -m dynamo.frontend"),
)
@run_options
@click.pass_context
def command(ctx: click.Context, /, **_options: object) -> int:
    """Run a framework's image, or any other image.

    The words after -- are the command to run instead of the image's own.
    """
    session: Session = ctx.obj
    options = record(ctx, RunOptions, command=command_of(ctx))
    plan = plan_run(session, options, dry_run=options.dry_run)
    if options.wait and plan.readiness is None:
        raise UsageError(
            "--wait: it is not known how containers of this image become ready",
            "name its framework: --framework NAME, or what to wait for: --wait-for",
        )
    rendered = docker_argv.run_command(plan)
    if options.dry_run:
        print_command(*mkdir_commands(plan), rendered)
        return 0
    mounts.require_paths(plan)
    if not options.no_preflight:
        # Imported here: a dry run opens no socket.
        from dynamo_container.containers import ports

        ports.require_free(plan)
    mounts.create_folders(plan)
    if options.wait:
        # Imported here: only --wait needs it.
        from dynamo_container.cli.waiting import start_and_wait

        return start_and_wait(session, plan, options.wait_timeout)
    # With a terminal, docker ends and the container goes on if the user detaches (Ctrl-P Ctrl-Q).
    return foreground.become(rendered, stop=plan.remove and not (plan.detach or plan.tty))


def mkdir_commands(plan: RunPlan) -> Iterator[Command]:
    """Yield the commands that create the folders that a run would create."""
    missing = (folder for folder in plan.folders if not is_folder(Path(folder)))
    return (Command(argv=("mkdir", "-p", "--", folder)) for folder in missing)
