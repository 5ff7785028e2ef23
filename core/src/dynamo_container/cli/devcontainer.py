# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`devcontainer`: a Dev Container's file, from the plan that `run` would carry out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from dynamo_container.cli import project, run
from dynamo_container.cli.app import PROGRAM, Session
from dynamo_container.cli.build import absolute
from dynamo_container.errors import UsageError, WorkFailedError
from dynamo_container.images import DEVELOPER_TARGET
from dynamo_container.run import devcontainer

# What the editor decides, or has no place in its file.
_MEANINGLESS = (
    "detach", "entrypoint", "interactive", "mount_workspace", "name", "privileged", "rm", "target",
    "tty", "user", "wait", "wait_timeout", "workdir",
)  # fmt: skip


class DevcontainerCommand(run.RunCommand):
    """`devcontainer` takes the options of `run` that have a place in its file."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # click's own, passed on
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
@run.run_options
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
    ctx.params |= dict.fromkeys(_MEANINGLESS) | {"target": DEVELOPER_TARGET, "rm": True}
    if ctx.params["image"]:
        ctx.params["target"] = None
    if ctx.params["hf_cache"] is None:
        ctx.params["hf_cache"] = run.default_hf_cache()
    words = (ctx.params["framework_argument"], ctx.params["framework"])
    framework = run.asked_framework(session, *words, None)
    plan = run.plan_from(ctx, dry=True)
    text = devcontainer.render(plan, framework, str(Path.home()))
    if dry_run:
        click.echo(text, nl=False)
        return 0
    here = absolute(".")
    folder = project.find_checkout(here) or here
    path = folder / ".devcontainer" / framework / "devcontainer.json"
    before = path.read_text(encoding="utf-8") if path.is_file() else None
    if check:
        return _check(path, before, text)
    if before is not None and not devcontainer.is_untouched(before) and not force:
        raise UsageError(
            f"{path} was changed by a person: it is left as it is",
            "write over it with --force, or look at what would be written with --dry-run",
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    session.note(f"wrote {path}" if before != text else f"{path} is as it should be")
    return 0


def _check(path: Path, before: str | None, text: str) -> int:
    if before == text:
        return 0
    what = "is not there" if before is None else "is not what would be written"
    raise WorkFailedError(f"{path} {what}", f"write it: {PROGRAM} devcontainer")
