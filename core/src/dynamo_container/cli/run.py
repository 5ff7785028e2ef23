# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`run`: plan a container, and become the docker command that runs it."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import click
from click.core import ParameterSource

from dynamo_container.cli.app import Session
from dynamo_container.cli.paths import is_folder
from dynamo_container.cli.run_options import RunCommand, run_options
from dynamo_container.cli.run_plan import plan_from
from dynamo_container.containers import docker_argv
from dynamo_container.containers.plan import RunPlan
from dynamo_container.docker import engine, process
from dynamo_container.errors import MachineError, UsageError
from dynamo_container.host.users import sudo_caller


@click.command(
    cls=RunCommand,
    epilog="Examples: dynamo-container run vllm · "
    "dynamo-container run none -p 8000:8000 -- python -m dynamo.frontend",
)
@run_options
@click.pass_context
def command(
    ctx: click.Context, /, wait: bool, wait_timeout: float, dry_run: bool, **_options: object
) -> int:
    """Run a framework's image, or any image."""
    session: Session = ctx.obj
    if wait and not ctx.params["detach"]:
        raise UsageError("--wait means nothing without --detach", "add -d, or leave it out")
    if not wait and _given(ctx, "wait_timeout"):
        raise UsageError("--wait-timeout means nothing without --wait", "add -d --wait")
    plan = plan_from(ctx, dry=dry_run)
    if wait and plan.readiness is None:
        raise UsageError(
            "--wait: nothing says how this image's containers become ready", "name its --framework"
        )
    session.tell(plan.warnings)
    rendered = docker_argv.run_command(plan)
    if dry_run:
        click.echo(f"{_making_folders(plan)}{rendered.shell()}")
        return 0
    _require_paths(plan)
    _make_folders(plan)
    if wait:
        # Imported here: whoever does not wait does not pay for it.
        from dynamo_container.cli.waiting import start_and_wait

        return start_and_wait(session, plan, wait_timeout)
    process.replace_process(rendered)
    raise AssertionError("unreachable: the process is docker's now")


def _given(ctx: click.Context, name: str) -> bool:
    """Whether this call's own words say it: what the project file says is for every call."""
    return ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE


def _require_paths(plan: RunPlan) -> None:
    """What is mounted has to be there: for some options, docker would make a folder of root's."""
    missing = [
        mount.source
        for mount in plan.mounts
        if mount.type == "bind"
        and mount.source not in plan.folders
        and not os.path.lexists(mount.source)
    ]
    # Another machine's engine has other files.
    if missing and engine.collect().local:
        raise UsageError(
            f"there is no {missing[0]}, which is to be mounted", "make it, or name one that exists"
        )


def _making_folders(plan: RunPlan) -> str:
    """What a shell does first where the run would make folders."""
    missing = (one for one in plan.folders if not is_folder(Path(one)))
    return "".join(f"{shlex.join(('mkdir', '-p', '--', one))} && " for one in missing)


def _make_folders(plan: RunPlan) -> None:
    """Made by whom they belong to: docker would make them as root."""
    try:
        for folder in plan.folders:
            _make_folder(Path(folder))
    except OSError as error:
        raise MachineError(
            f"{error.filename} cannot be made: {error.strerror}",
            "name another, or: --hf-cache none",
        ) from error


def _make_folder(folder: Path) -> None:
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    caller = sudo_caller()
    for one in missing:
        if caller:
            os.chown(one, *caller)
