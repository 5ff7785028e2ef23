# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Loading the plugins that matter, and calling their hooks one by one.

pluggy finds the implementations and knows the specifications. Hooks are not called through its
multicall, which forgets who said what: each implementation is called by itself, inside an isolation
that turns what goes wrong into an error with a name on it.
"""

from __future__ import annotations

import contextlib
import inspect
import itertools
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, Final, TypeVar, cast, overload

import pluggy

from dynamo_container.errors import ConflictError, DynamoContainerError, PluginError, UsageError
from dynamo_container.model.provenance import Contribution, Source
from dynamo_container.model.requests import BuildRequest, CheckRequest, RunRequest
from dynamo_container.model.types import wrong_field
from dynamo_container.model.values import Option
from dynamo_container.plugins import hookspecs
from dynamo_container.plugins.discovery import (
    CORE,
    FRAMEWORKS,
    LAYERS,
    OVERLAYS,
    Candidate,
    Failure,
    core_version,
    discover,
    incompatibility,
    normalize,
    one_line,
)

# Frameworks whose plugins are published beside this core, each as `dynamo-container-<name>`; only
# used to say what to install, and what is a stranger's.
PUBLISHED: Final = ("none", "sglang", "trtllm", "vllm")
PREFERRED: Final = "vllm"
# What leaves plugins out, as users write it.
ALLOW_LIST: Final = "DYNAMO_CONTAINER_PLUGINS"
NO_PLUGIN: Final = "--no-plugin"
_NAME: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_PREFIX: Final = "dynamo_container_"
# No plugin has so much to say: it is a generator without an end.
_MOST_VALUES: Final = 10_000

R = TypeVar("R", BuildRequest, RunRequest, CheckRequest)
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plugin:
    """A plugin that is imported and validated.

    Attributes:
        candidate: what its metadata says.
        hooks: its implementations, by the hook's name.
        remarks: what its author should know: hooks and arguments that are deprecated.
    """

    candidate: Candidate
    hooks: tuple[tuple[str, pluggy.HookImpl], ...] = field(repr=False)
    remarks: tuple[str, ...] = ()

    def locations(self) -> tuple[tuple[str, str], ...]:
        """Its hooks, and the `file:line` of each."""
        return tuple((name, _location(impl)) for name, impl in self.hooks)


class Registry:
    """The plugins of this environment.

    Args:
        candidates: what is installed.
        failures: those of them whose metadata could not be read.
        only: names of the plugins that may be used, or of their distributions; all where None.
        without: names of those that may not.
        specifications: the hooks: a module as `dynamo_container.hookspecs`.

    Raises:
        UsageError: `without` names what is not installed.
    """

    def __init__(
        self,
        candidates: Iterable[Candidate],
        *,
        failures: Iterable[Failure] = (),
        only: Iterable[str] | None = None,
        without: Iterable[str] = (),
        specifications: ModuleType | type = hookspecs,
    ) -> None:
        installed = sorted(candidates, key=lambda one: (one.group, one.name, one.distribution))
        self.left_out = tuple(_left_out(installed, only, tuple(without)))
        out = {candidate for candidate, _ in self.left_out}
        self.candidates = tuple(one for one in installed if one not in out)
        self.failures = tuple(one for one in failures if one.candidate not in out)
        self.unknown = tuple(
            name for name in only or () if not any(one.is_called(name) for one in installed)
        )
        self._plugins: dict[Candidate, Plugin] = {}
        self._unanswered: dict[Candidate, PluginError] = {}
        self._hooks = _specifications(specifications)
        self._removed: Mapping[str, str] = getattr(specifications, "REMOVED", {})

    @classmethod
    def discover(
        cls, *, only: Iterable[str] | None = None, without: Iterable[str] = ()
    ) -> Registry:
        """Read the metadata of what is installed. Nothing is imported."""
        candidates, failures = discover()
        return cls(candidates, failures=failures, only=only, without=without)

    @property
    def frameworks(self) -> tuple[str, ...]:
        """Names of the frameworks that are installed, sorted."""
        return tuple(sorted({one.name for one in self.candidates if one.group == FRAMEWORKS}))

    @property
    def known_frameworks(self) -> tuple[str, ...]:
        """Names of the frameworks that are published."""
        return PUBLISHED

    def default_framework(self) -> str:
        """The framework of a command that names none: vllm if it is installed, else the only one.

        Raises:
            UsageError: there is none, or more than one to choose from.
        """
        names = self.frameworks
        if PREFERRED in names:
            return PREFERRED
        if len(names) == 1:
            return names[0]
        if not names:
            raise UsageError(
                "no framework plugin is installed",
                f"for example: pip install dynamo-container-{PREFERRED}",
            )
        raise UsageError(
            "no framework is named, and several are installed", f"name one of: {', '.join(names)}"
        )

    def framework(self, name: str) -> str:
        """The name as it is registered.

        Raises:
            UsageError: nothing installed provides it.
            ConflictError: more than one distribution does.
        """
        wanted = normalize(name)
        found = self._named(FRAMEWORKS, wanted)
        installed = ", ".join(self.frameworks) or "none at all"
        if not _NAME.fullmatch(wanted):
            # Not shown: it may be a URL with a password that belongs to an option.
            raise UsageError(
                "what stands in the place of a framework is none",
                f"installed frameworks: {installed}",
            )
        if found:
            return found.name
        for candidate, reason in self.left_out:
            if (candidate.group, candidate.name) == (FRAMEWORKS, wanted):
                raise UsageError(
                    f"the framework {wanted!r} of {candidate.origin} is left out by {reason}",
                    f"allow it, or name one of: {installed}",
                )
        package = f"dynamo-container-{wanted}"
        hint = (
            f"pip install {package}"
            if wanted in PUBLISHED
            else f"is its plugin installed? often: pip install {package}"
        )
        raise UsageError(
            f"no installed plugin provides the framework {name!r} (installed: {installed})", hint
        )

    def _named(self, group: str, name: str) -> Candidate | None:
        found = [one for one in self.candidates if one.group == group and one.name == name]
        if len(found) > 1:
            claims = " and by ".join(one.claim for one in found)
            ways = " or ".join(f"{NO_PLUGIN} {one.distribution}" for one in found)
            raise ConflictError(
                f"the {found[0].kind} {name!r} is claimed by {claims}",
                f"uninstall one of them (pip uninstall), or leave it out: {ways}",
            )
        return found[0] if found else None

    def load(self, *frameworks: str) -> None:
        """Load every overlay, and the frameworks that are named.

        An overlay that fails is kept in `failures`, and all else goes on.

        Raises:
            PluginError: a framework that was named cannot be loaded, or a plugin that is used
                failed when it was asked for its options.
            UsageError, ConflictError: as `framework()`; a conflict between overlays too.
        """
        for name in sorted({one.name for one in self.candidates if one.group == OVERLAYS}):
            candidate = self._named(OVERLAYS, name)
            if candidate:
                self._load_or_leave(candidate)
        for name in frameworks:
            candidate = self._named(FRAMEWORKS, self.framework(name))
            if candidate and (failure := self._load_or_leave(candidate)):
                self.failures = tuple(one for one in self.failures if one is not failure)
                raise PluginError(
                    f"plugin {candidate.name!r} of {candidate.origin} cannot be loaded: "
                    f"{failure.cause}",
                    f"mend or update it: pip install --upgrade {candidate.distribution}",
                )
        self.refuse_unanswered(frameworks)

    def refuse_unanswered(self, frameworks: Iterable[str]) -> None:
        """Raise what `options()` passed over, where it is about a plugin that is used.

        Raises:
            PluginError: an overlay, or the plugin of one of these frameworks, failed.
        """
        names = {normalize(name) for name in frameworks}
        for candidate, error in self._unanswered.items():
            if candidate.group == OVERLAYS or candidate.name in names:
                raise error

    def try_load(self, *frameworks: str) -> None:
        """Load every overlay and these frameworks as far as they can be loaded; raises nothing."""
        for candidate in self.candidates:
            if candidate.group == OVERLAYS or candidate.name in frameworks:
                self._load_or_leave(candidate)

    def load_all(self) -> None:
        """Load every plugin that can be loaded; the others are in `failures`."""
        for candidate in self.candidates:
            self._load_or_leave(candidate)

    def _load_or_leave(self, candidate: Candidate) -> Failure | None:
        if candidate in self._plugins:
            return None
        for failure in self.failures:
            if failure.candidate == candidate:
                return failure
        try:
            self._plugins[candidate] = self._register(candidate)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001  # at import a plugin may even exit
            cause = str(error) if isinstance(error, _UnfitError) else one_line(error)
            failure = Failure(candidate=candidate, cause=cause)
            self.failures = (*self.failures, failure)
            return failure
        return None

    def _register(self, candidate: Candidate) -> Plugin:
        if reason := incompatibility(candidate):
            raise _UnfitError(reason)
        # What a plugin prints must not get into what we print.
        with contextlib.redirect_stdout(sys.stderr):
            found = _implementations(_imported(candidate), self._hooks)
        hooks = tuple((name, impl) for name, impl in found if self._is_known(name, impl))
        if candidate.group == FRAMEWORKS and f"{_PREFIX}framework" not in dict(hooks):
            raise _UnfitError(f"it has no hook {_PREFIX}framework, which every framework has")
        return Plugin(candidate=candidate, hooks=hooks, remarks=tuple(self._remarks(hooks)))

    def _is_known(self, name: str, impl: pluggy.HookImpl) -> bool:
        """Whether this core calls a hook; one that is optional may be of another version.

        Raises:
            _UnfitError: it cannot work, or not as its author thinks.
        """
        if name not in self._hooks:
            if not impl.optionalhook:
                raise _UnfitError(self._unknown_hook(name, impl))
            return False
        place = f"({_location(impl)})"
        if impl.wrapper or impl.hookwrapper or impl.tryfirst or impl.trylast:
            raise _UnfitError(
                f"{name} asks for a place in the order of calls; order is by name {place}"
            )
        takes = self._hooks[name].arguments
        for argument in impl.argnames:
            if argument not in takes:
                raise _UnfitError(
                    f"{name} wants the argument {argument!r}, and in {CORE} {core_version()} it "
                    f"has: {', '.join(takes) or 'none'} {place}"
                )
        return True

    def _unknown_hook(self, name: str, impl: pluggy.HookImpl) -> str:
        import difflib

        alike = difflib.get_close_matches(name, self._hooks, n=1)
        if name in self._removed:
            advice = f"it was removed: {self._removed[name]}"
        elif alike:
            advice = f"is it {alike[0]!r}?"
        else:
            advice = "is it one of a newer version?"
        return f"{CORE} {core_version()} has no hook {name!r}: {advice} ({_location(impl)})"

    def _remarks(self, hooks: Iterable[tuple[str, pluggy.HookImpl]]) -> Iterator[str]:
        """What is deprecated of what a plugin implements, as the specifications say it."""
        for name, impl in hooks:
            place = f"({_location(impl)})"
            known = self._hooks[name]
            if known.deprecated:
                yield f"{name} is deprecated: {known.deprecated} {place}"
            for argument, instead in known.deprecated_arguments:
                if argument in (*impl.argnames, *impl.kwargnames):
                    yield f"the argument {argument!r} of {name} is deprecated: {instead} {place}"

    def plugins(self, framework: str | None = None) -> tuple[Plugin, ...]:
        """The loaded plugins that have a say about a framework: its own and the overlays; all where
        None.
        """
        return tuple(
            self._plugins[one]
            for one in self.candidates
            if one in self._plugins
            and (framework is None or one.group == OVERLAYS or one.name == framework)
        )

    def excluded_overlays(self) -> str:
        """The overlays that are not on the list of those that may be used."""
        return ", ".join(
            one.name
            for one, reason in self.left_out
            if one.group == OVERLAYS and reason == ALLOW_LIST
        )

    def warnings(self) -> tuple[str, ...]:
        """What a user should know of the plugins that are loaded or failed: who is left out and
        why, what is deprecated, and a published framework's name in a stranger's hands.
        """
        plugins = self.plugins()
        strangers = (
            f"the framework {one.name!r} is that of {one.claim}, not of dynamo-container-{one.name}"
            for one in (plugin.candidate for plugin in plugins)
            if one.group == FRAMEWORKS
            and one.name in PUBLISHED
            and normalize(one.distribution) != f"dynamo-container-{one.name}"
        )
        return (
            *(f"{ALLOW_LIST} names {name!r}, which is not installed" for name in self.unknown),
            *map(str, self.failures),
            *strangers,
            *(
                f"plugin {plugin.candidate.name!r} of {plugin.candidate.origin}: {remark}"
                for plugin in plugins
                for remark in plugin.remarks
            ),
        )

    @overload
    def call(self, hook: Callable[[R], Iterable[T]], request: R) -> tuple[Contribution[T], ...]: ...
    @overload
    def call(self, hook: Callable[[R], T], request: R) -> tuple[Contribution[T], ...]: ...
    def call(self, hook: Callable[..., object], request: R) -> tuple[Contribution[Any], ...]:
        """Call a hook that takes a request, of every loaded plugin that contributes to it.

        Args:
            hook: the hook's specification, a function of `plugins.hookspecs`.
            request: whose `framework` selects the plugins; see `plugins()`.

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
        self, framework: str | None, hook: Callable[..., T], **arguments: object
    ) -> tuple[Contribution[T], ...]: ...
    def call_for(
        self, framework: str | None, hook: Callable[..., object], **arguments: object
    ) -> tuple[Contribution[Any], ...]:
        """Call a hook with any arguments, of every loaded plugin that contributes to a framework.

        Raises:
            PluginError: as `call`.
        """
        return tuple(
            contribution
            for plugin in self.plugins(framework)
            for contribution in _call_plugin(plugin, hook.__name__, arguments)
        )

    def options(
        self, command: str, frameworks: Iterable[str] | None
    ) -> tuple[Contribution[Option], ...]:
        """The options of the overlays and of these frameworks, or of all that are loaded.

        A plugin whose hook fails has none: whoever uses the plugin gets the error, from `load()`.
        """
        found: list[Contribution[Option]] = []
        for plugin in self.plugins():
            if frameworks is None or plugin.candidate.group == OVERLAYS:
                wanted = True
            else:
                wanted = plugin.candidate.name in frameworks
            if wanted:
                try:
                    found.extend(
                        _call_plugin(plugin, "dynamo_container_options", {"command": command})
                    )
                except PluginError as error:
                    self._unanswered[plugin.candidate] = error
        return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Specification:
    """What a plugin may implement.

    Attributes:
        arguments: names of what the hook is called with.
        deprecated: what to use instead of the hook; empty where it stays.
        deprecated_arguments: arguments that go, and what to use instead.
    """

    arguments: tuple[str, ...]
    deprecated: str = ""
    deprecated_arguments: tuple[tuple[str, str], ...] = ()


