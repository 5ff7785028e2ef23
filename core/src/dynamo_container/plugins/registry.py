# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The plugins of this environment: what is installed, what is loaded, and calls of their hooks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar, overload

from dynamo_container.errors import PluginError
from dynamo_container.model.provenance import Contribution
from dynamo_container.plugins import calling, hookspecs, loading
from dynamo_container.plugins.catalog import Catalog
from dynamo_container.plugins.discovery import (
    FRAMEWORKS,
    OVERLAYS,
    Candidate,
    Failure,
    discover,
    normalize,
)
from dynamo_container.plugins.loading import Plugin

if TYPE_CHECKING:
    from dynamo_container.model.requests import BuildRequest, CheckRequest, RunRequest, ServeRequest
    from dynamo_container.model.values import Option

R = TypeVar("R", "BuildRequest", "RunRequest", "CheckRequest", "ServeRequest")
T = TypeVar("T")


class Registry:
    """The plugins of this environment.

    Args:
        candidates: the installed plugins.
        failures: for those of them whose metadata cannot be read.
        only: names of the plugins that can be used, or of their distributions; None for all.
        without: names of plugins that must not be used, or of their distributions.
        required: names of the plugins that cannot be excluded, or of their distributions.
        specifications: the module with the hooks: `plugins.hookspecs`, or one like it.

    Attributes:
        catalog: the plugins by their metadata.
        manager: pluggy's manager with the loaded plugins, to observe calls.
        failures: the plugins that cannot be loaded, as far as somebody tried.

    Raises:
        UsageError: `without` contains a name that matches no installed plugin.
        PolicyError: `without` contains the name of a plugin that is required.
    """

    def __init__(
        self,
        candidates: Iterable[Candidate],
        *,
        failures: Iterable[Failure] = (),
        only: Iterable[str] | None = None,
        without: Iterable[str] = (),
        required: Iterable[str] = (),
        specifications: ModuleType = hookspecs,
    ) -> None:
        self.catalog = Catalog.of(
            candidates, failures=failures, only=only, without=without, required=required
        )
        self.manager = calling.HookManager(specifications)
        self.failures = self.catalog.unreadable
        self._specs: Mapping[str, hookspecs.HookSpec] = specifications.SPECS
        self._removed: Mapping[str, str] = specifications.REMOVED
        self._plugins: dict[Candidate, Plugin] = {}
        self._option_errors: dict[Candidate, PluginError] = {}

    @classmethod
    def discover(
        cls,
        *,
        only: Iterable[str] | None = None,
        without: Iterable[str] = (),
        required: Iterable[str] = (),
    ) -> Registry:
        """Return the plugins that are installed. This reads metadata and imports nothing."""
        candidates, failures = discover()
        return cls(candidates, failures=failures, only=only, without=without, required=required)

    @property
    def required(self) -> frozenset[str]:
        """Names of the plugins that the policy of this machine requires."""
        return frozenset(
            candidate.name for candidate in self.candidates if self.catalog.is_required(candidate)
        )

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        """The plugins that can be used, by their metadata."""
        return self.catalog.candidates

    @property
    def excluded(self) -> tuple[tuple[Candidate, str], ...]:
        """The plugins that must not be used, each with what excludes it."""
        return self.catalog.excluded

    @property
    def frameworks(self) -> tuple[str, ...]:
        """Names of the installed frameworks, sorted."""
        return self.catalog.frameworks

    @property
    def known_frameworks(self) -> tuple[str, ...]:
        """Names of the frameworks that are installed or known to this core, sorted."""
        return tuple(sorted({*self.catalog.frameworks, *self.catalog.known_frameworks}))

    def default_framework(self) -> str:
        """Return the framework of a command that names none. See `Catalog.default_framework`."""
        return self.catalog.default_framework()

    def framework(self, name: str) -> str:
        """Return the registered name of an installed framework. See `Catalog.framework`."""
        return self.catalog.framework(name)

    def excluded_overlays(self) -> str:
        """Return the names of the overlays that are not on the allow list, separated by commas."""
        return self.catalog.excluded_overlays()

    def metadata_failures(self) -> tuple[Failure, ...]:
        """Return failures for the plugins that cannot be used according to their metadata."""
        return self.catalog.metadata_failures()

    def load(self, *frameworks: str) -> None:
        """Load the overlays, and the frameworks with these names.

        An overlay that cannot be loaded is added to `failures`.

        Raises:
            PluginError: one of the frameworks cannot be loaded, or `options()` has failed for one
                of these plugins.
            UsageError, ConflictError: see `framework()`; also for conflicts between overlays.
            PolicyError: a plugin that the policy of this machine requires is not installed.
        """
        self.catalog.require_installed()
        for name in self.catalog.overlays:
            if candidate := self.catalog.select(OVERLAYS, name):
                failure = self.try_load_candidate(candidate)
                if failure and self.catalog.is_required(candidate):
                    raise self._unusable(failure)
        for name in frameworks:
            candidate = self.catalog.select(FRAMEWORKS, self.framework(name))
            if candidate and (failure := self.try_load_candidate(candidate)):
                raise self._unusable(failure)
        self.raise_option_errors(frameworks)

    def _unusable(self, failure: Failure) -> PluginError:
        """The error for a plugin that is needed, which replaces the warning about it."""
        self.failures = tuple(entry for entry in self.failures if entry is not failure)
        return PluginError(
            f"{failure.candidate} cannot be loaded: {failure.cause}",
            f"fix it, or install another version of {failure.candidate.distribution}",
        )

    def try_load(self, *frameworks: str) -> None:
        """Load the overlays and these frameworks as far as possible. This raises nothing."""
        for candidate in self.candidates:
            if candidate.group == OVERLAYS or candidate.name in frameworks:
                self.try_load_candidate(candidate)

    def load_all(self) -> None:
        """Load every plugin that can be loaded; the other ones are in `failures`."""
        for candidate in self.candidates:
            self.try_load_candidate(candidate)

    def try_load_candidate(self, candidate: Candidate) -> Failure | None:
        """Load one plugin, or return why it cannot be loaded."""
        if candidate in self._plugins:
            return None
        for failure in self.failures:
            if failure.candidate == candidate:
                return failure
        plugin = loading.load(candidate, self._specs, self._removed)
        if isinstance(plugin, Failure):
            self.failures = (*self.failures, plugin)
            return plugin
        self.manager.add(plugin)
        self._plugins[candidate] = plugin
        return None

    def plugins(self, framework: str | None = None) -> tuple[Plugin, ...]:
        """Return the loaded plugins that contribute to a framework: its own and the overlays; None
        for all.
        """
        return tuple(
            self._plugins[candidate]
            for candidate in self.candidates
            if candidate in self._plugins
            and (framework is None or candidate.group == OVERLAYS or candidate.name == framework)
        )

    def warnings(self) -> tuple[str, ...]:
        """Return what users should know about the plugins that are loaded or failed to load."""
        return (*self.catalog.warnings(), *map(str, self.failures), *self._plugin_warnings())

    def _plugin_warnings(self) -> Iterator[str]:
        for plugin in self.plugins():
            if warning := self.catalog.impostor_warning(plugin.candidate):
                yield warning
            for remark in plugin.remarks:
                yield f"{plugin.candidate}: {remark}"

    @overload
    def call(self, hook: Callable[[R], Iterable[T]], request: R) -> tuple[Contribution[T], ...]: ...
    @overload
    def call(self, hook: Callable[[R], T | None], request: R) -> tuple[Contribution[T], ...]: ...
    def call(self, hook: Callable[..., object], request: R) -> tuple[Contribution[Any], ...]:
        """Call a hook that takes a request, for every loaded plugin that contributes to it.

        Args:
            hook: the hook's specification, a function of `plugins.hookspecs`.
            request: its `framework` selects the plugins; see `plugins()`.

        Raises:
            PluginError: an implementation raised, or returned something else.
        """
        return self.call_for(request.framework, hook, request=request)

    @overload
    def call_for(
        self, framework: str | None, hook: Callable[..., Iterable[T]], **arguments: object
    ) -> tuple[Contribution[T], ...]: ...
    @overload
    def call_for(
        self, framework: str | None, hook: Callable[..., T | None], **arguments: object
    ) -> tuple[Contribution[T], ...]: ...
    def call_for(
        self, framework: str | None, hook: Callable[..., object], **arguments: object
    ) -> tuple[Contribution[Any], ...]:
        """Call a hook with any arguments, for every loaded plugin that contributes to a framework.

        Raises:
            PluginError: see `call`.
        """
        return tuple(
            contribution
            for plugin in self.plugins(framework)
            for contribution in self._call_plugin(plugin, hook.__name__, arguments)
        )

    def _call_plugin(
        self, plugin: Plugin, hook: str, arguments: Mapping[str, object]
    ) -> tuple[Contribution[Any], ...]:
        return calling.contributions(self.manager, plugin, self._specs[hook], hook, arguments)

    def options(
        self, command: str, frameworks: Iterable[str] | None = None
    ) -> tuple[Contribution[Option], ...]:
        """Return the options that loaded plugins add to a command.

        Args:
            command: `build` or `run`.
            frameworks: only those of the overlays and of these frameworks; None for all.

        A plugin whose hook fails adds none. The error is raised by `load()` when the plugin is
        used.
        """
        names = None if frameworks is None else tuple(frameworks)
        options: list[Contribution[Option]] = []
        for plugin in self.plugins():
            candidate = plugin.candidate
            if names is None or candidate.group == OVERLAYS or candidate.name in names:
                try:
                    options += self._call_plugin(
                        plugin, hookspecs.dynamo_container_options.__name__, {"command": command}
                    )
                except PluginError as error:
                    self._option_errors[candidate] = error
        return tuple(options)

    def raise_option_errors(self, frameworks: Iterable[str]) -> None:
        """Raise the first error of `options()` that concerns an overlay or one of these frameworks.

        Raises:
            PluginError: the error.
        """
        names = {normalize(name) for name in frameworks}
        for candidate, error in self._option_errors.items():
            if candidate.group == OVERLAYS or candidate.name in names:
                raise error
