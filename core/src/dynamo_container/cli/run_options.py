# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The options of `run`, which `explain run` and `devcontainer` take too."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from typing import Any, Final, TypeVar

import click

from dynamo_container.cli import types
from dynamo_container.cli.frameworks import complete_framework
from dynamo_container.cli.plugin_command import PluginCommand
from dynamo_container.cli.types import option, repeatable
from dynamo_container.options.records import CHECKOUT

F = TypeVar("F", bound=Callable[..., Any])  # Any: click's decorators take every function

_COMMAND: Final = "dynamo_container.command"
_SWITCH_VALUES: Final = ("true", "yes", "1", "on", "false", "no", "0", "off")
# Options whose value may be omitted, which means TRUE.
_SWITCHES: Final = ("--rm", "--privileged", "--init")
_MOUNT: Final = "--mount-workspace"
_PATH: Final = r"[.~/]|[^-].*/"


class RunCommand(PluginCommand):
    """A command with the options of `run`; the words after `--` are the container's command."""

    plugin_command = "run"

    def prepare(self, ctx: click.Context, args: list[str]) -> list[str]:
        if "--" in args:
            cut = args.index("--")
            ctx.meta[_COMMAND] = tuple(args[cut + 1 :])
            args = args[:cut]
        return list(_spell_out(args, self._with_value()))

    def _with_value(self) -> frozenset[str]:
        options = [one for one in self.params if isinstance(one, click.Option) and not one.is_flag]
        return frozenset(flag for one in options for flag in one.opts) - {*_SWITCHES, _MOUNT}

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        return [*super().collect_usage_pieces(ctx), "[-- COMMAND...]"]


def _spell_out(args: list[str], with_value: frozenset[str]) -> Iterator[str]:
    """Spell out values that may be omitted: `--rm` before anything but TRUE or FALSE becomes
    `--rm=TRUE`; `--mount-workspace` takes the next word only if that looks like a path.
    """
    rest = iter(zip(args, [*args[1:], ""], strict=False))
    for word, following in rest:
        if word in _SWITCHES and following.lower() not in _SWITCH_VALUES:
            yield f"{word}=TRUE"
        elif word == _MOUNT and not re.match(_PATH, following):
            yield f"{word}={CHECKOUT}"
        else:
            yield word
        if word in with_value:
            yield from (value for value, _ in itertools.islice(rest, 1))


def command_of(ctx: click.Context) -> tuple[str, ...]:
    """Return the words after `--`."""
    command: tuple[str, ...] = ctx.meta.get(_COMMAND, ())
    return command


def _switch(flag: str, *, default: bool, help: str) -> Any:  # noqa: A002  # click's name for it
    return click.option(
        flag,
        type=types.SWITCH,
        metavar="TRUE|FALSE",
        is_flag=False,
        flag_value="TRUE",
        default=default,
        help=f"{help} (default {'TRUE' if default else 'FALSE'}).",
    )


_WHAT: Final = (
    click.argument(
        "framework_argument",
        required=False,
        metavar="[FRAMEWORK]",
        type=types.TEXT,
        shell_complete=complete_framework,
    ),
    option("--framework", "F", "Same as the argument.", shell_complete=complete_framework),
    option("--target", "T", "Run the framework's image of this target."),
    option("--image", "IMAGE", "Run this image (default: the framework's latest).", types.IMAGE),
    option("--name", "N", "Name of the container."),
)
_INSIDE: Final = (
    repeatable(
        ("-e", "--env"),
        "K[=V]",
        "Environment variable; without a value it is taken from your environment; repeatable.",
        types.ENV,
    ),
    repeatable(
        ("-v", "--volume"),
        "SOURCE:TARGET[:OPTIONS]",
        "Bind mount of a path, or named volume; repeatable.",
        types.VOLUME,
    ),
    option(
        "--mount-workspace",
        "[PATH]",
        "Mount the Dynamo checkout around the current folder, or PATH, at /workspace, "
        "together with the Hugging Face cache and HF_TOKEN.",
        is_flag=False,
        flag_value=CHECKOUT,
    ),
    option(
        ("--hf-cache", "--hf-home", "hf_cache"),
        "DIR|none",
        "Hugging Face cache to mount (default with --mount-workspace: HF_HOME, "
        "else ~/.cache/huggingface).",
    ),
    option("--user", "U", "User or UID, optionally with a group or GID: U[:G]."),
    option("--workdir", "DIR", "Working directory (default /workspace)."),
    option(
        "--entrypoint",
        "PROGRAM",
        "Program to run instead of the image's entry point; may include arguments.",
        types.ENTRYPOINT,
    ),
)
_MACHINE: Final = (
    repeatable(
        ("-p", "--port"),
        "HOST:CONTAINER",
        "Port to publish; implies --network bridge if no network is given; repeatable.",
        types.PORT,
    ),
    option(
        "--network",
        "NETWORK",
        "host (the default), bridge, none, container:NAME, or a network's name.",
    ),
    option(
        "--gpus",
        "GPUS",
        "auto (the default: those that the engine has), all, none, indexes or UUIDs (0,1), "
        "or count=N.",
        types.GPUS,
        default="auto",
    ),
    option("--runtime", "R", "Runtime of the engine, by name."),
    click.option(
        "--no-preflight",
        is_flag=True,
        help="Start even if the NVIDIA driver is too old for the image.",
    ),
    click.option(
        "--use-nixl-gds",
        is_flag=True,
        help="Grant what GPUDirect Storage needs: /run/udev, /tmp and the capability IPC_LOCK.",
    ),
    option("--shm-size", "SIZE", "Size of shared memory (default 10G)."),
    option("--ipc", "MODE", "IPC namespace (default host)."),
    repeatable("--ulimit", "NAME=SOFT[:HARD]", "Resource limit; repeatable."),
    repeatable("--cap-add", "CAP", "Linux capability to add; repeatable."),
    _switch("--privileged", default=False, help="Give the container all privileges of the host"),
)
_LIFE: Final = (
    _switch("--rm", default=True, help="Delete the container when it exits"),
    _switch("--init", default=True, help="Run an init process, so that signals end the container"),
    click.option("-i", "--interactive", is_flag=True, help="Keep standard input open."),
    click.option("-t", "--tty", is_flag=True, help="Allocate a terminal."),
    click.option("-d", "--detach", is_flag=True, help="Run in the background."),
    click.option("--wait", is_flag=True, help="With --detach: return when the container is ready."),
    click.option(
        "--wait-timeout",
        type=click.FloatRange(min=0),
        default=300.0,
        metavar="SECONDS",
        help="Time limit of --wait (default 300).",
    ),
    click.option("--dry-run", is_flag=True, help="Print the command instead of running it."),
)


def run_options(function: F) -> F:
    """Add the options of `run` to a command."""
    for add in reversed((*_WHAT, *_INSIDE, *_MACHINE, *_LIFE)):
        function = add(function)
    return function
