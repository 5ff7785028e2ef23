# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The options of `run`, of what explains it, and of what writes its plan elsewhere."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from typing import Any, Final, TypeVar

import click

from dynamo_container.cli.frameworks import complete_framework
from dynamo_container.cli.plugin_command import LINES, PluginCommand

F = TypeVar("F", bound=Callable[..., Any])  # Any: click's decorators take every function

_COMMAND: Final = "dynamo_container.command"
_WORDS: Final = {
    "true": True,
    "yes": True,
    "1": True,
    "on": True,
    "false": False,
    "no": False,
    "0": False,
    "off": False,
}
# Options whose value may be left out: they then mean TRUE.
_SWITCHES: Final = ("--rm", "--privileged", "--init")
# No path is called so.
CHECKOUT: Final = "(checkout)\0"
_MOUNT: Final = "--mount-workspace"
_PATH: Final = re.compile(r"[.~/]|[^-].*/")


def switch(word: object) -> bool:
    """TRUE or FALSE, in any case, or yes and no.

    Raises:
        ValueError: it is neither.
    """
    try:
        return _WORDS[str(word).lower()]
    except KeyError:
        raise ValueError(word) from None


class RunCommand(PluginCommand):
    """`run`, and what explains it: the words after `--` are the container's command."""

    plugin_command = "run"

    may_be_empty = ("entrypoint",)

    def prepare(self, ctx: click.Context, args: list[str]) -> list[str]:
        if "--" in args:
            cut = args.index("--")
            ctx.meta[_COMMAND] = tuple(args[cut + 1 :])
            args = args[:cut]
        return list(_spell_out(args, self._takes_value()))

    def _takes_value(self) -> frozenset[str]:
        options = [one for one in self.params if isinstance(one, click.Option) and not one.is_flag]
        return frozenset(flag for one in options for flag in one.opts) - {*_SWITCHES, _MOUNT}

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        return [*super().collect_usage_pieces(ctx), "[-- COMMAND...]"]


def _spell_out(args: list[str], takes_value: frozenset[str]) -> Iterator[str]:
    """`--rm` before anything but TRUE or FALSE becomes `--rm=TRUE`: its value may be left out. So
    may that of `--mount-workspace`: a word after it is a PATH where it looks like one.
    """
    rest = iter(zip(args, [*args[1:], ""], strict=False))
    for word, following in rest:
        if word in _SWITCHES and following.lower() not in _WORDS:
            yield f"{word}=TRUE"
        elif word == _MOUNT and not _PATH.match(following):
            yield f"{word}={CHECKOUT}"
        else:
            yield word
        if word in takes_value:
            yield from (value for value, _ in itertools.islice(rest, 1))


def run_options(function: F) -> F:
    """What `run` and `explain run` take."""
    options = (
        click.argument(
            "framework_argument",
            required=False,
            metavar="[FRAMEWORK]",
            shell_complete=complete_framework,
        ),
        click.option(
            "--framework",
            metavar="F",
            shell_complete=complete_framework,
            help="The same as the argument.",
        ),
        click.option("--target", metavar="T", help="The framework's image of this target."),
        click.option(
            "--image", metavar="IMAGE", help="This image (default: the framework's latest)."
        ),
        click.option("--name", default="", metavar="N", help="The container's name."),
        click.option(
            "-e",
            "--env",
            multiple=True,
            type=LINES,
            metavar="K[=V]",
            help="An environment variable; without a value from the caller's environment.",
        ),
        click.option(
            "-v",
            "--volume",
            multiple=True,
            type=LINES,
            metavar="SOURCE:TARGET[:OPTIONS]",
            help="A bind mount, or a volume by name.",
        ),
        click.option(
            "-p",
            "--port",
            multiple=True,
            type=LINES,
            metavar="HOST:CONTAINER",
            help="Publish a port; means --network bridge where no network is named.",
        ),
        click.option(
            "--network",
            metavar="NETWORK",
            help="host (the default), bridge, none, container:NAME, or a network.",
        ),
        click.option(
            "--gpus",
            metavar="GPUS",
            default="auto",
            help="auto (those that the engine has), all, none, indexes or UUIDs (0,1), count=N.",
        ),
        click.option("--runtime", metavar="R", help="The engine's runtime of this name."),
        click.option(
            "--no-preflight",
            is_flag=True,
            help="Start it even where the NVIDIA driver is too old for the image.",
        ),
        click.option(
            "--use-nixl-gds",
            is_flag=True,
            help="What GPUDirect Storage needs: /run/udev, /tmp, and the capability IPC_LOCK.",
        ),
        click.option(
            "--mount-workspace",
            metavar="[PATH]",
            is_flag=False,
            flag_value=CHECKOUT,
            help="Mount the Dynamo checkout around the current folder, or PATH, at /workspace; "
            "the Hugging Face cache and HF_TOKEN come along.",
        ),
        click.option(
            "--hf-cache",
            "--hf-home",
            "hf_cache",
            metavar="DIR|none",
            help="The Hugging Face cache to mount (default with --mount-workspace: HF_HOME, "
            "else ~/.cache/huggingface).",
        ),
        click.option("--user", metavar="U", help="User or UID, and group or GID: U[:G]."),
        click.option(
            "--workdir", metavar="DIR", help="The working directory (default /workspace)."
        ),
        click.option(
            "--entrypoint",
            metavar="PROGRAM",
            help="Instead of the image's; may have arguments.",
        ),
        click.option("--shm-size", metavar="SIZE", help="Shared memory (default 10G)."),
        click.option("--ipc", metavar="MODE", help="IPC namespace (default host)."),
        click.option(
            "--ulimit", multiple=True, type=LINES, metavar="NAME=SOFT[:HARD]", help="A limit."
        ),
        click.option("--cap-add", multiple=True, type=LINES, metavar="CAP", help="A capability."),
        click.option(
            "--privileged",
            type=switch,
            metavar="TRUE|FALSE",
            is_flag=False,
            flag_value="TRUE",
            default=False,
            help="Give the container the host's powers (default FALSE).",
        ),
        click.option(
            "--rm",
            type=switch,
            metavar="TRUE|FALSE",
            is_flag=False,
            flag_value="TRUE",
            default=True,
            help="Delete the container when it ends (default TRUE).",
        ),
        click.option(
            "--init",
            type=switch,
            metavar="TRUE|FALSE",
            is_flag=False,
            flag_value="TRUE",
            default=True,
            help="An init in the container: it ends on signals (default TRUE).",
        ),
        click.option("-i", "--interactive", is_flag=True, help="Keep standard input open."),
        click.option("-t", "--tty", is_flag=True, help="Give the container a terminal."),
        click.option("-d", "--detach", is_flag=True, help="In the background."),
        click.option(
            "--wait", is_flag=True, help="With --detach: return when the container is ready."
        ),
        click.option(
            "--wait-timeout",
            type=click.FloatRange(min=0),
            default=300.0,
            metavar="SECONDS",
            help="The longest --wait.",
        ),
        click.option(
            "--dry-run", is_flag=True, help="Print the command that would run, and run nothing."
        ),
    )
    for option in reversed(options):
        function = option(function)
    return function


def command_of(ctx: click.Context) -> tuple[str, ...]:
    """What follows `--`."""
    command: tuple[str, ...] = ctx.meta.get(_COMMAND, ())
    return command
