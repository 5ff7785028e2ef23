# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""A container's plan as a `docker run` command."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator

from dynamo_container.containers.plan import RunPlan
from dynamo_container.docker.command import Command
from dynamo_container.model.values import EnvVar, Mount, RunFlag

# Options that `--mount` says in words of its own; every other one goes to `--volume` as it is.
_MOUNT_WORDS = {"ro": "readonly", "readonly": "readonly"}
_PROPAGATION = frozenset({"shared", "slave", "private", "rshared", "rslave", "rprivate"})


def command(plan: RunPlan) -> Command:
    """The command that starts the container."""
    switches = ("--detach",) if plan.detach else ()
    return Command(argv=("docker", "run", *switches, *_words(plan)))


def create_command(plan: RunPlan) -> Command:
    """The command that makes the same container and does not start it."""
    return Command(argv=("docker", "create", *_words(plan)))


def _words(plan: RunPlan) -> Iterator[str]:
    switches = (
        ("--rm", plan.remove),
        ("--interactive", plan.interactive),
        ("--tty", plan.tty),
    )
    yield from (flag for flag, given in switches if given)
    if plan.name:
        yield f"--name={plan.name}"
    yield from flag_words(plan.flags)
    for port in plan.ports:
        yield f"--publish={port}"
    yield from env_words(plan.env)
    for mount in plan.mounts:
        yield mount_word(mount)
    for key, value in plan.labels:
        yield f"--label={key}={value}"
    if plan.entrypoint:
        yield f"--entrypoint={plan.entrypoint[0]}"
    yield plan.image
    yield from plan.entrypoint[1:]
    yield from plan.command


def flag_words(flags: Iterable[RunFlag]) -> Iterator[str]:
    """Flags as docker takes them, each in one word: a value may start with a dash."""
    for flag in flags:
        yield flag.flag if flag.value is None else f"{flag.flag}={flag.value}"


def env_words(env: Iterable[EnvVar]) -> Iterator[str]:
    """Variables as docker takes them."""
    for var in env:
        yield f"--env={var.name}" if var.value is None else f"--env={var.name}={var.value}"


def fits_mount(mount: Mount) -> bool:
    """Whether `--mount` has words for all of the mount's options, and its reader, which makes one
    sign of these two, leaves the paths as they are.
    """
    return None not in map(_mount_option, mount.options) and "\r\n" not in (
        mount.source + mount.target
    )


def mount_word(mount: Mount) -> str:
    """`--mount`, which takes any path and makes no folder for a missing one; `--volume` for options
    that only it knows.
    """
    if not fits_mount(mount):
        parts = (mount.source, mount.target, ",".join(mount.options))
        return f"--volume={':'.join(filter(None, parts))}"
    return f"--mount={mount_line(mount)}"


def mount_line(mount: Mount) -> str:
    """A mount as `--mount` and Dev Containers take it: comma-separated fields."""
    words = [_mount_option(option) for option in mount.options]
    fields = [
        f"type={mount.type}",
        *([f"source={mount.source}"] if mount.source else []),
        f"target={mount.target}",
    ]
    line = io.StringIO()
    # A field that has one of the terminator's signs is quoted; older Pythons know no others.
    csv.writer(line, lineterminator="\r\n").writerow([*fields, *(word for word in words if word)])
    return line.getvalue().removesuffix("\r\n")


def _mount_option(option: str) -> str | None:
    """The option in `--mount`'s words; empty where it is the default, None where `--mount` has no
    word for it.
    """
    if option == "rw":
        return ""
    if option in _PROPAGATION:
        return f"bind-propagation={option}"
    return _MOUNT_WORDS.get(option)
