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
from dynamo_container.cli.layout import JOINT, Groups, add_options
from dynamo_container.cli.plugin_command import PluginCommand
from dynamo_container.cli.types import flag, option, repeatable
from dynamo_container.options.docker_options import DOCKER_OPTIONS
from dynamo_container.options.records import CHECKOUT

F = TypeVar("F", bound=Callable[..., Any])  # Any: click's decorators take every function

_COMMAND: Final = "dynamo_container.command"
_SWITCH_VALUES: Final = ("true", "yes", "1", "on", "false", "no", "0", "off")
# Options whose value may be omitted, which means TRUE.
_SWITCHES: Final = ("--rm", "--privileged", "--init")
_MOUNT: Final = "--mount-workspace"
_PATH: Final = r"[.~/]|[^-].*/"


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
        help=f"{help} (default: {'TRUE' if default else 'FALSE'}).",
    )


_WHAT: Final = (
    click.argument(
        "framework_argument",
        required=False,
        metavar="[FRAMEWORK]",
        type=types.TEXT,
    ),
    option(
        "--framework",
        "FRAMEWORK",
        "Framework to run, like the argument.",
    ),
    option(
        "--target",
        "TARGET",
        "Run the framework's image of this stage: runtime, dev or local-dev (default: dev for "
        "most frameworks).",
    ),
    option(
        "--image",
        "IMAGE",
        "Run this image instead of a framework's (default: the latest that was "
        "built for the framework).",
        types.IMAGE,
    ),
    option("--name", "NAME", "Name of the container.", types.CONTAINER_NAME),
)
_INSIDE: Final = (
    repeatable(
        ("-e", "--env"),
        "NAME[=VALUE]",
        "Environment variable. NAME alone takes the value from your environment; repeatable.",
        types.ENV,
    ),
    repeatable(
        ("-v", "--volume"),
        "SOURCE:TARGET[:OPTIONS]",
        "Mount a host path (absolute, or with ./ or ~/) or a named volume; repeatable.",
        types.VOLUME,
    ),
    repeatable(
        "--tmpfs", "PATH[:OPTIONS]", "Mount an empty folder in memory; repeatable.", types.TMPFS
    ),
    repeatable(
        "--env-file",
        "FILE",
        "Read environment variables from FILE, one NAME=VALUE a line; repeatable.",
        types.PATH,
    ),
    option(
        "--mount-workspace",
        "[PATH]",
        "Mount PATH at /workspace, mount the Hugging Face cache, and pass HF_TOKEN. "
        "PATH starts with /, . or ~ (default: the Dynamo checkout that contains the "
        "current folder).",
        is_flag=False,
        flag_value=CHECKOUT,
    ),
    option(
        ("--hf-cache", "--hf-home", "hf_cache"),
        "DIR|none",
        "Mount DIR as the Hugging Face cache; with none, mount none (default with "
        "--mount-workspace: HF_HOME, else ~/.cache/huggingface).",
    ),
    option(
        "--user", "USER[:GROUP]", "User in the container: a name or UID, optionally with a group."
    ),
    option("--workdir", "DIR", "Working directory in the container (default: /workspace)."),
    option(
        "--entrypoint",
        "PROGRAM",
        "Program, with or without arguments, to run instead of the image's entry point.",
        types.ENTRYPOINT,
    ),
)
_MACHINE: Final = (
    repeatable(
        ("-p", "--port"),
        "HOST:CONTAINER",
        "Publish a port. The network is then bridge unless --network is given; repeatable.",
        types.PORT,
    ),
    option(
        "--network",
        "NETWORK",
        "Network: host, bridge, none, container:NAME, or the name of a network (default: host).",
    ),
    option(
        "--gpus",
        "GPUS",
        "GPUs to use: auto (all if there are any), all, none, count=N, or indexes "
        "or UUIDs such as 0,1 (default: auto).",
        types.GPUS,
        default="auto",
    ),
    option("--runtime", "RUNTIME", "Container runtime of the engine, such as nvidia."),
    flag(
        "--no-preflight",
        help="Do not check that the NVIDIA driver is recent enough for the image, and that ports "
        "are free.",
    ),
    flag(
        "--use-nixl-gds",
        help="Allow GPUDirect Storage: mount the host's /tmp and /run/udev, and add the "
        "capability IPC_LOCK.",
    ),
    _switch("--privileged", default=False, help="Give the container all privileges of the host"),
)
_LIMITS: Final = (
    flag(
        "--hardened",
        help="Run with the least that serving needs: read-only files, no capabilities, "
        "no new privileges, and its own IPC and network. Runs the runtime image "
        "unless you name another.",
    ),
    flag("--read-only", help="Mount the image's files read-only."),
    *(
        option(*row.words, types.Parsed(*row.syntax), multiple=row.key is not None)
        for row in DOCKER_OPTIONS
    ),
    repeatable(
        "--docker-arg",
        "ARG",
        "Another flag of docker run, as --FLAG or --FLAG=VALUE; repeatable.",
        types.DOCKER_ARG,
    ),
)
_LIFE: Final = (
    _switch("--rm", default=True, help="Delete the container when it exits"),
    _switch(
        "--init",
        default=True,
        help="Run an init process, so that Ctrl-C and stop end the container",
    ),
    flag("-i", "--interactive", help="Keep standard input open."),
    flag("-t", "--tty", help="Allocate a terminal."),
    flag("-d", "--detach", help="Run in the background."),
    flag("--wait", help="With --detach: wait until the container is ready."),
    option(
        "--wait-for",
        "URL|COMMAND|log:REGEX",
        "With --wait: it is ready when this URL answers, this command succeeds, or "
        "a line of its output matches REGEX (default: the framework's own test).",
        types.WAIT_FOR,
    ),
    click.option(
        "--wait-timeout",
        type=types.SECONDS,
        default=300.0,
        metavar="SECONDS",
        help="Time limit of --wait (default: 300).",
    ),
    flag("--dry-run", help="Print the command instead of running it."),
)


_GROUPS: Final = (
    ("What to run", _WHAT),
    ("In the container", _INSIDE),
    ("Access to the machine", _MACHINE),
    ("Limits and docker's own options", _LIMITS),
    ("Start, wait and end", _LIFE),
)


_COMMON: Final = frozenset(
    (
        *("target", "image", "name", "env", "volume", "mount_workspace"),
        *("port", "gpus", "detach", "wait", "dry_run"),
    )
)


class RunCommand(PluginCommand):
    """A command with the options of `run`; the words after `--` are the container's command."""

    plugin_command = "run"
    groups: Groups = _GROUPS
    common = _COMMON

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
        return [*super().collect_usage_pieces(ctx), f"[--{JOINT}COMMAND...]"]


def run_options(function: F) -> F:
    """Add the options of `run` to a command."""
    return add_options(function, _GROUPS)
