# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`explain`: the plan of `build`, `run` or `serve`, with the source of each value."""

from __future__ import annotations

from dataclasses import replace
from typing import Final, TypeVar

import click

from dynamo_container import explain
from dynamo_container.cli.app import Session
from dynamo_container.cli.build_options import BuildCommand, build_options
from dynamo_container.cli.draw import draw
from dynamo_container.cli.layout import Group, examples
from dynamo_container.cli.planning import plan_build, plan_run, plan_serve
from dynamo_container.cli.plugin_command import record
from dynamo_container.cli.run_options import RunCommand, command_of, run_options
from dynamo_container.cli.serve_options import ServeCommand, serve_options
from dynamo_container.cli.types import flag
from dynamo_container.errors import UsageError
from dynamo_container.options.records import BuildOptions
from dynamo_container.options.run_records import RunOptions
from dynamo_container.options.serve_records import ServeOptions
from dynamo_container.plugins.discovery import normalize
from dynamo_container.printing import print_explanation, print_json

AnyOptions = TypeVar("AnyOptions", bound=RunOptions)

_JSON: Final = flag("--json", "as_json", help="Print JSON.")
_GRAPH: Final = click.option(
    "--graph",
    type=click.Choice(["mermaid", "dot", "svg", "png"]),
    metavar="[FORMAT]",
    is_flag=False,
    flag_value="mermaid",
    help="Print a diagram of the stages as mermaid (the default), dot, svg, or, if Graphviz is "
    "installed, png.",
)


@click.group(cls=Group)
def command() -> None:
    """Show what a build, a run or a served model would be, and where each value comes from."""


class ExplainBuild(BuildCommand):
    """`explain build`: the last argument is a KEY if it is not a framework, or named already."""

    takes_key = True

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        return [*super().collect_usage_pieces(ctx), "[KEY]"]


@command.command("build", cls=ExplainBuild, epilog=examples("explain build none base-image"))
@build_options
@_JSON
@_GRAPH
@click.pass_context
def explain_build(
    ctx: click.Context, /, as_json: bool, graph: str | None, **_options: object
) -> int:
    """Show what `build` with the same options would do, and where each value comes from.

    KEY selects values by their name or kind, such as 'base-image' or 'pins'.
    """
    session: Session = ctx.obj
    options, key = _split_key(session, record(ctx, BuildOptions))
    if graph and (as_json or key):
        other = "--json" if as_json else f"the key {key!r}"
        raise UsageError(f"--graph cannot be used with {other}", "omit one of them")
    plan, _ = plan_build(session, options)
    if graph:
        draw(plan, graph)
        return 0
    if as_json:
        print_json(explain.build_json(plan, key))
    else:
        print_explanation(explain.build_blocks(plan, key))
    return 0


def _split_key(session: Session, options: BuildOptions) -> tuple[BuildOptions, str | None]:
    """Split off the last argument if it is not a framework, or if it repeats one: a plan has values
    that are called like a framework, such as the pin of its engine.
    """
    names = options.framework
    if not names or (_is_framework(session, names[-1]) and names[-1] not in names[:-1]):
        return options, None
    return replace(options, framework=names[:-1]), names[-1]


class ExplainRun(RunCommand):
    """`explain run`: the first argument is the KEY if it is not a framework."""

    takes_key = True


@command.command("run", cls=ExplainRun, epilog=examples("explain run none shm-size"))
@run_options
@click.argument("key", required=False)
@_JSON
@click.pass_context
def explain_run(ctx: click.Context, /, key: str | None, as_json: bool, **_options: object) -> int:
    """Show what `run` with the same options would do, and where each value comes from.

    KEY selects values by their name or kind, such as 'shm-size' or 'env'.
    """
    session: Session = ctx.obj
    options, key = _without_key(ctx, record(ctx, RunOptions, command=command_of(ctx)), key)
    plan = plan_run(session, options, dry_run=True)
    if as_json:
        print_json(explain.run_json(plan, key))
    else:
        print_explanation(explain.run_blocks(plan, key))
    return 0


class ExplainServe(ServeCommand):
    """`explain serve`: the first argument is the KEY if it is not a framework."""

    takes_key = True
    groups = ServeCommand.groups[:-1]


@command.command("serve", cls=ExplainServe, epilog=examples("explain serve none --model ./model"))
@serve_options
@click.argument("key", required=False)
@_JSON
@click.pass_context
def explain_serve(ctx: click.Context, /, key: str | None, as_json: bool, **_options: object) -> int:
    """Show what `serve` with the same options would do, and where each value comes from.

    KEY selects values by their name or kind, such as 'service' or 'env'.
    """
    session: Session = ctx.obj
    options, key = _without_key(ctx, record(ctx, ServeOptions, command=command_of(ctx)), key)
    plan = plan_serve(session, options, dry_run=True)
    if as_json:
        print_json(explain.serve_json(plan, key))
    else:
        print_explanation(explain.serve_blocks(plan, key))
    return 0


def _without_key(
    ctx: click.Context, options: AnyOptions, key: str | None
) -> tuple[AnyOptions, str | None]:
    """Take the argument as the key if it is not a framework, and no other argument is the key."""
    argument: str | None = ctx.params["framework_argument"]
    if not argument or key is not None or _is_framework(ctx.obj, argument):
        return options, key
    names = tuple(name for name in options.framework if name != argument)
    return replace(options, framework=names), argument


def _is_framework(session: Session, word: str) -> bool:
    """Whether a word names a framework that is installed, or a known one."""
    registry = session.registry
    return normalize(word) in registry.known_frameworks
