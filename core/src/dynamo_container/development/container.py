# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Create a container to develop in, or start the existing one. This module starts processes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from dynamo_container.containers import mounts
from dynamo_container.development import commands
from dynamo_container.development.plan import DevPlan
from dynamo_container.development.planner import changes, lacks_toolchain
from dynamo_container.docker import process
from dynamo_container.docker.command import Command
from dynamo_container.docker.inspected import (
    InspectedContainer,
    inspect_container,
    require_success,
)
from dynamo_container.docker.listed import RUNNING
from dynamo_container.errors import DynamoContainerError, UsageError, WorkFailedError
from dynamo_container.model.names import DEV_LABEL, DEV_PLAN_LABEL, LOCAL_DEV_TARGET, OWNER_LABEL

_STANDARD_ERROR: Final = 2


class Found(NamedTuple):
    """What is there before a container is needed.

    Attributes:
        state: the engine's word for it; empty if there is no container.
        changes: what it was created with differently.
    """

    state: str = ""
    changes: tuple[str, ...] = ()


NOT_FOUND: Final = Found()


def find(plan: DevPlan) -> Found:
    """Return what the engine knows about a container.

    Raises:
        EngineError: no engine answers.
        UsageError: a container of that name is not one of ours.
    """
    found = inspect_container(plan.container.name)
    if found is None:
        return NOT_FOUND
    require_ours(plan, found)
    return Found(state=found.state, changes=changes(found.label(DEV_PLAN_LABEL), plan))


def require_ours(plan: DevPlan, found: InspectedContainer) -> None:
    """Require that a container is the caller's own, for the same folder.

    Raises:
        UsageError: it is not.
    """
    own = dict(plan.container.labels)
    if any(found.label(key) != own.get(key, "") for key in (DEV_LABEL, OWNER_LABEL)):
        name = plan.container.name
        raise UsageError(
            f"the container {name} was not created by 'dynamo-container dev' for this folder",
            f"rename it: {plan.container.program} rename {name} NAME",
        )


def starting(plan: DevPlan, found: Found, *, recreate: bool) -> tuple[Command, ...]:
    """Return the commands that make a container run, from what was found."""
    removing = (commands.remove(plan),) if recreate and found.state else ()
    if removing or not found.state:
        return (*removing, commands.create(plan), commands.start(plan), commands.prepare(plan))
    if found.state == RUNNING:
        return ()
    if found.state == "paused":
        name = plan.container.name
        raise UsageError(
            f"the container {name} is paused", f"{plan.container.program} unpause {name}"
        )
    # One that was created and never started has not been prepared.
    return (commands.start(plan), commands.prepare(plan))


def start(plan: DevPlan, found: Found, *, recreate: bool) -> bool:
    """Make a container run.

    Returns:
        Whether it was created.

    Raises:
        DynamoContainerError: a path is missing, or the engine cannot create or start it.
    """
    needed = starting(plan, found, recreate=recreate)
    creates = commands.create(plan) in needed
    if creates:
        mounts.require_paths(plan.container)
        mounts.create_folders(plan.container)
    for command in needed:
        try:
            require_success(command)
        except DynamoContainerError:
            # Another call may have created it at the same time.
            if command != commands.create(plan) or not find(plan).state:
                raise
    return creates


class State(NamedTuple):
    """What is in a running container: whether the checkout was built, and its Rust toolchains."""

    built: bool
    toolchains: tuple[str, ...]


def describe(plan: DevPlan) -> State:
    """Return what is in a running container."""
    lines = require_success(commands.describe(plan)).splitlines()
    toolchains = tuple(line.removeprefix("rust ") for line in lines if line.startswith("rust "))
    return State(built="built" in lines, toolchains=toolchains)


def toolchain_warning(plan: DevPlan, state: State) -> str:
    """Return a warning if the checkout names a Rust that the image does not have; empty if none."""
    if not lacks_toolchain(plan, state.toolchains):
        return ""
    present = ", ".join(name.partition("-")[0] for name in state.toolchains)
    return (
        f"the checkout names Rust {plan.settings.rust} (rust-toolchain.toml), and the image has "
        f"{present}; build the image from the checkout, then use --recreate: "
        f"dynamo-container build {plan.framework} --target {LOCAL_DEV_TARGET} "
        f"--source {plan.settings.source}"
    )


def build(plan: DevPlan, *, terminal: bool) -> None:
    """Compile the checkout and install it in editable mode.

    Raises:
        WorkFailedError: that failed; the container runs.
    """
    status = process.run(commands.build(plan, terminal=terminal), output=_STANDARD_ERROR)
    if status:
        raise WorkFailedError(
            f"Dynamo could not be built in place, in the container {plan.container.name}",
            "fix it and repeat the command, or omit the build: --no-build",
        )


def ensure(
    plan: DevPlan,
    found: Found,
    *,
    recreate: bool,
    builds: bool,
    terminal: bool,
    note: Callable[[str], None],
    warn: Callable[[str], None],
) -> None:
    """Make a container run in which the checkout was built.

    Args:
        plan: of the container.
        found: see `find`.
        recreate: whether an existing container is replaced.
        builds: whether the checkout is built in place if it was not yet.
        terminal: whether a build has a terminal.
        note: prints a line for information.
        warn: prints a warning.

    Raises:
        DynamoContainerError: see `start` and `build`.
    """
    if found.changes and not recreate:
        shown = "; ".join(found.changes)
        warn(f"the container was created with other options ({shown}); to apply these: --recreate")
    if start(plan, found, recreate=recreate):
        note(f"created the container {plan.container.name}")
    state = describe(plan)
    if warning := toolchain_warning(plan, state):
        warn(warning)
    if builds and plan.settings.checkout and not state.built:
        note(f"building {plan.settings.source} in place")
        build(plan, terminal=terminal)
