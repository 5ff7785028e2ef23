# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The distribution under test: its plugins, loaded with the plugins that it requires and with no
other plugin of this environment, and the sample requests that its hooks are called with.
"""

from __future__ import annotations

import contextlib
import importlib.util
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final, TypeVar

import importlib_metadata
from packaging.requirements import Requirement

from dynamo_container.errors import PluginError, UsageError
from dynamo_container.model.facts import EngineInfo, ImageInfo
from dynamo_container.model.names import (
    CORE_DISTRIBUTION,
    FRAMEWORK_LABEL,
    HOME_LABEL,
    LOCAL_DEV_TARGET,
    RUNTIME_STAGE,
    USER_LABEL,
)
from dynamo_container.model.requests import (
    BuildRequest,
    CheckRequest,
    Model,
    RunRequest,
    ServeRequest,
)
from dynamo_container.model.values import OptionValue, Stage
from dynamo_container.options.plugin_options import option_values
from dynamo_container.plugins import hookspecs
from dynamo_container.plugins.discovery import FRAMEWORKS, Candidate, normalize
from dynamo_container.plugins.registry import Registry

# The framework that overlays are planned with, whichever other frameworks are installed.
SAMPLE: Final = "contract-sample"
_UID: Final = 1000

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The distribution under test.

    Attributes:
        distribution: its name.
        candidates: its plugins, by their metadata.
        registry: with its plugins, those that it requires, and for an overlay a sample framework;
            `load_plugins` loads them.
    """

    distribution: str
    candidates: tuple[Candidate, ...]
    registry: Registry

    @property
    def failures(self) -> tuple[str, ...]:
        """Why its plugins cannot be loaded; empty if they can."""
        return tuple(
            failure.cause
            for failure in self.registry.failures
            if failure.candidate in self.candidates
        )

    @property
    def remarks(self) -> tuple[str, ...]:
        """The deprecated hooks and arguments that its plugins use."""
        return tuple(
            remark
            for plugin in self.registry.plugins()
            if plugin.candidate in self.candidates
            for remark in plugin.remarks
        )

    @property
    def frameworks(self) -> tuple[str, ...]:
        """The frameworks that it is planned with: its own, or the sample."""
        own = (candidate.name for candidate in self.candidates if candidate.group == FRAMEWORKS)
        return tuple(own) or (SAMPLE,)

    @property
    def packages(self) -> tuple[str, ...]:
        """The folders of its packages and the files of its top-level modules, without importing
        them.
        """
        values = (candidate.value for candidate in self.candidates)
        modules = {value.partition(":")[0].partition(".")[0] for value in values}
        specs = [importlib.util.find_spec(module) for module in sorted(modules)]
        return tuple(
            path
            for spec in specs
            if spec
            for path in (spec.submodule_search_locations or [spec.origin or ""])
            if path
        )

    def location(self, hook: str) -> str:
        """Return where its plugins implement a hook, such as `plugin.py:12`, for messages."""
        locations = [
            location
            for plugin in self.registry.plugins()
            if plugin.candidate in self.candidates
            for name, location in plugin.locations()
            if name == hook
        ]
        return " and ".join(locations) or self.distribution

    def call(
        self, hook: Callable[[BuildRequest], Iterable[T]], request: BuildRequest
    ) -> tuple[T, ...]:
        """Call a hook and return what its own plugins contribute."""
        return tuple(
            contribution.value
            for contribution in self.registry.call(hook, request)
            if self.owns(contribution.source.distribution)
        )

    def owns(self, origin: str) -> bool:
        """Whether a contribution with this distribution and version is its own."""
        return origin in {candidate.origin for candidate in self.candidates}

    def dockerfile_stages(self) -> tuple[Stage, ...]:
        """Return its own stages that have a Dockerfile, for all of its frameworks."""
        return tuple(stage for name in self.frameworks for stage in self._stages(name))

    def _stages(self, framework: str) -> tuple[Stage, ...]:
        defaults = self.defaults("build", framework)
        request = BuildRequest(framework=framework, target=RUNTIME_STAGE, options=defaults)
        stages = self.call(hookspecs.dynamo_container_stages, request)
        return tuple(stage for stage in stages if stage.dockerfile)

    def defaults(self, command: str, framework: str) -> tuple[tuple[str, OptionValue], ...]:
        """Return the values of the plugins' options if the user gives none of them."""
        contributions = self.registry.options(command, [framework])
        return option_values((entry.value for entry in contributions), {})

    def builds(self, framework: str) -> Iterator[BuildRequest]:
        """Yield a request for each target whose image contains something of this distribution."""
        descriptions = self.registry.call_for(framework, hookspecs.dynamo_container_framework)
        stages = self._stages(framework)
        targets = [
            RUNTIME_STAGE,
            *(description.value.default_target for description in descriptions),
            *(stage.name for stage in stages if not stage.extends),
        ]
        for target in dict.fromkeys(targets):
            uid = _UID if target == LOCAL_DEV_TARGET else None
            options = self.defaults("build", framework)
            yield BuildRequest(
                framework=framework, target=target, uid=uid, gid=uid, options=options
            )

    def runs(self, framework: str) -> Iterator[RunRequest]:
        """Yield requests to run an image that the engine does not have, and one that it has."""
        engine = EngineInfo(version="28.0", runtimes=("nvidia",))
        info = image_info(framework)
        request = RunRequest(
            framework=framework, image="image", options=self.defaults("run", framework)
        )
        yield request
        yield replace(request, image_info=info, engine=engine)

    def serves(self, framework: str) -> Iterator[ServeRequest]:
        """Yield requests to serve a model that the framework accepts: in each usual topology, with
        a model, or without one if the image serves its own.
        """
        container = next(iter(self.runs(framework)))
        request = ServeRequest(
            framework=framework, project="sample", container=container, options=container.options
        )
        model = Model(name="org/model", served_name="model")
        for topology in ("agg", "agg-router", "disagg"):
            alone = replace(request, topology=topology)
            yield from filter(self._accepts, (replace(alone, model=model), alone))

    def _accepts(self, request: ServeRequest) -> bool:
        """Whether no plugin refuses a request to serve, as one refuses a missing model."""
        try:
            self.registry.call(hookspecs.dynamo_container_services, request)
        except UsageError:
            return False
        return True

    def checks(self, framework: str) -> Iterator[CheckRequest]:
        """Yield a request to check an image."""
        yield CheckRequest(framework=framework, image="image", image_info=image_info(framework))


