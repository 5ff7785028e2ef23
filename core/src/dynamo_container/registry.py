# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Finding plugins without importing them, loading those that matter, and calling their hooks one by
one.

pluggy registers and validates. Hooks are not called through its multicall, which forgets who said
what: each implementation is called by itself, inside an isolation that turns what goes wrong into
an error with a name on it.
"""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeVar, cast

import importlib_metadata
import pluggy

from dynamo_container import hookspecs
from dynamo_container.errors import ConflictError, DynamoContainerError, PluginError, UsageError
from dynamo_container.provenance import Layer, Said, Source
from dynamo_container.values import Option

FRAMEWORKS: Final = "dynamo_container.frameworks"
OVERLAYS: Final = "dynamo_container.overlays"
LAYERS: Final = {FRAMEWORKS: Layer.FRAMEWORK, OVERLAYS: Layer.OVERLAY}

# Frameworks whose plugins are published beside this core; only used to say what to install.
PUBLISHED: Final = ("none", "sglang", "trtllm", "vllm")
PREFERRED: Final = "vllm"
_NAME: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_PREFIX: Final = "dynamo_container_"

T = TypeVar("T")


def normalize(name: str) -> str:
    """A framework's name as it is compared: lower case, `-` between words."""
    return re.sub(r"[-_.]+", "-", name).lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A plugin that is installed, known from its metadata alone."""

    name: str
    group: str
    value: str
    distribution: str
    version: str
    entry_point: importlib_metadata.EntryPoint | None = field(repr=False, compare=False)

    @property
    def origin(self) -> str:
        """Distribution and version, as messages and sources say them."""
        return f"{self.distribution} {self.version}"

    @property
    def kind(self) -> str:
        """`framework` or `overlay`."""
        return LAYERS[self.group].name.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plugin:
    """A plugin that is imported, validated and registered."""

    candidate: Candidate
    hooks: tuple[tuple[str, pluggy.HookImpl], ...] = field(repr=False)

    def locations(self) -> tuple[tuple[str, str], ...]:
        """Its hooks, and the `file:line` of each."""
        return tuple((name, _location(impl)) for name, impl in self.hooks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A plugin that could not be loaded, and why, in one line."""

    candidate: Candidate
    cause: str

    def __str__(self) -> str:
        return (
            f"plugin {self.candidate.name!r} of {self.candidate.origin} is left out: {self.cause}"
        )


