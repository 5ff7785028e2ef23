# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`exec`: run a command in a container that `run` started."""

from __future__ import annotations

from typing import Final

import click

from dynamo_container.cli import types
from dynamo_container.cli.app import Session, at_terminal
from dynamo_container.cli.layout import JOINT, examples
from dynamo_container.cli.owner import ALL_USERS, owner
from dynamo_container.cli.types import flag
from dynamo_container.containers.docker_argv import env_arguments
from dynamo_container.docker import program
from dynamo_container.docker.command import Command
from dynamo_container.docker.process import replace_process
from dynamo_container.model.values import EnvVar

_COMMAND: Final = "dynamo_container.command"
_SHELL: Final = ("sh", "-c", "command -v bash >/dev/null && exec bash; exec sh")


class ExecCommand(click.Command):
    """The words after `--`, or after the container, are the command."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if "--" in args:
            cut = args.index("--")
            ctx.meta[_COMMAND] = tuple(args[cut + 1 :])
            args = args[:cut]
        return super().parse_args(ctx, args)


@click.command(
    cls=ExecCommand,
    context_settings={"allow_interspersed_args": False},
    epilog=examples("exec", "exec vllm -- nvidia-smi"),
)
@flag("-i", "--interactive", help="Keep standard input open.")
@flag("-t", "--tty", help="Allocate a terminal.")
@click.option(
    "-e",
    "--env",
    multiple=True,
    type=types.ENV,
    metavar="NAME[=VALUE]",
    help="Environment variable; repeatable.",
)
@click.option(
    "--user", metavar="USER[:GROUP]", help="A name or UID, optionally with a group or GID."
)
@click.option("--workdir", metavar="DIR", help="Working directory.")
@ALL_USERS
@click.argument("word", required=False, metavar="[CONTAINER|FRAMEWORK]")
@click.argument("rest", nargs=-1, type=click.UNPROCESSED, metavar=f"[[--]{JOINT}COMMAND...]")
@click.pass_context
def command(
    ctx: click.Context,
    /,
    interactive: bool,
    tty: bool,
    env: tuple[EnvVar, ...],
    user: str | None,
    workdir: str | None,
    all_users: bool,
    word: str | None,
    rest: tuple[str, ...],
) -> int:
    """Run a command, or a shell, in a running container.

    The container can be omitted if there is only one.
    """
    from dynamo_container.containers.started import select_one

    session: Session = ctx.obj
    after = ctx.meta.get(_COMMAND)
    # After the command's first word, `--` belongs to the command: `git log -- FILE`.
    words = (*rest, *(("--",) if rest and after is not None else ()), *(after or ()))
    container = select_one(session.registry, word, owner(all_users), running=True)
    terminal = not words and at_terminal()
    switches = (("--interactive", interactive or terminal), ("--tty", tty or terminal))
    options = (("--user", user), ("--workdir", workdir))
    argv = (
        program.selected(),
        "exec",
        *(flag for flag, given in switches if given),
        *(f"{flag}={value}" for flag, value in options if value),
        *env_arguments(env),
        container.id,
        *(words or _SHELL),
    )
    # From here on it is docker's own: the terminal, signals, the exit status.
    replace_process(Command(argv=argv))
