# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`build`: build images, in one graph."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import click

from dynamo_container.cli.app import Session
from dynamo_container.cli.build_options import BuildCommand, build_options
from dynamo_container.cli.build_plan import plan_from
from dynamo_container.docker import buildx, engine, process
from dynamo_container.errors import WorkFailedError
from dynamo_container.images import bake, outputs
from dynamo_container.images.plan import BuildPlan, Image
from dynamo_container.model.names import DEV_TARGET, LOCAL_DEV_TARGET
from dynamo_container.model.requests import Outputs

_TO_DEVELOP_IN: Final = (DEV_TARGET, LOCAL_DEV_TARGET)


@click.command(
    cls=BuildCommand,
    epilog="Examples: dynamo-container build vllm · "
    "dynamo-container build none --target runtime --dry-run",
)
@build_options
@click.pass_context
def command(ctx: click.Context, /, dry_run: bool, **_options: object) -> int:
    """Build images: one or several frameworks in one graph."""
    session: Session = ctx.obj
    asked = plan_from(ctx)
    session.tell(asked.plan.warnings, asked.plan.notices)
    rendered = bake.command(asked.plan)
    if dry_run:
        for variable, _ in asked.hidden_env:
            session.warn(f"export {variable} first: it holds what must not be shown here")
        click.echo(rendered.shell())
        return 0
    _ask_the_builder(session, asked.plan.outputs)
    command = replace(rendered, hidden_env=asked.hidden_env)
    if asked.report:
        from dynamo_container.cli import build_watch

        status, table = build_watch.build(asked.plan, command, asked.report)
    else:
        status, table = process.run(command), ""
    if status:
        raise _failed(asked.plan, status)
    if not session.quiet:
        _tell(session, asked.plan, table)
    return 0


def _ask_the_builder(session: Session, wanted: Outputs) -> None:
    """Ask the builder, where more is asked for than every builder can do; else, whether the engine
    answers.
    """
    special = (wanted.builder, wanted.platforms, wanted.attests, wanted.cache_to, wanted.cache)
    builder = buildx.inspect_builder(wanted.builder) if any(special) else None
    if builder:
        outputs.refuse_what_cannot_be(wanted, builder)
        for doubt in outputs.doubts(wanted, builder):
            session.warn(doubt)
    if builder is None or wanted.load:
        engine.server_version()


def _failed(plan: BuildPlan, status: int) -> WorkFailedError:
    """What to say of a build that failed.

    Raises:
        EngineError: the reason is that there is no engine, or no buildx.
    """
    buildx.require_buildx()
    if plan.outputs.load:
        engine.server_version()
    return WorkFailedError(
        f"the build failed (docker's status {status})",
        "what failed is told above"
        + ("" if plan.progress == "plain" else "; more of it with --progress plain"),
    )


def _size(plan: BuildPlan, image: Image) -> str:
    facts = engine.inspect_image(image.tags[0]) if plan.outputs.load else None
    if facts:
        return f"{facts.size / 1e6:,.0f} MB"
    return "pushed" if plan.outputs.push else "not in the engine's own store"


def _tell(session: Session, plan: BuildPlan, table: str) -> None:
    """The images, as a table where there is one, and how to go on."""
    if table:
        click.echo(table)
    else:
        for image in plan.images:
            click.echo(f"{'  '.join(image.tags)}  {_size(plan, image)}")
    developer = [one.tags[0] for one in plan.images if one.stage in _TO_DEVELOP_IN]
    if developer and plan.outputs.load:
        session.note(
            f"develop in it: dynamo-container run --image {developer[-1]} --mount-workspace"
        )
