# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Call the hooks of one plugin in isolation, and check the types of the values that they return.

All plugins are registered in one `HookManager`, so that pluggy's monitoring sees every call. A call
goes to one plugin at a time, because the merge needs to know which plugin contributed which value.
"""

from __future__ import annotations

import contextlib
import itertools
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import ModuleType
from typing import Any, Final, cast

import pluggy

from dynamo_container.errors import DynamoContainerError, PluginError
from dynamo_container.model.provenance import Contribution, Source
from dynamo_container.model.types import wrong_field
from dynamo_container.plugins import hookspecs
from dynamo_container.plugins.catalog import NO_PLUGIN
from dynamo_container.plugins.discovery import LAYERS, OVERLAYS, one_line
from dynamo_container.plugins.hookspecs import HookSpec
from dynamo_container.plugins.loading import Implementation, Plugin

# No plugin has that many values to contribute: it is a generator that does not end.
_MAX_VALUES: Final = 10_000


class _Registration:
    """The object that represents a plugin in the `HookManager`.

    pluggy registers an object only once, but one module can be the plugin of several names.
    """

    def __init__(self, plugin: Plugin) -> None:
        self.label = f"{plugin.candidate.kind} {plugin.candidate.name}"
        self.options = {entry.hook: entry.impl.opts for entry in plugin.implementations}
        self.locations = dict(plugin.locations())
        vars(self).update({entry.hook: entry.impl.function for entry in plugin.implementations})


class HookManager(pluggy.PluginManager):
    """The manager in which all loaded plugins are registered.

    To observe the calls, use `log_calls`, or pluggy's `add_hookcall_monitoring`.
    """

    def __init__(self, specifications: ModuleType = hookspecs) -> None:
        super().__init__(hookspecs.PROJECT)
        self.add_hookspecs(specifications)
        self._registrations: dict[str, _Registration] = {}

    def parse_hookimpl_opts(self, plugin: object, name: str) -> pluggy.HookimplOpts | None:
        """Return the options of a hook, as pluggy asks for them when a plugin is registered."""
        return plugin.options.get(name) if isinstance(plugin, _Registration) else None

    def add(self, plugin: Plugin) -> None:
        """Register a plugin that is valid."""
        registration = _Registration(plugin)
        name = _registered_name(plugin)
        self.register(registration, name)
        self._registrations[name] = registration

    def log_calls(self) -> None:
        """Log every call from now on, at level DEBUG."""
        # Imported here: it takes 4 ms, and only --debug needs it.
        import logging

        log = logging.getLogger("dynamo_container.plugins")

        def before(hook: str, impls: Sequence[pluggy.HookImpl], _: Mapping[str, Any]) -> None:
            for registration in _registrations(impls):
                log.debug("%s: %s (%s)", registration.label, hook, registration.locations[hook])

        def after(
            outcome: pluggy.Result[Any],
            hook: str,
            impls: Sequence[pluggy.HookImpl],
            _: Mapping[str, Any],
        ) -> None:
            for registration in _registrations(impls) if outcome.exception else ():
                log.debug("%s: %s raised %r", registration.label, hook, outcome.exception)

        self.add_hookcall_monitoring(before, after)

    def call(self, plugin: Plugin, hook: str, arguments: Mapping[str, object]) -> object:
        """Call the implementation of one plugin, and return what it returns."""
        own = self._registrations[_registered_name(plugin)]
        others = [entry for entry in self._registrations.values() if entry is not own]
        # pluggy omits results that are None.
        results = self.subset_hook_caller(hook, remove_plugins=others)(**arguments)
        return results[0] if results else None


def _registered_name(plugin: Plugin) -> str:
    candidate = plugin.candidate
    return f"{candidate.kind} {candidate.name}: {candidate.with_location}"


def _registrations(impls: Iterable[pluggy.HookImpl]) -> Iterator[_Registration]:
    return (impl.plugin for impl in impls if isinstance(impl.plugin, _Registration))


def contributions(
    manager: HookManager, plugin: Plugin, spec: HookSpec, hook: str, arguments: Mapping[str, object]
) -> tuple[Contribution[Any], ...]:
    """Return the values that a plugin contributes to a hook, each with its source.

    Args:
        manager: has the plugin.
        plugin: the plugin.
        spec: the specification of the hook.
        hook: the name of the hook.
        arguments: the arguments by name, at least those of the specification.

    Raises:
        PluginError: the implementation raised, or returned something else.
    """
    entry = plugin.implementation(hook)
    if entry is None:
        return ()
    values = _values(manager, plugin, spec, entry, arguments)
    return tuple(
        Contribution(value=value, source=_source(plugin, entry, value)) for value in values
    )


def _values(
    manager: HookManager,
    plugin: Plugin,
    spec: HookSpec,
    entry: Implementation,
    arguments: Mapping[str, object],
) -> list[object]:
    try:
        with contextlib.redirect_stdout(sys.stderr):
            result = manager.call(plugin, entry.hook, arguments)
            # A generator runs here, so that its errors are the plugin's too.
            values = list(itertools.islice(_as_iterable(result, spec), _MAX_VALUES + 1))
            problem = _problem(values, spec)
    except (DynamoContainerError, KeyboardInterrupt):
        raise
    except BaseException as error:  # a hook can even exit
        raise _hook_error(plugin, entry, f"failed: {one_line(error)}") from error
    if problem:
        raise _hook_error(plugin, entry, problem)
    return values


def _as_iterable(result: object, spec: HookSpec) -> Iterable[object]:
    if result is None:
        return (None,) if spec.required else ()
    return (result,) if spec.single else cast("Iterable[object]", result)


def _problem(values: list[object], spec: HookSpec) -> str:
    """Return what is wrong with the values that a hook returned; empty if nothing is."""
    if len(values) > _MAX_VALUES:
        return f"returned more than {_MAX_VALUES} values"
    expected = spec.returns
    for value in values:
        if not isinstance(value, spec.type):
            kind = "None" if value is None else f"an object of type {type(value).__name__}"
            return f"returned {kind} instead of a {expected}"
        if cause := wrong_field(value):
            return f"returned a {expected} whose field {cause}"
    return ""


def _hook_error(plugin: Plugin, entry: Implementation, problem: str) -> PluginError:
    candidate = plugin.candidate
    advice = "this is a fault in the plugin: update it, or report it to its author"
    if candidate.group == OVERLAYS:
        advice = f"{advice}; to continue without it: {NO_PLUGIN} {candidate.name}"
    return PluginError(f"{candidate}: {entry.hook} {problem} ({entry.location})", advice)


def _source(plugin: Plugin, entry: Implementation, value: object) -> Source:
    candidate = plugin.candidate
    return Source(
        layer=LAYERS[candidate.group],
        name=candidate.name,
        distribution=candidate.origin,
        location=getattr(value, "location", "") or entry.location,
    )
