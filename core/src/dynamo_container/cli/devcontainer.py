# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`devcontainer`: a Dev Container's file, from the plan that `run` would carry out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from dynamo_container.cli.app import Session
from dynamo_container.cli.paths import absolute
from dynamo_container.cli.run_options import RunCommand, command_of, run_options
from dynamo_container.cli.run_plan import asked_framework, plan_from
from dynamo_container.containers import devcontainer
from dynamo_container.errors import MachineError, UsageError, WorkFailedError
from dynamo_container.model.names import LOCAL_DEV_TARGET
from dynamo_container.model.references import image_reference

# What the editor decides, or has no place in its file.
_MEANINGLESS = (
    "detach", "entrypoint", "init", "interactive", "mount_workspace", "name", "no_preflight", "rm",
    "runtime", "target", "tty", "user", "wait", "wait_timeout", "workdir",
)  # fmt: skip


class DevcontainerCommand(RunCommand):
    """`devcontainer` takes the options of `run` that have a place in its file."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.params = [one for one in self.params if one.name not in _MEANINGLESS]

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """The project file's options of `run` are these, too."""
        given = ((parent and parent.default_map) or {}).get("run", {})
        defaults = {name: value for name, value in given.items() if name not in _MEANINGLESS}
        return super().make_context(info_name, args, parent, default_map=defaults, **extra)


@click.command(
    cls=DevcontainerCommand, epilog="Example: dynamo-container devcontainer none --check"
)
@run_options
@click.option("--check", is_flag=True, help="Write nothing; status 1 where the file is another.")
@click.option("--force", is_flag=True, help="Write over a file that a person has changed, too.")
@click.pass_context
def command(
    ctx: click.Context, /, check: bool, force: bool, dry_run: bool, **_options: object
) -> int:
    """Write .devcontainer/FRAMEWORK/devcontainer.json for the framework's local-dev image.

    It goes into the Dynamo checkout around the current folder, else into the current folder.
    """
    session: Session = ctx.obj
    if check and (force or dry_run):
        raise UsageError("--check means nothing with --force or --dry-run", "leave one of them out")
    if command_of(ctx):
        raise UsageError("a Dev Container has no command of its own", "leave out what follows --")
    text, framework = _render(ctx, session)
    if dry_run:
        click.echo(text, nl=False)
        return 0
    folder = session.checkout() or absolute(".")
    path = folder / ".devcontainer" / framework / "devcontainer.json"
    try:
        return _check(path, text) if check else _write(session, path, text, force=force)
    except OSError as error:
        raise MachineError(
            f"{error.filename}: {error.strerror}", "write it elsewhere: --dry-run > FILE"
        ) from error


def _render(ctx: click.Context, session: Session) -> tuple[str, str]:
    params = ctx.params
    params |= dict.fromkeys(_MEANINGLESS) | {"rm": True, "init": True}
    gpus, params["gpus"] = params["gpus"] != "none", "none"
    if params["hf_cache"] is None:
        # Not HF_HOME, which is one machine's.
        params["hf_cache"] = "~/.cache/huggingface"
    framework = asked_framework(session, params["framework_argument"], params["framework"], None)
    params["image"] = params["image"] or image_reference(framework, LOCAL_DEV_TARGET)
    plan = plan_from(ctx, dry=True, target=LOCAL_DEV_TARGET, portable=True)
    session.tell(plan.warnings)
    return devcontainer.render(plan, framework, str(Path.home()), gpus=gpus), framework


def _write(session: Session, path: Path, text: str, *, force: bool) -> int:
    before = _read(path)
    if before is not None and not devcontainer.is_untouched(before) and not force:
        raise UsageError(
            f"{path} was changed by a person: it is left as it is",
            "write over it with --force, or look at what would be written with --dry-run",
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    session.note(f"wrote {path}" if before != text else f"{path} is as it should be")
    return 0


def _check(path: Path, text: str) -> int:
    before = _read(path)
    if before == text:
        return 0
    what = "is not there" if before is None else "is not what would be written"
    raise WorkFailedError(f"{path} {what}", "write it: the same command without --check")


def _read(path: Path) -> str | None:
    """The file's text, whatever it holds; None where there is none."""
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else None
