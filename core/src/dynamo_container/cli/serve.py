# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`serve`: plan the services of a model, and hand them to docker compose."""

from __future__ import annotations

import json
import math
import shlex
import time
from typing import Any

import click

from dynamo_container.cli.app import PROGRAM, Session
from dynamo_container.cli.building import build_missing
from dynamo_container.cli.layout import Subcommands, add_options, examples
from dynamo_container.cli.planning import plan_serve
from dynamo_container.cli.plugin_command import record
from dynamo_container.cli.run_options import command_of
from dynamo_container.cli.serve_options import START, ServeCommand, serve_options
from dynamo_container.cli.serve_project import projects
from dynamo_container.options.rules import check_serve
from dynamo_container.options.serve_records import ServeOptions
from dynamo_container.printing import print_command, print_line
from dynamo_container.services import compose_command, start
from dynamo_container.services.plan import ServePlan


class _Serve(Subcommands, ServeCommand):
    """`serve`, or one of its subcommands, which no framework is called."""

    subcommands = projects


def _with_start(function: Any) -> Any:
    return add_options(function, (("", START),))


@click.command(
    cls=_Serve,
    epilog=examples(
        "serve vllm --model Qwen/Qwen3-0.6B",
        "serve vllm --model ./my-model --workers 2 --detach --wait",
        "serve status",
    ),
)
@serve_options
@_with_start
@click.pass_context
def command(ctx: click.Context, /, **_options: object) -> int:
    """Serve a model: a frontend and workers, each in a container of its own.

    The words after -- are further arguments of the engine. In the foreground, Ctrl-C ends all. With
    -d, continue with: serve status, serve logs, and serve stop, each with [PROJECT].
    """
    session: Session = ctx.obj
    options = record(ctx, ServeOptions, command=command_of(ctx))
    check_serve(options)
    if options.build:
        build_missing(session, options)
    plan = plan_serve(session, options, dry_run=options.dry_run)
    if options.dry_run:
        missing = start.missing_folders(plan)
        wait = math.ceil(options.timeout) if options.wait else None
        up = compose_command.up_command(plan, detach=options.detach, wait=wait)
        print_command(*compose_command.preparations(plan, missing), up)
        return 0
    return _start(session, plan, options)


def _start(session: Session, plan: ServePlan, options: ServeOptions) -> int:
    # Imported here: a dry run checks nothing.
    from dynamo_container.services import checks, reservation

    def announce() -> None:
        ready = options.wait or not options.detach
        seconds = time.monotonic() - started if ready else None
        _announce(session, plan, seconds, detached=options.detach)

    with reservation.reserved(plan.project, session.note) as held:
        session.show(checks.check(plan, session.note))
        started = time.monotonic()
        if options.detach:
            seconds = options.timeout if options.wait else None
            return start.in_background(plan, held, seconds, announce, session.note)
        return start.in_foreground(plan, held, options.timeout, announce)


def _announce(session: Session, plan: ServePlan, seconds: float | None, *, detached: bool) -> None:
    """Print where the model is, and how to ask it something.

    Args:
        session: of this call.
        plan: of the services.
        seconds: how long it took until they were ready; None if they are not yet.
        detached: whether they run in the background.
    """
    url = f"http://{_host(plan)}:{plan.port}/v1"
    print_line(url)
    name = plan.model.served_name if plan.model else ""
    if seconds is not None:
        session.note(f"{name or plan.framework} is served at {url} ({seconds:.1f} s)")
    session.note(_curl(url, name))
    session.note(f"to stop it: {f'{PROGRAM} serve stop {plan.project}' if detached else 'Ctrl-C'}")


def _host(plan: ServePlan) -> str:
    everywhere = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104  # what the user named
    address = everywhere.get(plan.address, plan.address)
    return f"[{address}]" if ":" in address and not address.startswith("[") else address


def _curl(url: str, model: str) -> str:
    """Return a command that asks the model something."""
    if not model:
        return f"curl -s {url}/models"
    message = {"role": "user", "content": "What is inference?"}
    # Some engines, such as the mocker, refuse requests without a limit.
    question = {"model": model, "messages": [message], "max_tokens": 64}
    return (
        f"curl -s {url}/chat/completions -H 'Content-Type: application/json' "
        f"-d {shlex.quote(json.dumps(question))}"
    )