def _specifications(module: ModuleType | type) -> dict[str, _Specification]:
    """The hooks of a module, by name, as pluggy's markers say it."""
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(module)
    found = {}
    for name, caller in vars(manager.hook).items():
        if isinstance(caller, pluggy.HookCaller) and caller.spec:
            going = caller.spec.warn_on_impl_args or {}
            found[name] = _Specification(
                arguments=tuple(caller.spec.argnames),
                deprecated=str(caller.spec.warn_on_impl or ""),
                deprecated_arguments=tuple((one, str(why)) for one, why in sorted(going.items())),
            )
    return found


class _UnfitError(Exception):
    """A plugin cannot be used; the message says why in words of ours."""


def _left_out(
    installed: list[Candidate], only: Iterable[str] | None, without: tuple[str, ...]
) -> Iterator[tuple[Candidate, str]]:
    """The plugins that are not to be used, and what says so."""
    for name in without:
        if not any(one.is_called(name) for one in installed):
            names = ", ".join(sorted({one.name for one in installed})) or "none"
            raise UsageError(
                f"{NO_PLUGIN} {name}: no such plugin is installed", f"installed: {names}"
            )
    allowed = None if only is None else tuple(only)
    for one in installed:
        if any(one.is_called(name) for name in without):
            yield one, NO_PLUGIN
        elif allowed is not None and not any(one.is_called(name) for name in allowed):
            yield one, ALLOW_LIST


