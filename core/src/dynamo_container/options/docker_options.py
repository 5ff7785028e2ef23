# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The options of `docker run` that `run` passes on: one table, from which the command line, the
request and the project file take them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from typing import Final

from dynamo_container.containers.profile import OMITTED
from dynamo_container.errors import UsageError
from dynamo_container.model.values import RunFlag
from dynamo_container.options import docker_syntax
from dynamo_container.options.run_records import RunOptions


def _whole(value: str) -> str:
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class DockerOption:
    """An option that becomes the flag of `docker run` with the same name.

    Attributes:
        flag: such as `--memory`.
        metavar, help: for `--help`.
        parse: returns the value as docker takes it; raises ValueError.
        what: what the value must be, with its article, for messages.
        example: an example, for messages.
        key: for an option that can be repeated: what distinguishes two values; None for one that
            cannot.
    """

    flag: str
    metavar: str
    help: str
    parse: Callable[[str], str] = docker_syntax.word
    what: str = "a single word"
    example: str = ""
    key: Callable[[str], str] | None = None

    @property
    def field(self) -> str:
        """The name of the field of `RunOptions`."""
        return self.flag[2:].replace("-", "_")

    @property
    def words(self) -> tuple[str, str, str]:
        """The flag, its metavar and its help."""
        return self.flag, self.metavar, self.help

    @property
    def syntax(self) -> tuple[Callable[[str], str], str, str]:
        """The parser, what it accepts, and an example."""
        return self.parse, self.what, self.example


