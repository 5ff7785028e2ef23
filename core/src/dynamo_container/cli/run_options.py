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
from dynamo_container.options.records import CHECKOUT

F = TypeVar("F", bound=Callable[..., Any])  # Any: click's decorators take every function

_COMMAND: Final = "dynamo_container.command"
_SWITCH_VALUES: Final = ("true", "yes", "1", "on", "false", "no", "0", "off")
# Options whose value may be omitted, which means TRUE.
_SWITCHES: Final = ("--rm", "--privileged", "--init")
_MOUNT: Final = "--mount-workspace"
_PATH: Final = re.compile(r"[.~/]|[^-].*/")


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
        elif word == _MOUNT and not _PATH.match(following):
            yield f"{word}={CHECKOUT}"
        else:
            yield word
        if word in with_value:
            yield from (value for value, _ in itertools.islice(rest, 1))


def command_of(ctx: click.Context) -> tuple[str, ...]:
    """Return the words after `--`."""
    command: tuple[str, ...] = ctx.meta.get(_COMMAND, ())
    return command


def _option(*flags: str, metavar: str, type: Any = types.TEXT, **settings: Any) -> Any:  # noqa: A002
    return click.option(*flags, metavar=metavar, type=type, **settings)


def _repeatable(*flags: str, metavar: str, type: Any = types.TEXT, **settings: Any) -> Any:  # noqa: A002
    return click.option(*flags, multiple=True, metavar=metavar, type=type, **settings)


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
    _option(
        "--framework",
        metavar="F",
        shell_complete=complete_framework,
        help="Same as the argument.",
    ),
    _option("--target", metavar="T", help="Run the framework's image of this target."),
    _option(
        "--image",
        metavar="IMAGE",
        type=types.IMAGE,
        help="Run this image (default: the framework's latest).",
    ),
    _option("--name", metavar="N", help="Name of the container."),
)
_INSIDE: Final = (
    _repeatable(
        "-e",
        "--env",
        metavar="K[=V]",
        type=types.ENV,
        help="Environment variable; without a value it is taken from your environment; repeatable.",
    ),
    _repeatable(
        "-v",
        "--volume",
        metavar="SOURCE:TARGET[:OPTIONS]",
        type=types.VOLUME,
        help="Bind mount of a path, or named volume; repeatable.",
    ),
    _option(
        "--mount-workspace",
        metavar="[PATH]",
        is_flag=False,
        flag_value=CHECKOUT,
        help="Mount the Dynamo checkout around the current folder, or PATH, at /workspace, "
        "together with the Hugging Face cache and HF_TOKEN.",
    ),
    _option(
        "--hf-cache",
        "--hf-home",
        "hf_cache",
        metavar="DIR|none",
        help="Hugging Face cache to mount (default with --mount-workspace: HF_HOME, "
        "else ~/.cache/huggingface).",
    ),
    _option("--user", metavar="U", help="User or UID, optionally with a group or GID: U[:G]."),
    _option("--workdir", metavar="DIR", help="Working directory (default /workspace)."),
    _option(
        "--entrypoint",
        metavar="PROGRAM",
        type=types.ENTRYPOINT,
        help="Program to run instead of the image's entry point; may include arguments.",
    ),
)
_MACHINE: Final = (
    _repeatable(
        "-p",
        "--port",
        metavar="HOST:CONTAINER",
        type=types.PORT,
        help="Port to publish; implies --network bridge if no network is given; repeatable.",
    ),
    _option(
        "--network",
        metavar="NETWORK",
        help="host (the default), bridge, none, container:NAME, or a network's name.",
    ),
    _option(
        "--gpus",
        metavar="GPUS",
        type=types.GPUS,
        default="auto",
        help="auto (the default: those that the engine has), all, none, indexes or UUIDs (0,1), "
        "or count=N.",
    ),
    _option("--runtime", metavar="R", help="Runtime of the engine, by name."),
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
    _option("--shm-size", metavar="SIZE", help="Size of shared memory (default 10G)."),
    _option("--ipc", metavar="MODE", help="IPC namespace (default host)."),
    _repeatable("--ulimit", metavar="NAME=SOFT[:HARD]", help="Resource limit; repeatable."),
    _repeatable("--cap-add", metavar="CAP", help="Linux capability to add; repeatable."),
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
    for option in reversed((*_WHAT, *_INSIDE, *_MACHINE, *_LIFE)):
        function = option(function)
    return function
