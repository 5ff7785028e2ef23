# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Facts about buildx and its builders."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

from packaging.version import InvalidVersion, Version

from dynamo_container.docker import process
from dynamo_container.docker.errors import (
    OLDEST_BUILDX,
    no_docker_builder,
    no_engine,
    reading_answer,
)
from dynamo_container.errors import EngineError, MachineError
from dynamo_container.model.facts import BuilderInfo

# What `docker buildx version` prints first if that docker is podman.
_PODMANS: Final = "buildah"


def version() -> str:
    """Return buildx's version, such as `0.13.1`; empty if the docker command does not have it.

    Raises:
        EngineError: the docker command is not installed.
    """
    completed = process.capture("docker", "buildx", "version")
    words = completed.stdout.split()
    if words[:1] == [_PODMANS]:
        return ""
    return words[1].lstrip("v") if not completed.returncode and len(words) > 1 else ""


def require_buildx() -> None:
    """Make sure that the docker command has buildx.

    Raises:
        EngineError: it does not, or it is podman.
    """
    completed = process.capture("docker", "buildx", "version")
    if completed.stdout.startswith(_PODMANS):
        raise no_docker_builder()
    if completed.returncode:
        raise EngineError(
            "the docker command has no buildx plugin, which builds require",
            "install docker-buildx (package docker-buildx or docker-buildx-plugin), "
            f"{OLDEST_BUILDX} or newer",
        )


def require_version(oldest: str, option: str) -> None:
    """Require a version of buildx for an option.

    Raises:
        EngineError: it is older.
    """
    found = version()
    try:
        too_old = Version(found.partition("+")[0]) < Version(oldest)
    except InvalidVersion:
        too_old = False  # a build of its own
    if too_old:
        raise EngineError(
            f"{option} requires buildx {oldest} or newer; this is {found}",
            "install a newer buildx; or create a builder with another network: docker buildx "
            "create --driver docker-container --driver-opt network=host",
        )


@reading_answer()
def inspect_builder(name: str = "") -> BuilderInfo:
    """Return what a builder can do.

    Args:
        name: as `docker buildx` names it; empty for the selected builder.

    Raises:
        EngineError: no engine answers, or there is no buildx.
        MachineError: the builder does not exist or does not answer.
    """
    completed = process.capture("docker", "buildx", "inspect", *([name] if name else []))
    fields = tuple(_fields(completed.stdout))
    driver = dict(fields).get("Driver")
    if completed.returncode or not driver:
        require_buildx()
        if not name:
            raise no_engine(completed.stderr or dict(fields).get("Error", ""))
        raise MachineError(
            f"builder {name!r} does not exist or does not answer: {completed.stderr.strip()}",
            f"see: docker buildx ls; or create it: docker buildx create --name {name}",
        )
    _require_remote(name, driver, fields)
    return BuilderInfo(
        # The first of several: the nodes have names, too.
        name=next(value for key, value in fields if key == "Name"),
        driver=driver,
        platforms=tuple(dict.fromkeys(_platforms(fields))),
        image_store=driver == "docker" and _has_image_store(),
    )


