# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`export`: the files of a served model, for compose and others."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any, Final

import click

from dynamo_container.cli.app import Session
from dynamo_container.cli.layout import add_options, examples
from dynamo_container.cli.planning import plan_export
from dynamo_container.cli.plugin_command import record
from dynamo_container.cli.run_options import command_of
from dynamo_container.cli.serve_options import ServeCommand, serve_options
from dynamo_container.cli.types import Parsed, flag, option, repeatable
from dynamo_container.errors import UsageError
from dynamo_container.host.paths import absolute
from dynamo_container.host.users import caller_home
from dynamo_container.options import serve_syntax
from dynamo_container.options.serve_records import ServeOptions
from dynamo_container.printing import print_text
from dynamo_container.services import files, renderers
from dynamo_container.services.renderers import ExportOptions

_NAME: Final = Parsed(
    serve_syntax.object_name, "a valid name of an object of Kubernetes", "regcred"
)
_SIZE: Final = Parsed(serve_syntax.quantity, "a valid quantity of Kubernetes", "500Gi")
_STORAGE: Final = ExportOptions().model_storage
# Options of the files. Each is a parameter of the command, and a field of ExportOptions.
_OUTPUT: Final = (
    flag("--check", help="Write nothing; exit with status 1 if a file would change."),
    flag("--force", help="Overwrite files even if they were edited."),
    flag("--dry-run", help="Print the files instead of writing them."),
)
_KUBERNETES: Final = (
    flag(
        "--without-operator",
        help="Write Deployments and Services, for a cluster without Dynamo's operator.",
    ),
    repeatable(
        ("--pull-secret", "pull_secrets"),
        "NAME",
        "Secret with the credentials of the image's registry; repeatable.",
        _NAME,
    ),
    option("--storage-class", "NAME", "Class of the volumes (default: the cluster's).", _NAME),
    option(
        "--model-storage",
        "SIZE",
        "Size of the volume for models.",
        _SIZE,
        default=_STORAGE,
        show_default=True,
    ),
)


class ExportCommand(ServeCommand):
    """`export FORMAT DIR`, with the options of `serve` that describe what is served."""

    groups = (*ServeCommand.groups[:-1], ("Files", _OUTPUT), ("Kubernetes", _KUBERNETES))


def _with_output(function: Any) -> Any:
    return add_options(function, (("Files", _OUTPUT), ("Kubernetes", _KUBERNETES)))


@click.command(
    cls=ExportCommand,
    epilog=examples(
        "export compose ./deploy vllm --model Qwen/Qwen3-0.6B",
        "export compose ./deploy vllm --model Qwen/Qwen3-0.6B --check",
        "export kubernetes ./deploy vllm --model Qwen/Qwen3-0.6B --image registry.example/dynamo:1",
    ),
)
@click.argument("form", metavar="FORMAT", type=click.Choice(sorted(renderers.RENDERERS)))
@click.argument("directory", metavar="DIR")
@serve_options
@_with_output
@click.pass_context
def command(
    ctx: click.Context, /, form: str, directory: str, check: bool, force: bool, **_options: object
) -> int:
    """Write what `serve` would start as files for compose, Kubernetes, systemd or Slurm.

    FORMAT is one of compose, kubernetes, quadlet (units for podman and systemd), and slurm. The
    files contain no secrets, and are the same on every machine.
    """
    session: Session = ctx.obj
    options = record(ctx, ServeOptions, command=command_of(ctx))
    if check and (force or options.dry_run):
        raise UsageError("--check cannot be used with --force or --dry-run", "omit one of them")
    export_options = replace(ExportOptions(), **_fields(ctx))
    renderers.require_options(form, export_options)
    plan = plan_export(session, options, renderers.discovery(form, export_options))
    texts = {
        name: files.with_header(text, form)
        for name, text in renderers.render(form, plan, export_options).items()
    }
    if options.dry_run:
        for name, text in texts.items():
            print_text(text if len(texts) == 1 else f"==> {name} <==\n{text}\n")
        return 0
    folder = absolute(directory)
    if check:
        files.require_current(folder, texts)
        return 0
    for line in files.write(folder, texts, force=force):
        session.note(line)
    return 0


def _fields(ctx: click.Context) -> dict[str, Any]:
    """Return those parameters that are fields of the export's options, and facts."""
    fields = ExportOptions.__dataclass_fields__
    home = os.path.expanduser(caller_home())  # noqa: PTH111  # it can be `~`
    given = {key: value for key, value in ctx.params.items() if value is not None}
    return {"home": home} | {key: value for key, value in given.items() if key in fields}
