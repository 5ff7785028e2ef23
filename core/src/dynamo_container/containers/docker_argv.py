# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""A container's plan as a `docker run` command."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from dynamo_container.containers.plan import RunPlan
from dynamo_container.docker.command import Command
from dynamo_container.model.values import EnvVar, Mount, RunFlag

_PULL: Final = "--pull"
# Options of `--volume` for which `--mount` has a field; any other option requires `--volume`.
_MOUNT_FIELDS: Final = {"ro": "readonly", "readonly": "readonly"}
_PROPAGATION: Final = frozenset({"shared", "slave", "private", "rshared", "rslave", "rprivate"})


def run_command(plan: RunPlan) -> Command:
    """Return the command that runs the container."""
    detach = ("--detach",) if plan.detach else ()
    return Command(argv=(plan.program, "run", *detach, *_arguments(plan)))


def create_command(plan: RunPlan) -> Command:
    """Return the command that creates the same container without starting it, from an image that
    the engine has.
    """
    flags = tuple(flag for flag in plan.flags if flag.flag != _PULL)
    arguments = _arguments(replace(plan, flags=flags))
    return Command(argv=(plan.program, "create", f"{_PULL}=never", *arguments))


def pull_command(plan: RunPlan) -> Command:
    """Return the command that pulls the container's image."""
    platform = flag_arguments(flag for flag in plan.flags if flag.flag == "--platform")
    return Command(argv=(plan.program, "pull", *platform, plan.image))


def pull_policy(plan: RunPlan) -> str:
    """Return when the image is pulled: `missing`, `always` or `never`."""
    return next((flag.value or "" for flag in plan.flags if flag.flag == _PULL), "missing")


def _arguments(plan: RunPlan) -> Iterator[str]:
    switches = (
        ("--rm", plan.remove),
        ("--interactive", plan.interactive),
        ("--tty", plan.tty),
    )
    yield from (flag for flag, on in switches if on)
    if plan.name:
        yield f"--name={plan.name}"
    yield from flag_arguments(plan.flags)
    yield from (f"--publish={port}" for port in plan.ports)
    yield from env_arguments(plan.env)
    yield from map(mount_argument, plan.mounts)
    yield from (f"--label={key}={value}" for key, value in plan.labels)
    if plan.entrypoint:
        yield f"--entrypoint={plan.entrypoint[0]}"
    yield plan.image
    yield from plan.entrypoint[1:]
    yield from plan.command


def flag_arguments(flags: Iterable[RunFlag]) -> Iterator[str]:
    """Yield flags as arguments of docker, each with its value: a value can start with a dash."""
    for flag in flags:
        yield flag.flag if flag.value is None else f"{flag.flag}={flag.value}"


def env_arguments(env: Iterable[EnvVar]) -> Iterator[str]:
    """Yield variables as arguments of docker."""
    for var in env:
        yield f"--env={var.name}" if var.value is None else f"--env={var.name}={var.value}"


def mount_argument(mount: Mount) -> str:
    """Return `--mount=...`, which takes any path and does not create missing folders; or
    `--volume=...` if only that can express the mount.
    """
    if fits_mount(mount):
        return f"--mount={mount_fields(mount)}"
    parts = (mount.source, mount.target, ",".join(mount.options))
    # `--mount` has no options for a folder in memory that can contain programs.
    kind = "--tmpfs" if mount.type == "tmpfs" else "--volume"
    return f"{kind}={':'.join(filter(None, parts))}"


def fits_mount(mount: Mount) -> bool:
    """Whether `--mount` can express a mount: it has a field for each option, and the paths do not
    contain CRLF, which docker's CSV reader turns into a line feed.
    """
    return None not in map(_mount_field, mount.options) and "\r\n" not in (
        mount.source + mount.target
    )


def mount_fields(mount: Mount) -> str:
    """Return a mount as comma-separated fields, as `--mount` and Dev Containers take it."""
    options = (_mount_field(option) for option in mount.options)
    fields = [
        f"type={mount.type}",
        *([f"source={mount.source}"] if mount.source else []),
        f"target={mount.target}",
        *(field for field in options if field),
    ]
    line = io.StringIO()
    # The writer quotes fields that contain a character of the line terminator: so this one.
    csv.writer(line, lineterminator="\r\n").writerow(fields)
    return line.getvalue().removesuffix("\r\n")


def _mount_field(option: str) -> str | None:
    """Return the field for an option of `--volume`: empty for the default, None without a field."""
    if option == "rw":
        return ""
    if option in _PROPAGATION:
        return f"bind-propagation={option}"
    return _MOUNT_FIELDS.get(option)