def _require_remote(name: str, driver: str, fields: tuple[tuple[str, str], ...]) -> None:
    """Require that a remote BuildKit answers: others are started when they are used.

    Raises:
        MachineError: it does not.
    """
    states = [value for key, value in fields if key == "Status"]
    if driver != "remote" or "running" in states:
        return
    problem = next((f": {value}" for key, value in fields if key == "Error"), "")
    endpoint = next((value for key, value in fields if key == "Endpoint"), "its address")
    raise MachineError(
        f"the remote builder {name!r} does not answer at {endpoint}{problem}",
        f"start BuildKit there, and check the certificates: docker buildx inspect {name}",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryAnswer:
    """What a registry says about an image.

    Attributes:
        document: the description of its manifest, with `digest`; empty if there is none.
        problem: the last line of the reason.
    """

    document: dict[str, Any]
    problem: str = ""


def registry_manifest(reference: str) -> RegistryAnswer:
    """Return the description of an image's manifest, as its registry has it. No engine is needed.

    Raises:
        EngineError: the docker command is not installed.
    """
    words = ("docker", "buildx", "imagetools", "inspect", "--format", "{{json .Manifest}}")
    answer = process.capture(*words, reference)
    try:
        document = json.loads(answer.stdout) if answer.returncode == 0 else {}
    except ValueError:
        document = {}
    if isinstance(document, dict) and document.get("digest"):
        return RegistryAnswer(document=document)
    return RegistryAnswer(document={}, problem=(answer.stderr.strip().splitlines() or [""])[-1])


@dataclass(frozen=True, slots=True, kw_only=True)
class BuilderState:
    """A builder, as `docker buildx ls` lists it.

    Attributes:
        name, driver: of the builder.
        version: of its BuildKit; empty if none of its nodes answers.
        problem: why one of its nodes does not answer; empty if that is not known.
        selected: whether it builds if no other one is named.
    """

    name: str
    driver: str
    version: str = ""
    problem: str = ""
    selected: bool = False


@contextmanager
def start_listing_builders() -> Iterator[Callable[[], tuple[BuilderState, ...]]]:
    """Start to list the builders beside other work: one that cannot be reached takes many seconds.

    Yields:
        A function that waits for the list, which is empty after a time limit.
    """
    with (
        process.start_query("docker", "buildx", "ls", "--format", "{{json .}}") as finish,
        # The list of older versions does not name the selected one.
        process.start_query("docker", "buildx", "inspect") as finish_selected,
    ):
        yield lambda: _builder_states(finish, finish_selected)


def _builder_states(
    finish: process.Query, finish_selected: process.Query
) -> tuple[BuilderState, ...]:
    try:
        with reading_answer():
            rows = [json.loads(line) for line in finish().stdout.splitlines()]
            fields = _fields(finish_selected().stdout)
            selected = next((value for key, value in fields if key == "Name"), "")
            # Older versions list a builder once for each node.
            states = {row["Name"]: _builder_state(row, selected) for row in rows}
    except EngineError:
        # Versions before 0.13 cannot print JSON.
        return ()
    return tuple(states[name] for name in sorted(states))


def another_builder(fits: Callable[[BuilderInfo], bool]) -> str:
    """Return the name of a builder that answers, is not the selected one, and can do what the
    selected one cannot; empty if there is none.

    Args:
        fits: whether a builder can do what is wanted.
    """
    with start_listing_builders() as finish:
        names = [one.name for one in finish() if one.version and not one.selected]
    for name in names:
        with suppress(EngineError, MachineError):
            if fits(inspect_builder(name)):
                return name
    return ""


def _builder_state(row: dict[str, Any], selected: str) -> BuilderState:  # of buildx's JSON
    nodes = row.get("Nodes") or ()
    running = [node for node in nodes if node.get("Status") == "running"]
    problems = [str(node["Err"]) for node in (row, *nodes) if node.get("Err")]
    return BuilderState(
        name=row["Name"],
        driver=row["Driver"],
        version=str(running[0].get("Version") or "unknown") if running else "",
        problem=problems[0] if problems else "",
        selected=row["Name"] == selected,
    )


def _fields(output: str) -> Iterator[tuple[str, str]]:
    """Yield the `Key: value` lines of `docker buildx inspect`."""
    for line in output.splitlines():
        key, _, value = line.partition(":")
        yield key.strip(), value.strip()


def _platforms(fields: tuple[tuple[str, str], ...]) -> Iterator[str]:
    for key, value in fields:
        if key == "Platforms":
            # Platforms that the user has set are marked with a star.
            yield from (name.strip().rstrip("*") for name in value.split(",") if name.strip())


def _has_image_store() -> bool:
    """Whether the engine uses containerd's image store."""
    completed = process.capture("docker", "info", "--format", "{{json .DriverStatus}}")
    return "io.containerd.snapshotter" in completed.stdout
