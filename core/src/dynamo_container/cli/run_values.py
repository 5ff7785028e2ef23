# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What the options of `run` may say."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, TypeVar

from dynamo_container.cli.paths import absolute
from dynamo_container.containers.gpus import COUNT_PREFIX
from dynamo_container.errors import UsageError
from dynamo_container.model.values import EnvVar, Mount, RunFlag

T = TypeVar("T")

# An index, that of a MIG device, or a UUID.
_GPU: Final = re.compile(r"\d+(?::\d+)?|(?:GPU|MIG)-[\w/-]+", re.ASCII)

# As docker takes it: [[ADDRESS:][HOST]:]CONTAINER[/PROTOCOL], ports or ranges of them.
_PORT: Final = re.compile(
    r"(?:(?:(?:[\d.]+|\[[0-9a-fA-F:]+\]):)?(?:\d+(?:-\d+)?)?:)?\d+(?:-\d+)?(?:/(?:tcp|udp|sctp))?"
)


def last(values: Iterable[T], key: Callable[[T], str]) -> tuple[T, ...]:
    """The last value for each key: a user who repeats an option means that."""
    return tuple({key(value): value for value in values}.values())


def entrypoint(word: str | None) -> tuple[str, ...]:
    """Program and arguments; one empty text resets the image's, as docker has it."""
    if not word:
        return () if word is None else ("",)
    try:
        return tuple(shlex.split(word))
    except ValueError as error:
        raise UsageError(
            f"--entrypoint {word!r}: {str(error).lower()}", "quote it as a shell would"
        ) from error


def port(word: str, network: str | None) -> str:
    if not _PORT.fullmatch(word):
        raise UsageError(
            f"--port {word!r} is no port to publish", "for example: 8000:8000, 127.0.0.1:8000:8000"
        )
    if network and (network in ("host", "none") or network.startswith("container:")):
        raise UsageError(f"--port means nothing with --network {network}", "leave one of them out")
    return word


def env(word: str) -> EnvVar:
    name, equals, value = word.partition("=")
    if not name:
        raise UsageError(f"--env {word!r} has no name", "for example: -e KEY=VALUE")
    return EnvVar(name=name, value=value if equals else None)


def mount(word: str) -> Mount:
    """Docker's short form. What has a `/` or starts with `.` or `~` is a path, and is made
    absolute; else a volume.
    """
    parts = word.split(":")
    if len(parts) == 1:
        parts = ["", *parts]
    source, target, options = parts[0], parts[1], parts[2:]
    if len(options) > 1 or not target.startswith("/"):
        raise UsageError(
            f"--volume {word!r} is not SOURCE:TARGET[:OPTIONS] with an absolute TARGET",
            "for example: -v ~/models:/models:ro",
        )
    is_path = "/" in source or source.startswith((".", "~"))
    return Mount(
        source=str(absolute(source)) if is_path else source,
        target=target.rstrip("/") or "/",
        type="bind" if is_path else "volume",
        options=tuple(options[0].split(",")) if options else (),
    )


def gpus(word: str) -> str:
    """In the request's words; docker's own (`"device=0,1"`, `count=2`) are understood, too."""
    words = word.strip('"').removeprefix("device=")
    if words.lower() in ("auto", "all", "none"):
        return words.lower()
    count = words.removeprefix(COUNT_PREFIX)
    if words != count and count.isascii() and count.isdigit() and int(count):
        return f"{COUNT_PREFIX}{int(count)}"
    names = words.split(",")
    if not all(map(_GPU.fullmatch, names)):
        raise UsageError(
            f"--gpus {word!r} names no GPUs",
            "for example: auto, all, none, 0, 0,1, count=2, or UUIDs",
        )
    return ",".join(dict.fromkeys(names))


def flags(params: dict[str, Any]) -> Iterator[RunFlag]:
    for name in ("network", "user", "workdir", "shm_size", "ipc", "runtime"):
        if params[name]:
            yield RunFlag(flag=f"--{name.replace('_', '-')}", value=params[name])
    yield from (
        RunFlag(flag="--ulimit", value=word, key=word.partition("=")[0])
        for word in params["ulimit"]
    )
    yield from (RunFlag(flag="--cap-add", value=word, key=word) for word in params["cap_add"])
    if params["privileged"]:
        yield RunFlag(flag="--privileged")
