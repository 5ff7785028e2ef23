# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`explain`: the plan that `build` or `run` would carry out, with who said what."""

from __future__ import annotations

import click

from dynamo_container import explain
from dynamo_container.cli import build, run
from dynamo_container.cli.app import ENVIRONMENT, Session


@click.group()
@click.pass_context
def command(ctx: click.Context) -> None:
    """Tell a plan: each value, its winner, what it shadowed, who said it."""
    # The options of `explain build` are those of `build`, from wherever they come.
    ctx.auto_envvar_prefix = ENVIRONMENT
    ctx.default_map = ctx.parent.default_map if ctx.parent else None


_KEY = click.option(
    "--key", metavar="KEY", help="Only the value with this name, or the values of this kind."
)
_JSON = click.option(
    "--json", "as_json", is_flag=True, help="As JSON; docs/explain.md describes it."
)


@command.command(
    "build",
    cls=build.BuildCommand,
    epilog="Example: dynamo-container explain build none --key runtime",
)
@build.build_options
@_KEY
@_JSON
@click.pass_context
def explain_build(ctx: click.Context, /, key: str | None, as_json: bool, **_options: object) -> int:
    """Tell what `build` with the same options would build."""
    plan = build.plan_from(ctx).plan
    _say(ctx.obj, (*plan.warnings, *plan.notices))
    click.echo(
        explain.build_json(plan, key) if as_json else explain.build_text(plan, key), nl=False
    )
    return 0


@command.command(
    "run", cls=run.RunCommand, epilog="Example: dynamo-container explain run none --key --shm-size"
)
@run.run_options
@_KEY
@_JSON
@click.pass_context
def explain_run(ctx: click.Context, /, key: str | None, as_json: bool, **_options: object) -> int:
    """Tell what `run` with the same options would run."""
    plan = run.plan_from(ctx, dry=True)
    _say(ctx.obj, plan.warnings)
    click.echo(explain.run_json(plan, key) if as_json else explain.run_text(plan, key), nl=False)
    return 0


def _say(session: Session, lines: tuple[str, ...]) -> None:
    for line in lines:
        session.warn(line)