def _imported(candidate: Candidate) -> object:
    """What the entry point of a plugin names.

    Raises:
        _UnfitError: nothing that a plugin can be. Beyond that, whatever its import raises.
    """
    assert candidate.entry_point  # else it is a failure already
    if not re.fullmatch(r"[\w.]+(\s*:\s*[\w.]+)?", candidate.value):
        raise _UnfitError(f"its entry point is none: {candidate.value!r}")
    try:
        plugin: object = candidate.entry_point.load()
    except ModuleNotFoundError as error:
        if not error.name or not f"{candidate.entry_point.module}.".startswith(f"{error.name}."):
            raise
        raise _UnfitError(
            f"its entry point is {candidate.value}, and there is no module {error.name}"
        ) from error
    except AttributeError as error:
        module = candidate.entry_point.module
        if module not in sys.modules:  # raised by the module itself
            raise
        raise _UnfitError(
            f"its entry point is {candidate.value}, and {module} has no such thing"
        ) from error
    if plugin is None or inspect.isclass(plugin):
        what = "a class" if plugin else "None"
        raise _UnfitError(
            f"its entry point {candidate.value} is {what}; it takes a module or an instance"
        )
    return plugin


def _implementations(
    plugin: object, specifications: Iterable[str]
) -> tuple[tuple[str, pluggy.HookImpl], ...]:
    """The hooks that a plugin implements, by name.

    Each plugin has a manager of its own, without specifications: what is wrong with it is told in
    our words, and one module may be the plugin of several names.
    """
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.register(plugin)
    found = sorted(
        (
            (caller.name, impl)
            for caller in manager.get_hookcallers(plugin) or ()
            for impl in caller.get_hookimpls()
        ),
        key=lambda one: (one[0], _location(one[1])),
    )
    for name in sorted(set(specifications) - {name for name, _ in found}):
        if inspect.isroutine(inspect.getattr_static(plugin, name, None)):
            raise _UnfitError(f"{name} is not marked with @hookimpl")
    return tuple(found)


