# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Import one plugin and validate it against the specifications of the hooks."""

from __future__ import annotations

import contextlib
import functools
import inspect
import itertools
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, NamedTuple

import pluggy

from dynamo_container.model.names import CORE_DISTRIBUTION
from dynamo_container.plugins import hookspecs
from dynamo_container.plugins.discovery import (
    FRAMEWORKS,
    Candidate,
    Failure,
    core_version,
    incompatibility,
    one_line,
)
from dynamo_container.plugins.hookspecs import HookSpec

_FRAMEWORK_HOOK: Final = hookspecs.dynamo_container_framework.__name__
_ENTRY_POINT: Final = re.compile(r"[\w.]+(\s*:\s*[\w.]+)?")


class Implementation(NamedTuple):
    """A plugin's implementation of a hook.

    Attributes:
        hook: the name of the hook.
        impl: its function or bound method, with the options of its `@hookimpl`.
        location: `file:line` of the function; of the plugin's own class if that inherits it.
    """

    hook: str
    impl: pluggy.HookImpl
    location: str


class Plugin(NamedTuple):
    """A plugin that is imported and valid.

    Attributes:
        candidate: its metadata.
        implementations: its hooks that this core knows, sorted by name.
        remarks: what its author should know: deprecated hooks and arguments that it uses.
    """

    candidate: Candidate
    implementations: tuple[Implementation, ...]
    remarks: tuple[str, ...] = ()

    def implementation(self, hook: str) -> Implementation | None:
        """Return the implementation of a hook; None if the plugin does not implement it."""
        matches = (entry for entry in self.implementations if entry.hook == hook)
        return next(matches, None)

    def locations(self) -> tuple[tuple[str, str], ...]:
        """Return the hooks that it implements, each with `file:line`."""
        return tuple((entry.hook, entry.location) for entry in self.implementations)


class _InvalidPluginError(Exception):
    """A plugin cannot be used. The message is the cause, in our own words."""


def load(
    candidate: Candidate, specs: Mapping[str, HookSpec], removed: Mapping[str, str]
) -> Plugin | Failure:
    """Import a plugin and validate it.

    Args:
        candidate: the plugin.
        specs: the specifications of the hooks, by name.
        removed: hooks that earlier releases had, each with what replaces it.

    Returns:
        The plugin, or why it cannot be used: whatever an import can raise, an exit included.
    """
    if cause := incompatibility(candidate):
        return Failure(candidate=candidate, cause=cause)
    try:
        # What a plugin prints must not get into our output.
        with contextlib.redirect_stdout(sys.stderr):
            implementations = _implementations(_import(candidate), specs)
        return _validated(candidate, implementations, specs, removed)
    except KeyboardInterrupt:
        raise
    except _InvalidPluginError as error:
        return Failure(candidate=candidate, cause=str(error))
    except BaseException as error:  # noqa: BLE001  # a plugin can even exit when it is imported
        return Failure(candidate=candidate, cause=one_line(error))


def _import(candidate: Candidate) -> object:
    """Return the object that a plugin's entry point refers to.

    Raises:
        _InvalidPluginError: there is no such object, or it cannot be a plugin. In addition, the
            import raises whatever the plugin's code raises.
    """
    entry = candidate.entry_point
    assert entry  # if not, there is a failure already
    if not _ENTRY_POINT.fullmatch(candidate.value):
        raise _InvalidPluginError(f"{candidate.value!r} is not a valid entry point")
    try:
        plugin: object = entry.load()
    except ModuleNotFoundError as error:
        if not error.name or not f"{entry.module}.".startswith(f"{error.name}."):
            raise
        raise _InvalidPluginError(
            f"its entry point is {candidate.value}, but module {error.name} does not exist"
        ) from error
    except AttributeError as error:
        if entry.module not in sys.modules:  # then the module itself raised it
            raise
        raise _InvalidPluginError(
            f"its entry point is {candidate.value}, but {entry.module} has no such attribute"
        ) from error
    if plugin is None or inspect.isclass(plugin):
        kind = "a class" if plugin else "None"
        raise _InvalidPluginError(
            f"its entry point {candidate.value} is {kind}; it must be a module or an instance"
        )
    return plugin