class Registry:
    """The plugins of this environment."""

    def __init__(self, candidates: Iterable[Candidate]) -> None:
        self.candidates = tuple(
            sorted(candidates, key=lambda one: (one.group, one.name, one.distribution))
        )
        self.failures: tuple[Failure, ...] = ()
        self._plugins: dict[Candidate, Plugin] = {}
        self._manager = pluggy.PluginManager(hookspecs.PROJECT)
        self._manager.add_hookspecs(hookspecs)

    @classmethod
    def discover(cls) -> Registry:
        """Read the metadata of what is installed. Nothing is imported."""
        unreadable: list[Failure] = []
        found = [*_candidates(unreadable)]
        registry = cls([*found, *(failure.candidate for failure in unreadable)])
        registry.failures = tuple(unreadable)
        return registry

    @property
    def frameworks(self) -> tuple[str, ...]:
        """Names of the frameworks that are installed, sorted."""
        return tuple(sorted({one.name for one in self.candidates if one.group == FRAMEWORKS}))

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
        if not found:
            package = f"dynamo-container-{wanted}"
            hint = (
                f"pip install {package}"
                if wanted in PUBLISHED
                else f"is its plugin installed? often: pip install {package}"
            )
            raise UsageError(
                f"no installed plugin provides the framework {name!r} (installed: {installed})",
                hint,
            )
        return found.name

    def _named(self, group: str, name: str) -> Candidate | None:
        found = [one for one in self.candidates if one.group == group and one.name == name]
        if len(found) > 1:
            claims = " and ".join(f"{one.origin} ({one.value})" for one in found)
            others = " or ".join(one.distribution for one in found)
            raise ConflictError(
                f"the {found[0].kind} {name!r} is claimed by {claims}",
                f"uninstall one of them: pip uninstall {others}",
            )
        return found[0] if found else None

    def load(self, *frameworks: str) -> None:
        """Load every overlay, and the frameworks that are named.

        An overlay that fails is kept in `failures`, and all else goes on.

        Raises:
            PluginError: a framework that was named cannot be loaded.
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

    def offer(self, *frameworks: str) -> None:
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
            failure = Failure(candidate=candidate, cause=_one_line(error))
            self.failures = (*self.failures, failure)
            return failure
        return None

    def _register(self, candidate: Candidate) -> Plugin:
        assert candidate.entry_point  # else it is a failure already
        with contextlib.redirect_stdout(sys.stderr):
            plugin = candidate.entry_point.load()
        name = f"{candidate.group}:{candidate.name}:{candidate.distribution}"
        try:
            self._manager.register(plugin, name)
            return Plugin(candidate=candidate, hooks=self._validated(plugin, candidate))
        except BaseException:
            if self._manager.has_plugin(name):
                self._manager.unregister(name=name)
            raise

    def _validated(
        self, plugin: object, candidate: Candidate
    ) -> tuple[tuple[str, pluggy.HookImpl], ...]:
        hooks = []
        for caller in self._manager.get_hookcallers(plugin) or ():
            for impl in caller.get_hookimpls():
                if impl.plugin is not plugin:
                    continue
                if not caller.has_spec():
                    if impl.optionalhook:
                        continue
                    raise ValueError(f"there is no hook {caller.name!r}")
                if impl.wrapper or impl.hookwrapper or impl.tryfirst or impl.trylast:
                    raise ValueError(
                        f"{caller.name} asks for a place in the order of calls; order is by name"
                    )
                hooks.append((caller.name, impl))
        names = {name for name, _ in hooks}
        if candidate.group == FRAMEWORKS and f"{_PREFIX}framework" not in names:
            raise ValueError(f"it has no hook {_PREFIX}framework, which every framework has")
        return tuple(hooks)

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

    def say(
        self, hook: str, kind: type[T], framework: str | None, **arguments: object
    ) -> tuple[Said[T], ...]:
        """Call one hook of every plugin that has a say about `framework`.

        Args:
            hook: the hook's name without its prefix.
            kind: what the hook's values are.
            framework: see `plugins()`.
            arguments: the hook's arguments.

        Raises:
            PluginError: an implementation raised, or returned something else.
        """
        return tuple(
            said
            for plugin in self.plugins(framework)
            for said in _say(plugin, hook, kind, arguments)
        )

    def options(self, command: str, frameworks: Iterable[str] | None) -> tuple[Said[Option], ...]:
        """The options of the overlays and of these frameworks, or of all that are loaded.

        A plugin whose hook fails has none: whoever uses the plugin gets the error.
        """
        found: list[Said[Option]] = []
        for plugin in self.plugins():
            if frameworks is None or plugin.candidate.group == OVERLAYS:
                wanted = True
            else:
                wanted = plugin.candidate.name in frameworks
            if wanted:
                with contextlib.suppress(PluginError):
                    found.extend(_say(plugin, "options", Option, {"command": command}))
        return tuple(found)


# Hooks that return one value instead of an iterable of them.
_SINGLE: Final = (f"{_PREFIX}framework", f"{_PREFIX}readiness")


def _say(
    plugin: Plugin, hook: str, kind: type[T], arguments: dict[str, object]
) -> Iterator[Said[T]]:
    name = _PREFIX + hook
    for hook_name, impl in plugin.hooks:
        if hook_name == name:
            source = _source(plugin.candidate, impl)
            for value in _call(plugin.candidate, impl, name, kind, arguments):
                yield Said(value=value, source=source)


def _call(
    candidate: Candidate,
    impl: pluggy.HookImpl,
    hook: str,
    kind: type[T],
    arguments: dict[str, object],
) -> tuple[T, ...]:
    checked: list[T] = []
    try:
        # What a plugin prints must not get into what we print.
        with contextlib.redirect_stdout(sys.stderr):
            result = impl.function(*(arguments[name] for name in impl.argnames))
            if hook in _SINGLE:
                result = () if result is None else (result,)
            # A generator runs here, inside the isolation.
            values = list(cast("Iterable[object]", result or ()))
    except (DynamoContainerError, KeyboardInterrupt):
        raise
    except BaseException as error:  # a hook may even exit
        raise _hook_error(candidate, impl, hook, f"failed: {_one_line(error)}") from error
    for value in values:
        if not isinstance(value, kind):
            what = f"gave a {type(value).__name__} instead of a {kind.__name__}"
            raise _hook_error(candidate, impl, hook, what)
        checked.append(value)
    return tuple(checked)


def _hook_error(candidate: Candidate, impl: pluggy.HookImpl, hook: str, what: str) -> PluginError:
    return PluginError(
        f"plugin {candidate.name!r} of {candidate.origin}: {hook} {what} ({_location(impl)})",
        "this is a fault in the plugin: update it, or tell its author",
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


def _one_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    # pluggy explains itself over several lines; its last one says what is wrong.
    text = (
        lines[-1] if isinstance(error, pluggy.PluginValidationError) and lines else " ".join(lines)
    )
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _candidates(unreadable: list[Failure]) -> Iterable[Candidate]:
    """What is installed; what cannot be read is added to `unreadable`."""
    entries = _entry_points(unreadable)
    for group in (FRAMEWORKS, OVERLAYS):
        for entry in entries.select(group=group):
            distribution, version = _identity(entry.dist)
            yield Candidate(
                name=normalize(entry.name),
                group=group,
                value=entry.value,
                distribution=distribution,
                version=version,
                entry_point=entry,
            )


def _entry_points(unreadable: list[Failure]) -> importlib_metadata.EntryPoints:
    """Every distribution's entry points, whatever is wrong with one of them."""
    # Metadata may hold anything. Where some cannot be read: one by one.
    with contextlib.suppress(Exception):
        return importlib_metadata.entry_points()
    found: list[importlib_metadata.EntryPoint] = []
    for distribution in importlib_metadata.distributions():
        try:
            found.extend(distribution.entry_points)
        except Exception as error:  # noqa: BLE001, PERF203
            name, version = _identity(distribution)
            candidate = Candidate(
                name=normalize(name),
                group=OVERLAYS,
                value="",
                distribution=name,
                version=version,
                entry_point=None,
            )
            cause = f"its metadata cannot be read: {_one_line(error)}"
            unreadable.append(Failure(candidate=candidate, cause=cause))
    return importlib_metadata.EntryPoints(found)


class _HasFiles(Protocol):
    def read_text(self, filename: str, /) -> str | None: ...


def _identity(distribution: _HasFiles | None) -> tuple[str, str]:
    """Name and version of a distribution, from the head of its metadata.

    Asking the distribution itself parses all of it as an e-mail, and takes 50 ms of every start.
    """
    texts = (
        [distribution.read_text(file) for file in ("METADATA", "PKG-INFO")] if distribution else []
    )
    head = next(filter(None, texts), "").partition("\n\n")[0]
    fields = dict(line.partition(": ")[::2] for line in head.splitlines())
    return fields.get("Name", "an unknown distribution"), fields.get("Version", "0")