def _call_plugin(
    plugin: Plugin, hook: str, arguments: Mapping[str, object]
) -> Iterator[Contribution[Any]]:
    for name, impl in plugin.hooks:
        if name == hook:
            source = _source(plugin.candidate, impl)
            for value in _call(plugin.candidate, impl, name, arguments):
                yield Contribution(value=value, source=source)


def _call(
    candidate: Candidate,
    impl: pluggy.HookImpl,
    hook: str,
    arguments: Mapping[str, object],
) -> tuple[object, ...]:
    spec = hookspecs.SPECS[hook]
    # An argument with a default is one that the plugin can do without: an older core has it not.
    known = {name: arguments[name] for name in impl.kwargnames if name in arguments}
    try:
        with contextlib.redirect_stdout(sys.stderr):
            result = impl.function(*(arguments[name] for name in impl.argnames), **known)
            if spec.single:
                result = () if result is None else (result,)
            # A generator runs here, inside the isolation.
            given = cast("Iterable[object]", result or ())
            values = list(itertools.islice(given, _MOST_VALUES + 1))
    except (DynamoContainerError, KeyboardInterrupt):
        raise
    except BaseException as error:  # a hook may even exit
        raise _hook_error(candidate, impl, hook, f"failed: {one_line(error)}") from error
    if len(values) > _MOST_VALUES:
        raise _hook_error(candidate, impl, hook, f"gave more than {_MOST_VALUES} values")
    for value in values:
        if not isinstance(value, spec.returns):
            what = f"gave a {type(value).__name__} instead of a {spec.returns.__name__}"
            raise _hook_error(candidate, impl, hook, what)
        if cause := wrong_field(value):
            raise _hook_error(candidate, impl, hook, f"gave a value whose {cause}")
    return tuple(values)


def _hook_error(candidate: Candidate, impl: pluggy.HookImpl, hook: str, what: str) -> PluginError:
    without = f"; without it: {NO_PLUGIN} {candidate.name}" if candidate.group == OVERLAYS else ""
    return PluginError(
        f"plugin {candidate.name!r} of {candidate.origin}: {hook} {what} ({_location(impl)})",
        f"this is a fault in the plugin: update it, or tell its author{without}",
    )


def _source(candidate: Candidate, impl: pluggy.HookImpl) -> Source:
    return Source(
        layer=LAYERS[candidate.group],
        name=candidate.name,
        distribution=candidate.origin,
        location=_location(impl),
    )


def _location(impl: pluggy.HookImpl) -> str:
    code = getattr(impl.function, "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno}" if code else ""
