# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The distribution that is tested: its plugins, loaded with what it requires and with nothing else
of this environment, and the requests that they are asked.
"""

from __future__ import annotations

import contextlib
import importlib.util
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, TypeVar

import importlib_metadata
from packaging.requirements import Requirement

from dynamo_container.errors import PluginError
from dynamo_container.model.facts import EngineInfo, ImageInfo
from dynamo_container.model.names import FRAMEWORK_LABEL, HOME_LABEL, LOCAL_DEV_TARGET
from dynamo_container.model.requests import BuildRequest, CheckRequest, RunRequest
from dynamo_container.model.values import Stage
from dynamo_container.plugins import hookspecs
from dynamo_container.plugins.discovery import FRAMEWORKS, Candidate, normalize
from dynamo_container.plugins.loading import Plugin
from dynamo_container.plugins.registry import Registry

# The framework that an overlay's plans are made with, whichever others are installed.
SAMPLE: Final = "contract-sample"
RUNTIME: Final = "runtime"
_UID: Final = 1000

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A distribution's plugins.

    Attributes:
        candidates: its own; known from metadata.
        registry: with its own, what it requires, and for overlays a framework to plan with. Its
            own and all that they plan with are loaded, as far as they can be.
    """

    distribution: str
    candidates: tuple[Candidate, ...]
    registry: Registry

    @property
    def failures(self) -> tuple[str, ...]:
        """Why its plugins cannot be loaded; empty where they can."""
        return tuple(
            failure.cause
            for failure in self.registry.failures
            if failure.candidate in self.candidates
        )

    @property
    def plugins(self) -> tuple[Plugin, ...]:
        """Its own plugins, loaded."""
        return tuple(one for one in self.registry.plugins() if one.candidate in self.candidates)

    @property
    def frameworks(self) -> tuple[str, ...]:
        """The frameworks that it is planned with: its own, else the sample."""
        own = [one.name for one in self.candidates if one.group == FRAMEWORKS]
        return tuple(own) or (SAMPLE,)

    @property
    def outputs(self) -> tuple[str, ...]:
        """The folders of its packages, and the files of its modules; nothing is imported."""
        tops = {one.value.partition(":")[0].partition(".")[0] for one in self.candidates}
        specs = [importlib.util.find_spec(top) for top in sorted(tops)]
        return tuple(
            place
            for spec in specs
            if spec
            for place in (spec.submodule_search_locations or [spec.origin or ""])
            if place
        )

    def where(self, hook: str) -> str:
        """The outputs of a hook's implementations, for messages."""
        outputs = [
            place
            for plugin in self.plugins
            for name, place in plugin.locations()
            if name.endswith(f"_{hook}")
        ]
        return " and ".join(outputs) or self.distribution

    def call(
        self, hook: Callable[[BuildRequest], Iterable[T]], request: BuildRequest
    ) -> tuple[T, ...]:
        """What its own plugins say to one request."""
        origins = {one.origin for one in self.candidates}
        said = self.registry.call(hook, request)
        return tuple(one.value for one in said if one.source.distribution in origins)

    def dockerfiles(self) -> tuple[Stage, ...]:
        """Its own stages that have a Dockerfile."""
        return tuple(stage for name in self.frameworks for stage in self._dockerfiles(name))

    def _dockerfiles(self, framework: str) -> tuple[Stage, ...]:
        stages = self.call(
            hookspecs.dynamo_container_stages, BuildRequest(framework=framework, target=RUNTIME)
        )
        return tuple(stage for stage in stages if stage.dockerfile)

    def builds(self) -> Iterator[BuildRequest]:
        """A request for each target whose image has something of this distribution in it."""
        for framework in self.frameworks:
            known = self.registry.call_for(framework, hookspecs.dynamo_container_framework)
            targets = [RUNTIME, *(said.value.default_target for said in known)]
            stages = self._dockerfiles(framework)
            targets += [stage.name for stage in stages if not stage.extends]
            for target in dict.fromkeys(targets):
                ids = _UID if target == LOCAL_DEV_TARGET else None
                yield BuildRequest(framework=framework, target=target, uid=ids, gid=ids)

    def runs(self) -> Iterator[RunRequest]:
        """Requests to run each framework: an image that is not known, and one of ours."""
        for framework in self.frameworks:
            facts = image_info(framework)
            engine = EngineInfo(version="28.0", runtimes=("nvidia",))
            yield RunRequest(framework=framework, image="image")
            yield RunRequest(framework=framework, image="image", image_info=facts, engine=engine)

    def checks(self) -> Iterator[CheckRequest]:
        """A request to check an image of each framework."""
        for framework in self.frameworks:
            facts = image_info(framework)
            yield CheckRequest(framework=framework, image="image", image_info=facts)


def image_info(framework: str) -> ImageInfo:
    """What an image of ours says of itself."""
    labels = ((FRAMEWORK_LABEL, framework), (HOME_LABEL, "/home/ubuntu"))
    return ImageInfo(id="sha256:0", size=1, labels=labels, user="1000:0")


def find(distribution: str) -> Subject:
    """A distribution of this environment by its name, not loaded yet."""
    wanted = _required(distribution)
    found = [one for one in Registry.discover().candidates if normalize(one.distribution) in wanted]
    own = tuple(one for one in found if normalize(one.distribution) == normalize(distribution))
    return Subject(
        distribution=distribution, candidates=own, registry=Registry([*found, _sample()])
    )


def load(subject: Subject) -> Subject:
    """Load its plugins, and what they are planned with; what fails is in its `failures`."""
    for framework in subject.frameworks:
        with contextlib.suppress(PluginError):
            subject.registry.load(framework)
    subject.registry.load_all()
    return subject


def _required(distribution: str) -> frozenset[str]:
    """The distribution and all that it requires, directly or not, as far as it is installed."""
    found: set[str] = set()
    names = [normalize(distribution)]
    while names:
        name = names.pop()
        if name in found:
            continue
        found.add(name)
        names.extend(normalize(one.name) for one in requirements(name))
    return frozenset(found)


def requirements(distribution: str) -> tuple[Requirement, ...]:
    """What a distribution requires here, without extras; nothing where it is not installed."""
    try:
        lines = importlib_metadata.requires(distribution) or []
    except importlib_metadata.PackageNotFoundError:
        return ()
    found = [Requirement(line) for line in lines]
    return tuple(one for one in found if not one.marker or one.marker.evaluate({"extra": ""}))


def _sample() -> Candidate:
    value = "dynamo_container.testing.sample"
    entry = importlib_metadata.EntryPoint(name=SAMPLE, value=value, group=FRAMEWORKS)
    return Candidate(
        name=SAMPLE,
        group=FRAMEWORKS,
        value=value,
        distribution="dynamo-container",
        version=importlib_metadata.version("dynamo-container"),
        entry_point=entry,
    )
