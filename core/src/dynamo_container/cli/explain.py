# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`explain`: the plan that `build` or `run` would carry out, with who said what."""

from __future__ import annotations

import click

from dynamo_container import explain
from dynamo_container.cli import build_plan, run_plan
from dynamo_container.cli.app import ENVIRONMENT, Session
from dynamo_container.cli.build_options import BuildCommand, build_options
from dynamo_container.cli.draw import draw
from dynamo_container.cli.run_options import RunCommand, run_options
from dynamo_container.errors import UsageError
from dynamo_container.plugins.discovery import normalize


@click.group()
@click.pass_context
def command(ctx: click.Context) -> None:
    """Tell a plan: each value, its winner, what it shadowed, who said it."""
    # The options of `explain build` are those of `build`, from wherever they come.
    ctx.auto_envvar_prefix = ENVIRONMENT
    ctx.default_map = ctx.parent.default_map if ctx.parent else None


_JSON = click.option(
    "--json", "as_json", is_flag=True, help="As JSON; docs/explain.md describes it."
)


_GRAPH = click.option(
    "--graph",
    type=click.Choice(["mermaid", "dot", "svg", "png"]),
    metavar="[FORMAT]",
    is_flag=False,
    flag_value="mermaid",
    help="A picture of the stages: mermaid (the default), dot; with Graphviz svg, png.",
)


class ExplainBuild(BuildCommand):
    """`explain build`: the last word is a KEY where it is no framework."""

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        return [*super().collect_usage_pieces(ctx), "[KEY]"]


@command.command(
    "build", cls=ExplainBuild, epilog="Example: dynamo-container explain build none base-image"
)
@build_options
@_JSON
@_GRAPH
@click.pass_context
def explain_build(
    ctx: click.Context, /, as_json: bool, graph: str | None, **_options: object
) -> int:
    """Tell what `build` with the same options would build: all of it, or only KEY, which is the
    name of a value or a kind of values.
    """
    *frameworks, last = ctx.params["frameworks"] or (None,)
    key = None if _is_framework(ctx, last) else last
    if key is not None:
        ctx.params["frameworks"] = tuple(frameworks)
    if graph and (as_json or key):
        other = "--json" if as_json else f"the key {key!r}"
        raise UsageError(f"--graph shows the whole plan, without {other}", "leave one of them out")
    plan = build_plan.plan_from(ctx).plan
    ctx.obj.tell(plan.warnings, plan.notices)
    if graph:
        draw(plan, graph)
        return 0
    click.echo(
        explain.build_json(plan, key) if as_json else explain.build_text(plan, key), nl=False
    )
    return 0


@command.command(
    "run", cls=RunCommand, epilog="Example: dynamo-container explain run none shm-size"
)
@run_options
@click.argument("key", required=False)
@_JSON
@click.pass_context
def explain_run(ctx: click.Context, /, key: str | None, as_json: bool, **_options: object) -> int:
    """Tell what `run` with the same options would run: all of it, or only KEY, which is the name of
    a value or a kind of values.
    """
    word = ctx.params["framework_argument"]
    if key is None and not _is_framework(ctx, word):
        key, ctx.params["framework_argument"] = word, None
    plan = run_plan.plan_from(ctx, dry=True)
    ctx.obj.tell(plan.warnings)
    click.echo(explain.run_json(plan, key) if as_json else explain.run_text(plan, key), nl=False)
    return 0


def _is_framework(ctx: click.Context, word: str | None) -> bool:
    """Whether a word names a framework that is installed, or one that could be."""
    session = ctx.find_object(Session) or Session()
    return word is None or normalize(word) in session.registry.known_frameworks
