# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`devcontainer`: a Dev Container's file, from the plan of `run`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import click

from dynamo_container.cli.app import Session
from dynamo_container.cli.layout import examples
from dynamo_container.cli.plugin_command import record
from dynamo_container.cli.run_options import RunCommand, command_of, run_options
from dynamo_container.cli.types import flag
from dynamo_container.containers import devcontainer, devcontainer_file, planner
from dynamo_container.errors import UsageError
from dynamo_container.host.paths import absolute
from dynamo_container.model.names import CUDA_DEVICE, LOCAL_DEV_TARGET
from dynamo_container.model.references import image_reference
from dynamo_container.options import env_file
from dynamo_container.options.collect import collect_caller, find_checkout
from dynamo_container.options.devices import run_variant
from dynamo_container.options.rules import check_run
from dynamo_container.options.run import portable, resolve_run
from dynamo_container.options.run_facts import RunFacts
from dynamo_container.options.run_records import RunOptions
from dynamo_container.options.selection import select_framework
from dynamo_container.printing import print_json

# Options of `run` that the editor decides, or that its file cannot contain.
_NOT_IN_FILE: Final = (
    "detach", "entrypoint", "hardened", "init", "interactive", "mount_workspace", "name",
    "no_preflight", "read_only", "restart", "rm", "runtime", "target", "tty", "user", "wait",
    "wait_for", "wait_timeout", "workdir",
)  # fmt: skip


class DevcontainerCommand(RunCommand):
    """`devcontainer` takes those options of `run` that its file can contain."""

    own_variables = "devcontainer"

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.params = [param for param in self.params if param.name not in _NOT_IN_FILE]
        for param in self.params:
            if isinstance(param, click.Option) and param.name == "dry_run":
                param.help = "Print the file instead of writing it."

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        return super().collect_usage_pieces(ctx)[:-1]  # without the words after --

    def defaults(self, tables: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        return {
            name: value
            for name, value in super().defaults(tables).items()
            if name not in _NOT_IN_FILE
        }


@click.command(cls=DevcontainerCommand, epilog=examples("devcontainer none --check"))
@run_options
@flag("--check", help="Write nothing; exit with status 1 if the file would change.")
@flag("--force", help="Overwrite the file even if it was edited.")
@click.pass_context
def command(ctx: click.Context, /, check: bool, force: bool, **_options: object) -> int:
    """Write the Dev Container file of a framework's local-dev image.

    The file is .devcontainer/FRAMEWORK/devcontainer.json, in the Dynamo checkout that contains the
    current folder, else in the current folder.
    """
    session: Session = ctx.obj
    options = record(ctx, RunOptions)
    if check and (force or options.dry_run):
        raise UsageError("--check cannot be used with --force or --dry-run", "omit one of them")
    if command_of(ctx):
        raise UsageError(
            "a Dev Container does not run a command of its own", "omit the words after --"
        )
    text, name = _render(session, options)
    if options.dry_run:
        print_json(text)
        return 0
    folder = find_checkout(session.near()) or absolute(".")
    path = devcontainer_file.path_in(folder, name)
    if check:
        devcontainer_file.require_current(path, text)
    else:
        session.note(devcontainer_file.write(path, text, force=force))
    return 0


def _render(session: Session, options: RunOptions) -> tuple[str, str]:
    """The file's text, and the name of its folder: of the framework, with the device if any.

    No engine is involved: the file is for every machine.
    """
    check_run(options)
    framework = select_framework(session.registry, replace(options, image=None))
    name = run_variant(framework, options, session.describe)
    image = options.image or image_reference(name, LOCAL_DEV_TARGET)
    facts = RunFacts(
        framework=framework,
        image=image,
        target=LOCAL_DEV_TARGET,
        trusted=True,
        caller=collect_caller(),
        env_files=env_file.read_all(options.env_file),
    )
    plan = planner.plan(session.load(framework), resolve_run(portable(options), facts))
    session.show(plan.warnings)
    gpus = options.gpus == "auto" and options.device_kind in ("", CUDA_DEVICE)
    return devcontainer.render(plan, name, str(Path.home()), gpus=gpus), name