def _implementations(plugin: object, specs: Iterable[str]) -> tuple[Implementation, ...]:
    """Return the hooks that a plugin implements, sorted by name.

    pluggy finds them. It does so with a manager without specifications, because pluggy's own errors
    name neither the distribution nor the line.
    """
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.register(plugin)
    implementations = [
        Implementation(hook=hook, impl=impl, location=_location(plugin, impl.function))
        for hook, caller in sorted(vars(manager.hook).items())
        for impl in caller.get_hookimpls()
    ]
    implemented = {entry.hook for entry in implementations}
    for hook in sorted(set(specs) - implemented):
        if inspect.isroutine(inspect.getattr_static(plugin, hook, None)):
            raise _InvalidPluginError(f"{hook} is not marked with @hookimpl")
    return tuple(implementations)


def _location(plugin: object, function: Callable[..., object]) -> str:
    """Return `file:line` of a hook: of its function, or of the plugin's class if it inherits it."""
    kind = type(plugin)
    location = ""
    if inspect.ismethod(function) and function.__name__ not in vars(kind):
        location = _class_location(kind)  # type: ignore[arg-type]  # a type is hashable
    return location or _code_location(function)


def _code_location(function: Callable[..., object]) -> str:
    code = getattr(inspect.unwrap(function), "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno}" if code else ""


@functools.cache
def _class_location(kind: type[object]) -> str:
    """Return `file:line` of a class; empty if its source is not available."""
    try:
        _, line = inspect.findsource(kind)
        return f"{inspect.getfile(kind)}:{line + 1}"
    except (OSError, TypeError):
        return ""


def _validated(
    candidate: Candidate,
    implementations: tuple[Implementation, ...],
    specs: Mapping[str, HookSpec],
    removed: Mapping[str, str],
) -> Plugin:
    known = tuple(entry for entry in implementations if _is_known(entry, specs, removed))
    for entry, following in itertools.pairwise(known):
        if entry.hook == following.hook:
            raise _InvalidPluginError(
                f"{entry.hook} is implemented twice ({entry.location} and {following.location})"
            )
    if candidate.group == FRAMEWORKS and _FRAMEWORK_HOOK not in {entry.hook for entry in known}:
        raise _InvalidPluginError(
            f"it does not implement {_FRAMEWORK_HOOK}, which every framework must implement"
        )
    remarks = tuple(remark for entry in known for remark in _remarks(entry, specs[entry.hook]))
    return Plugin(candidate=candidate, implementations=known, remarks=remarks)


def _is_known(
    entry: Implementation, specs: Mapping[str, HookSpec], removed: Mapping[str, str]
) -> bool:
    """Return whether this core calls a hook. It skips unknown hooks that are marked as optional.

    Raises:
        _InvalidPluginError: the implementation cannot work, or not as its author expects.
    """
    spec = specs.get(entry.hook)
    if spec is None:
        if not entry.impl.optionalhook:
            raise _InvalidPluginError(_unknown_hook(entry, specs, removed))
        return False
    for option in ("wrapper", "hookwrapper", "tryfirst", "trylast"):
        if getattr(entry.impl, option):
            raise _InvalidPluginError(
                f"{entry.hook} cannot use {option}: the result must not depend on the order of "
                f"plugins ({entry.location})"
            )
    for argument in entry.impl.argnames:
        if argument not in spec.arguments:
            raise _InvalidPluginError(
                f"{entry.hook} has no argument {argument!r} in {CORE_DISTRIBUTION} "
                f"{core_version()}, only: {', '.join(spec.arguments) or 'none'} ({entry.location})"
            )
    return True


def _unknown_hook(entry: Implementation, specs: Iterable[str], removed: Mapping[str, str]) -> str:
    import difflib

    alike = difflib.get_close_matches(entry.hook, specs, n=1)
    if entry.hook in removed:
        advice = f"it was removed: {removed[entry.hook]}"
    elif alike:
        advice = f"did you mean {alike[0]!r}?"
    else:
        advice = "does it require a newer version?"
    core = f"{CORE_DISTRIBUTION} {core_version()}"
    return f"{core} has no hook {entry.hook!r}: {advice} ({entry.location})"


def _remarks(entry: Implementation, spec: HookSpec) -> Iterator[str]:
    """Yield what is deprecated about an implementation."""
    if spec.deprecated:
        yield f"{entry.hook} is deprecated: {spec.deprecated} ({entry.location})"
    for argument, advice in spec.deprecated_arguments:
        if argument in (*entry.impl.argnames, *entry.impl.kwargnames):
            yield (
                f"the argument {argument!r} of {entry.hook} is deprecated: {advice} "
                f"({entry.location})"
            )