_DURATION: Final = "a duration"
DOCKER_OPTIONS: Final = (
    DockerOption(
        flag="--shm-size",
        metavar="SIZE",
        help="Size of /dev/shm, such as 16G (default: 10G, or that of the framework).",
        parse=docker_syntax.size,
        what="a size",
        example="16G",
    ),
    DockerOption(
        flag="--ipc",
        metavar="MODE",
        help="IPC namespace: host, private, shareable or container:NAME (default: "
        "private for runtime images, else host).",
        example="private",
    ),
    DockerOption(
        flag="--ulimit",
        metavar="NAME=SOFT[:HARD]",
        help="Resource limit, such as nofile=65536. NAME=default keeps the engine's own "
        "limit; repeatable.",
        parse=docker_syntax.ulimit,
        what="a resource limit",
        example="memlock=-1, nofile=1024:4096, memlock=default",
        key=docker_syntax.before_equals,
    ),
    DockerOption(
        flag="--cap-add",
        metavar="CAP",
        help="Add a Linux capability, such as SYS_ADMIN; repeatable.",
        parse=docker_syntax.capability,
        what="a capability",
        example="IPC_LOCK",
        key=_whole,
    ),
    DockerOption(
        flag="--cap-drop",
        metavar="CAP",
        help="Drop a Linux capability, or ALL, including those that are added by "
        "default; repeatable.",
        parse=docker_syntax.capability,
        what="a capability",
        example="ALL",
        key=_whole,
    ),
    DockerOption(
        flag="--security-opt",
        metavar="OPTION",
        help="Security option, such as no-new-privileges; repeatable.",
        parse=docker_syntax.security_option,
        what="a security option",
        example="no-new-privileges",
        key=docker_syntax.security_key,
    ),
    DockerOption(
        flag="--pids-limit",
        metavar="N",
        help="Maximum number of processes and threads.",
        parse=docker_syntax.count,
        what="a number",
        example="4096",
    ),
    DockerOption(
        flag="--memory",
        metavar="SIZE",
        help="Memory limit, such as 64g.",
        parse=docker_syntax.size,
        what="a size",
        example="64g",
    ),
    DockerOption(
        flag="--cpus",
        metavar="N",
        help="Maximum number of CPUs, such as 1.5.",
        parse=docker_syntax.decimal,
        what="a positive number",
        example="1.5",
    ),
    DockerOption(
        flag="--userns",
        metavar="MODE",
        help="User namespace mode, such as host.",
        example="host",
    ),
    DockerOption(
        flag="--device",
        metavar="DEVICE",
        help="Either the kind of device: cuda, cpu or a plugin's (default: the image's). "
        "Or a device to add: a host path, PATH[:PATH[:rwm]], or a CDI name, "
        "VENDOR/CLASS=NAME. Repeatable.",
        parse=docker_syntax.device,
        what="a device",
        example="cpu, /dev/fuse, vendor.com/class=0",
        key=_whole,
    ),
    DockerOption(
        flag="--group-add",
        metavar="GROUP",
        help="Additional group of the user in the container; repeatable.",
        example="video",
        key=_whole,
    ),
    DockerOption(
        flag="--add-host",
        metavar="HOST:IP",
        help="Add a line to the container's /etc/hosts; IP can be host-gateway; repeatable.",
        parse=docker_syntax.host,
        what="HOST:IP",
        example="registry:10.0.0.1",
        key=_whole,
    ),
    DockerOption(
        flag="--hostname",
        metavar="NAME",
        help="Host name of the container.",
        parse=docker_syntax.hostname,
        what="a host name",
        example="worker-0",
    ),
    DockerOption(
        flag="--restart",
        metavar="POLICY",
        help="When to restart the container: no, always, unless-stopped or "
        "on-failure[:N]; implies --rm FALSE.",
        parse=docker_syntax.restart,
        what="a restart policy",
        example="unless-stopped",
    ),
    DockerOption(
        flag="--platform",
        metavar="PLATFORM",
        help="Platform of the image, such as linux/arm64.",
        parse=docker_syntax.one_platform,
        what="a valid platform",
        example="linux/arm64",
    ),
    DockerOption(
        flag="--pull",
        metavar="WHEN",
        help="When to pull the image: missing, always or never (default: missing).",
        parse=docker_syntax.pull,
        what="missing, always or never",
        example="never",
    ),
    DockerOption(
        flag="--health-cmd",
        metavar="COMMAND",
        help="Command that checks the container's health.",
        parse=docker_syntax.line,
        what="a command",
        example="'curl --fail localhost:8000/health'",
    ),
    DockerOption(
        flag="--health-interval",
        metavar="TIME",
        help="Time between health checks, such as 30s.",
        parse=docker_syntax.duration,
        what=_DURATION,
        example="30s",
    ),
    DockerOption(
        flag="--health-retries",
        metavar="N",
        help="Failed health checks after which the container is unhealthy.",
        parse=docker_syntax.count,
        what="a number",
        example="3",
    ),
    DockerOption(
        flag="--health-start-period",
        metavar="TIME",
        help="Time before failed health checks count.",
        parse=docker_syntax.duration,
        what=_DURATION,
        example="5m",
    ),
    DockerOption(
        flag="--health-timeout",
        metavar="TIME",
        help="Time limit of a health check.",
        parse=docker_syntax.duration,
        what=_DURATION,
        example="5s",
    ),
)


def flags(options: RunOptions) -> Iterator[RunFlag]:
    """Yield the flags of a run's options of this table."""
    for option in DOCKER_OPTIONS:
        values = getattr(options, option.field)
        if option.key is None:
            if values is not None:
                yield RunFlag(flag=option.flag, value=values)
            continue
        for value in values:
            if option.flag == "--device" and value == options.device_kind:
                continue
            key = option.key(value)
            yield RunFlag(flag=option.flag, value=_given(option.flag, value), key=key)


def require_own_options(options: RunOptions) -> None:
    """Refuse a `--docker-arg` that is an option of `run`: it would bypass what `run` checks.

    Raises:
        UsageError: there is one.
    """
    names = {f"--{field.name.replace('_', '-')}" for field in fields(RunOptions)}
    for flag in (one.flag for one in options.docker_arg):
        own = "--port" if flag == "--publish" else flag
        if own in names:
            raise UsageError(
                f"--docker-arg {flag} cannot be used: run has the option {own}",
                f"use {own} itself",
            )


def _given(flag: str, value: str) -> str:
    """Return the value; `--ulimit NAME=default` omits a limit that is set by default."""
    return OMITTED if flag == "--ulimit" and value.endswith("=default") else value
