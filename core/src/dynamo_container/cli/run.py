# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`run`: plan a container, and become the docker command that runs it."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import click

from dynamo_container.cli.app import Session
from dynamo_container.cli.planning import plan_run
from dynamo_container.cli.plugin_command import record
from dynamo_container.cli.run_options import RunCommand, command_of, run_options
from dynamo_container.containers import docker_argv
from dynamo_container.containers.plan import RunPlan
from dynamo_container.docker import engine, process
from dynamo_container.errors import MachineError, UsageError
from dynamo_container.host.paths import is_folder
from dynamo_container.host.users import sudo_caller
from dynamo_container.options.records import RunOptions


@click.command(
    cls=RunCommand,
    epilog="Examples: dynamo-container run vllm · "
    "dynamo-container run none -p 8000:8000 -- python -m dynamo.frontend",
)
@run_options
@click.pass_context
def command(ctx: click.Context, /, **_options: object) -> int:
    """Run a framework's image, or any image."""
    session: Session = ctx.obj
    options = record(ctx, RunOptions, command=command_of(ctx))
    plan = plan_run(session, options, dry_run=options.dry_run)
    if options.wait and plan.readiness is None:
        raise UsageError(
            "--wait: it is not known how containers of this image become ready",
            "name its framework: --framework NAME",
        )
    rendered = docker_argv.run_command(plan)
    if options.dry_run:
        click.echo(f"{_mkdir_words(plan)}{rendered.shell()}")
        return 0
    _require_paths(plan)
    _make_folders(plan)
    if options.wait:
        # Imported here: only --wait needs it.
        from dynamo_container.cli.waiting import start_and_wait

        return start_and_wait(session, plan, options.wait_timeout)
    process.replace_process(rendered)


def _require_paths(plan: RunPlan) -> None:
    """Require that mounted paths exist: for some options docker would create them as root."""
    missing = [
        mount.source
        for mount in plan.mounts
        if mount.type == "bind"
        and mount.source not in plan.folders
        and not os.path.lexists(mount.source)
    ]
    # The engine of another machine has other files.
    if missing and engine.collect().local:
        raise UsageError(
            f"{missing[0]}, which is to be mounted, was not found",
            "create it, or name an existing one",
        )


def _mkdir_words(plan: RunPlan) -> str:
    """The shell command that creates the folders that a run would create."""
    missing = (folder for folder in plan.folders if not is_folder(Path(folder)))
    return "".join(f"{shlex.join(('mkdir', '-p', '--', folder))} && " for folder in missing)


def _make_folders(plan: RunPlan) -> None:
    """Create folders as their owner: docker would create them as root."""
    try:
        for folder in plan.folders:
            _make_folder(Path(folder))
    except OSError as error:
        raise MachineError(
            f"{error.filename} cannot be created: {error.strerror}",
            "name another folder, or: --hf-cache none",
        ) from error


def _make_folder(folder: Path) -> None:
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    caller = sudo_caller()
    for path in missing:
        if caller:
            os.chown(path, *caller)
