# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Calls of every hook with sample arguments, derived from the hooks' specifications: a new hook is
covered without a change here.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, get_type_hints

from dynamo_container.containers import planner as run_planner
from dynamo_container.errors import DynamoContainerError
from dynamo_container.images import planner
from dynamo_container.model.requests import (
    BuildRequest,
    BuildSettings,
    CheckRequest,
    Component,
    Inventory,
    PlanView,
    RunRequest,
    ServeRequest,
)
from dynamo_container.plugins import hookspecs
from dynamo_container.testing.subject import Subject

_COMMANDS: Final = ("build", "run")


@dataclass(frozen=True, slots=True, kw_only=True)
class HookCall:
    """A call of a hook.

    Attributes:
        hook: the name of its specification.
        framework: the framework whose plugins are called.
        arguments: names and values.
    """

    hook: str
    framework: str
    arguments: tuple[tuple[str, object], ...]

    def __str__(self) -> str:
        values = (repr(value) for _, value in self.arguments)
        return " ".join([self.hook, self.framework, *values])


def hook_calls(subject: Subject) -> Iterator[HookCall]:
    """Yield calls of every hook, for every framework of a distribution."""
    for framework in subject.frameworks:
        for hook in hookspecs.SPECS:
            for arguments in _sample_arguments(subject, framework, hook):
                yield HookCall(hook=hook, framework=framework, arguments=arguments)


def own_values(subject: Subject, call: HookCall) -> tuple[object, ...]:
    """Make a call, and return the values of the distribution's own plugins.

    Raises:
        DynamoContainerError: a hook failed.
    """
    contributions = subject.registry.call_for(
        call.framework, getattr(hookspecs, call.hook), **dict(call.arguments)
    )
    return tuple(
        contribution.value
        for contribution in contributions
        if subject.owns(contribution.source.distribution)
    )


def _sample_arguments(
    subject: Subject, framework: str, hook: str
) -> Iterator[tuple[tuple[str, object], ...]]:
    hints = get_type_hints(getattr(hookspecs, hook))
    hints.pop("return")
    samples = [
        [(name, value) for value in _samples(subject, framework, kind)]
        for name, kind in hints.items()
    ]
    return itertools.product(*samples)


def _samples(subject: Subject, framework: str, kind: type) -> Iterable[object]:
    """Return values for an argument of this type.

    Raises:
        TypeError: a hook has an argument of a new type; add samples of it here.
    """
    if kind is BuildRequest:
        return subject.builds(framework)
    if kind is RunRequest:
        return subject.runs(framework)
    if kind is CheckRequest:
        return subject.checks(framework)
    if kind is ServeRequest:
        return subject.serves(framework)
    if kind is PlanView:
        return _views(subject, framework)
    if kind is Inventory:
        return _inventories(framework)
    if kind is str:  # `command`, the only text
        return _COMMANDS
    raise TypeError(f"the contract kit has no sample of {kind.__name__}")


def _inventories(framework: str) -> Iterator[Inventory]:
    part = Component(kind="python", name="sample", version="1.0", license="MIT", via=(framework,))
    for components in ((), (part,)):
        yield Inventory(
            image="sample:1", framework=framework, target="runtime", size=10**9,
            components=components,
        )  # fmt: skip


def _views(subject: Subject, framework: str) -> Iterator[PlanView]:
    """Yield the plans of the sample requests; those that cannot be planned fail another test."""
    hook = hookspecs.dynamo_container_verify.__name__
    if not any(plugin.implementation(hook) for plugin in subject.registry.plugins(framework)):
        return
    for build in subject.builds(framework):
        with contextlib.suppress(DynamoContainerError):
            planned = planner.plan(subject.registry, [build], BuildSettings(), verified=False)
            yield from (planner.view(planned, image) for image in planned.images)
    for run in subject.runs(framework):
        with contextlib.suppress(DynamoContainerError):
            yield run_planner.view(run_planner.plan(subject.registry, run, verified=False), run)
