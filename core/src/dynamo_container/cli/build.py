# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`build`: build images in one graph."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import click

from dynamo_container.cli.app import PROGRAM, Session
from dynamo_container.cli.build_options import BuildCommand, build_options
from dynamo_container.cli.layout import examples
from dynamo_container.cli.planning import plan_build
from dynamo_container.cli.plugin_command import record
from dynamo_container.errors import WorkFailedError
from dynamo_container.images import archives, bake
from dynamo_container.model.names import DEV_TARGET, LOCAL_DEV_TARGET
from dynamo_container.model.text import aligned
from dynamo_container.options.records import BuildOptions
from dynamo_container.printing import (
    Screen,
    is_interactive,
    print_command,
    print_lines,
    print_text,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dynamo_container.images.faults import Output
    from dynamo_container.images.plan import BuildPlan, Image
    from dynamo_container.images.records import Records
    from dynamo_container.images.report import BuildReport

_DEVELOPMENT: Final = (DEV_TARGET, LOCAL_DEV_TARGET)


@click.command(
    cls=BuildCommand,
    epilog=examples("build vllm", "build none --target runtime --dry-run"),
)
@build_options
@click.pass_context
def command(ctx: click.Context, /, **_options: object) -> int:
    """Build the images of one or several frameworks."""
    session: Session = ctx.obj
    options = record(ctx, BuildOptions)
    plan, resolved = plan_build(session, options)
    if options.dry_run:
        for variable, _ in resolved.hidden_env:
            session.warn(f"export {variable} first: its value is secret and not shown here")
        loading = archives.loading(plan)
        print_command(*loading.before, bake.command(plan), *loading.after)
        return 0
    # Imported here, as below: a dry run starts no process.
    from dynamo_container.docker import podman
    from dynamo_container.images import watch
    from dynamo_container.options import builders

    session.show(builders.check(plan.outputs))
    shown = "quiet" if session.quiet and plan.progress == "auto" else plan.progress
    live = shown == "auto" and is_interactive()
    watches = bool(resolved.report) or live or shown == "quiet"
    command = replace(bake.command(plan, records=watches), hidden_env=resolved.hidden_env)
    if watches:
        screen = Screen() if live else None
        with podman.loading(*archives.loading(plan)) as load:
            watched = watch.build(
                plan, command, resolved.report, shown, _as_text(plan, resolved.report),
                _show_progress, screen, load,
            )  # fmt: skip
        status, output = watched.status, watched.output
        table = aligned(watched.rows, right=(1, 2, 3))
        problem = f"the report {resolved.report} could not be written: {watched.problem}"
        problem = problem if watched.problem else ""
    else:
        table, problem = [], ""
        with podman.loading(*archives.loading(plan)) as load:
            status, output = watch.pass_through(plan, command)
            if not status:
                load()
    if status and problem:
        session.warn(problem)
    if status:
        raise _failure(plan, status, output)
    if plan.outputs.load:
        # Imported here: a dry run does not need it.
        from dynamo_container.host import built

        built.remember(image.tags[0] for image in plan.images)
    if session.quiet:
        print_lines(image.tags[0] for image in plan.images)
    else:
        _show_images(session, plan, table if resolved.report or live else [])
    if live:
        _show_next(session, plan, watched.elapsed)
    if problem:
        raise WorkFailedError(problem, "the images were built, and have their tags")
    if plan.outputs.load:
        _require_allowed(session, plan, options.max_size)
    return 0


def _require_allowed(session: Session, plan: BuildPlan, max_size: int | None) -> None:
    """Require that the images are not too large, and have nothing that a plugin refuses."""
    # Imported here: a dry run does not need it.
    from dynamo_container.inventory import limit, policy

    if max_size:
        limit.require((image.tags[0] for image in plan.images), max_size)
    for image in plan.images:
        policy.require(session.registry, image.framework, image.tags[0])


def _as_text(plan: BuildPlan, file: Path | None) -> Callable[[BuildReport, Records], str]:
    """Return what makes the text of a report: a page if its file is called so, else JSON."""
    if not file or file.suffix.lower() not in (".html", ".htm"):
        return lambda report, _records: report.as_json()
    from dynamo_container.report_page import page
    from dynamo_container.report_sizes import measured

    def text(report: BuildReport, records: Records) -> str:
        return page(plan, report, records, measured(report, loaded=plan.outputs.load))

    return text


def _show_progress(text: str) -> None:
    print_text(text, err=True)


def _failure(plan: BuildPlan, status: int, output: Output) -> WorkFailedError:
    """The error for a build that failed.

    Raises:
        EngineError: the reason is that there is no engine, or no buildx.
    """
    from dynamo_container.docker import buildx, engine
    from dynamo_container.images import faults

    buildx.require_buildx()
    if plan.outputs.load and not plan.outputs.archives:
        engine.server_version()
    more = "" if plan.progress == "plain" else "; for all of it: --progress plain"
    return WorkFailedError(
        f"the build failed (docker exited with status {status})",
        faults.hint(output, plan.outputs.builder) or f"see the output above{more}",
    )


def _size(plan: BuildPlan, image: Image) -> str:
    from dynamo_container.docker import engine

    info = engine.inspect_image(image.tags[0]) if plan.outputs.load else None
    if info:
        return f"{info.size / 1e6:,.0f} MB"
    return "pushed" if plan.outputs.push else "not in the engine's own store"


def _show_images(session: Session, plan: BuildPlan, table: list[str]) -> None:
    """Print the images, and the command to use next."""
    lines = table or [f"{'  '.join(image.tags)}  {_size(plan, image)}" for image in plan.images]
    print_lines(lines)
    development = [image.tags[0] for image in plan.images if image.stage in _DEVELOPMENT]
    if development and plan.outputs.load:
        local = any(image.stage == LOCAL_DEV_TARGET for image in plan.images)
        command = "dev --image {}" if local else "run --image {} --mount-workspace"
        session.note(f"develop in it: {PROGRAM} {command.format(development[-1])}")


def _show_next(session: Session, plan: BuildPlan, elapsed: float) -> None:
    """Print how long the build took, and how to use an image that is not for developers."""
    from dynamo_container.images.progress import duration

    session.note(f"built in {duration(elapsed)}")
    image = plan.images[-1]
    if plan.outputs.load and image.stage not in _DEVELOPMENT:
        session.note(f"run it: {PROGRAM} run --image {image.tags[0]}")