def image_info(framework: str) -> ImageInfo:
    """Return what the engine reports about an image of ours."""
    labels = (
        (FRAMEWORK_LABEL, framework),
        (HOME_LABEL, "/home/ubuntu"),
        (USER_LABEL, "ubuntu"),
    )
    return ImageInfo(id="sha256:0", size=1, labels=labels, user="1000:1000")


def find_subject(distribution: str) -> Subject:
    """Return a distribution of this environment by its name. Its plugins are not loaded."""
    names = _required_distributions(distribution)
    candidates = [
        candidate
        for candidate in Registry.discover().candidates
        if normalize(candidate.distribution) in names
    ]
    return Subject(
        distribution=distribution,
        candidates=tuple(
            candidate
            for candidate in candidates
            if normalize(candidate.distribution) == normalize(distribution)
        ),
        registry=Registry([*candidates, _sample()]),
    )


def load_plugins(subject: Subject) -> None:
    """Load its plugins and those that it requires; `failures` has those that cannot be loaded."""
    for framework in subject.frameworks:
        with contextlib.suppress(PluginError):
            subject.registry.load(framework)
    subject.registry.load_all()


def _required_distributions(distribution: str) -> frozenset[str]:
    """Return the distribution and the installed ones that it requires, directly or not."""
    visited: set[str] = set()
    pending = [normalize(distribution)]
    while pending:
        name = pending.pop()
        if name not in visited:
            visited.add(name)
            pending.extend(normalize(requirement.name) for requirement in requirements(name))
    return frozenset(visited)


def requirements(distribution: str) -> tuple[Requirement, ...]:
    """Return what a distribution requires in this environment, without its extras; nothing if it is
    not installed.
    """
    try:
        lines = importlib_metadata.requires(distribution) or []
    except importlib_metadata.PackageNotFoundError:
        return ()
    return tuple(
        requirement
        for requirement in map(Requirement, lines)
        if not requirement.marker or requirement.marker.evaluate({"extra": ""})
    )


def _sample() -> Candidate:
    value = "dynamo_container.testing.sample"
    entry = importlib_metadata.EntryPoint(name=SAMPLE, value=value, group=FRAMEWORKS)
    return Candidate(
        name=SAMPLE,
        group=FRAMEWORKS,
        value=value,
        distribution=CORE_DISTRIBUTION,
        version=importlib_metadata.version(CORE_DISTRIBUTION),
        entry_point=entry,
    )
