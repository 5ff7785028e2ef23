# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The catalog of plugins: names, selection, and exclusion, by metadata alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from dynamo_container.errors import ConflictError, PolicyError, UsageError
from dynamo_container.model.names import (
    CORE_DISTRIBUTION,
    DEV_TARGET,
    LOCAL_DEV_TARGET,
    REPOSITORY,
    RUNTIME_STAGE,
)
from dynamo_container.model.text import known_names
from dynamo_container.plugins.discovery import (
    FRAMEWORKS,
    OVERLAYS,
    Candidate,
    Failure,
    incompatibility,
    known_frameworks,
    normalize,
)

# The two ways to exclude plugins, as users write them.
ALLOW_LIST: Final = "DYNAMO_CONTAINER_PLUGINS"
NO_PLUGIN: Final = "--no-plugin"
_NAME: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


class Catalog(NamedTuple):
    """The installed plugins, as far as their metadata describes them. Use `Catalog.of()`.

    Attributes:
        candidates: the plugins that can be used, sorted by group, name and distribution.
        excluded: the other ones, each with what excludes it: `ALLOW_LIST` or `NO_PLUGIN`.
        unreadable: failures for those of the candidates whose metadata cannot be read.
        not_installed: names on the allow list that match no installed plugin.
        known_frameworks: the frameworks that this core knows, with the distribution of each.
        required: names of the plugins that the policy of this machine requires, or of their
            distributions.
    """

    candidates: tuple[Candidate, ...]
    excluded: tuple[tuple[Candidate, str], ...]
    unreadable: tuple[Failure, ...]
    not_installed: tuple[str, ...]
    known_frameworks: Mapping[str, str]
    required: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        installed: Iterable[Candidate],
        *,
        failures: Iterable[Failure] = (),
        only: Iterable[str] | None = None,
        without: Iterable[str] = (),
        required: Iterable[str] = (),
    ) -> Catalog:
        """Return the catalog of these plugins.

        Args:
            installed: the plugins, in any order.
            failures: for those of them whose metadata cannot be read.
            only: names of the plugins that can be used, or of their distributions; None for all.
            without: names of plugins that must not be used, or of their distributions.
            required: names of the plugins that cannot be excluded, or of their distributions.

        Raises:
            UsageError: `without` contains a name that matches no installed plugin.
            PolicyError: `without` contains the name of a plugin that is required.
        """
        ordered = sorted(installed, key=lambda entry: (entry.group, entry.name, entry.distribution))
        allowed = None if only is None else tuple(only)
        needed = tuple(required)
        excluded = tuple(_excluded(ordered, allowed, tuple(without), needed))
        out = {candidate for candidate, _ in excluded}
        return cls(
            candidates=tuple(candidate for candidate in ordered if candidate not in out),
            excluded=excluded,
            unreadable=tuple(failure for failure in failures if failure.candidate not in out),
            not_installed=tuple(
                name
                for name in allowed or ()
                if not any(candidate.matches(name) for candidate in ordered)
            ),
            known_frameworks=known_frameworks(),
            required=needed,
        )

    @property
    def frameworks(self) -> tuple[str, ...]:
        """Names of the installed frameworks, sorted."""
        return self._names(FRAMEWORKS)

    @property
    def overlays(self) -> tuple[str, ...]:
        """Names of the installed overlays, sorted."""
        return self._names(OVERLAYS)

    def is_required(self, candidate: Candidate) -> bool:
        """Whether the policy of this machine requires a plugin."""
        return any(candidate.matches(name) for name in self.required)

    def require_installed(self) -> None:
        """Require that the plugins are installed that the policy of this machine requires.

        Raises:
            PolicyError: one is not.
        """
        for name in self.required:
            if not any(candidate.matches(name) for candidate in self.candidates):
                raise PolicyError(
                    f"the policy of this machine requires the plugin {name!r}, which is not "
                    "installed",
                    "install it, or ask the administrator of this machine",
                )

    def _names(self, group: str) -> tuple[str, ...]:
        names = {candidate.name for candidate in self.candidates if candidate.group == group}
        return tuple(sorted(names))

    def default_framework(self) -> str:
        """Return the framework of a command that names none: the only one that is installed, else
        the one whose distribution declares it as the default.

        Raises:
            UsageError: no framework is installed, or several without a default.
            ConflictError: several distributions declare a default.
        """
        names = self.frameworks
        if len(names) == 1:
            return names[0]
        if not names:
            known = ", ".join(self.known_frameworks.values())
            raise UsageError(
                "no framework plugin is installed", f"install one (pip install NAME): {known}"
            )
        choice = f"name one of: {', '.join(names)}"
        defaults = {entry.name: entry for entry in self.candidates if entry.default}
        if len(defaults) == 1:
            return next(iter(defaults))
        if not defaults:
            raise UsageError("no framework is named, and several are installed", choice)
        claims = " and ".join(f"{entry.name!r} by {entry.origin}" for entry in defaults.values())
        raise ConflictError(
            f"no framework is named, and several are declared as the default: {claims}", choice
        )

    def framework(self, name: str) -> str:
        """Return the name of an installed framework as it is registered.

        Raises:
            UsageError: no such framework is installed.
            ConflictError: several distributions provide it.
        """
        wanted = normalize(name)
        candidate = self.select(FRAMEWORKS, wanted)
        if candidate is None:
            raise self._framework_not_found(wanted)
        return candidate.name

    def select(self, group: str, name: str) -> Candidate | None:
        """Return the plugin with this normalized name; None if there is none.

        Raises:
            ConflictError: several distributions provide it.
        """
        matches = [
            candidate
            for candidate in self.candidates
            if candidate.group == group and candidate.name == name
        ]
        if len(matches) > 1:
            claims = " and by ".join(candidate.with_location for candidate in matches)
            exclusions = " or ".join(f"{NO_PLUGIN} {entry.distribution}" for entry in matches)
            raise ConflictError(
                f"the {matches[0].kind} {name!r} is provided by {claims}",
                f"uninstall one of them (pip uninstall), or exclude it: {exclusions}",
            )
        return matches[0] if matches else None

    def _framework_not_found(self, name: str) -> UsageError:
        names = ", ".join(self.frameworks)
        installed = f"installed frameworks: {names}" if names else "no framework is installed"
        if not _NAME.fullmatch(name):
            # It can be a URL with a password that was meant for an option, so do not show it.
            return UsageError("the framework's name is not a valid name", installed)
        for candidate, reason in self.excluded:
            if (candidate.group, candidate.name) == (FRAMEWORKS, name):
                return UsageError(
                    f"the framework {name!r} ({candidate.origin}) is excluded by {reason}",
                    f"allow it, or use another one; {installed}",
                )
        if name in self.known_frameworks:
            return UsageError(
                f"the framework {name!r} is not installed ({installed})",
                f"pip install {self.known_frameworks[name]}",
            )
        return UsageError(f"framework {name!r} not found ({installed})", self._suggestion(name))

    def _suggestion(self, name: str) -> str:
        """Return the next step if a framework is neither installed nor known. Only distributions
        that the core's own metadata names are ever advised.
        """
        import difflib

        missing = {
            framework: f"pip install {distribution}"
            for framework, distribution in self.known_frameworks.items()
            if framework not in self.frameworks
        }
        names = {_plain(known): known for known in (*self.frameworks, *missing)}
        if alike := difflib.get_close_matches(_plain(name), names, n=1):
            meant = names[alike[0]]
            command = f" ({missing[meant]})" if meant in missing else ""
            return f"did you mean {meant!r}?{command}"
        known = f"; known ones that are not installed: {', '.join(missing)}" if missing else ""
        return f"install the plugin that provides it{known}"

    def excluded_overlays(self) -> str:
        """Return the names of the overlays that are not on the allow list, separated by commas."""
        return ", ".join(
            candidate.name
            for candidate, reason in self.excluded
            if candidate.group == OVERLAYS and reason == ALLOW_LIST
        )

    def metadata_failures(self) -> tuple[Failure, ...]:
        """Return failures for the plugins that cannot be used according to their metadata.

        The causes: the metadata cannot be read, it requires another core, or several distributions
        provide one name.
        """
        failures = ((entry, self._metadata_problem(entry)) for entry in self.candidates)
        return tuple(Failure(candidate=entry, cause=cause) for entry, cause in failures if cause)

    def _metadata_problem(self, candidate: Candidate) -> str:
        for failure in self.unreadable:
            if failure.candidate == candidate:
                return failure.cause
        rivals = [
            other.origin
            for other in self.candidates
            if (other.group, other.name) == (candidate.group, candidate.name)
            and other is not candidate
        ]
        if rivals:
            return f"its name is provided by {' and '.join(rivals)} too"
        return incompatibility(candidate)

    def warnings(self) -> Iterator[str]:
        """Yield what users should know about the allow list."""
        for name in self.not_installed:
            yield f"{ALLOW_LIST} contains {name!r}, which is not installed"

    def impostor_warning(self, candidate: Candidate) -> str:
        """Return a warning if another distribution than the known one provides a known framework;
        empty if not.
        """
        known = self.known_frameworks.get(candidate.name)
        if candidate.group != FRAMEWORKS or known in (None, normalize(candidate.distribution)):
            return ""
        return (
            f"the framework {candidate.name!r} is provided by {candidate.with_location}, "
            f"not by {known}"
        )


def _plain(name: str) -> str:
    """Return what distinguishes a framework's name: `dynamo-trt-llm-runtime` is about `trtllm`."""
    for prefix in (f"{CORE_DISTRIBUTION}-", f"{REPOSITORY}-"):
        name = name.removeprefix(prefix)
    for stage in (RUNTIME_STAGE, LOCAL_DEV_TARGET, DEV_TARGET):
        name = name.removesuffix(f"-{stage}")
    return name.replace("-", "")


def _excluded(
    installed: list[Candidate],
    allowed: tuple[str, ...] | None,
    without: tuple[str, ...],
    required: tuple[str, ...],
) -> Iterator[tuple[Candidate, str]]:
    for name in without:
        if not any(candidate.matches(name) for candidate in installed):
            names = {candidate.name for candidate in installed}
            raise UsageError(
                f"{NO_PLUGIN} {name}: plugin not found",
                known_names(name, names, "installed plugins"),
            )
    for candidate in installed:
        needed = any(candidate.matches(name) for name in required)
        if any(candidate.matches(name) for name in without):
            if needed:
                raise PolicyError(
                    f"{NO_PLUGIN} {candidate.name}: the policy of this machine requires the plugin",
                    "omit the option, or ask the administrator of this machine",
                )
            yield candidate, NO_PLUGIN
        elif not (needed or allowed is None or any(map(candidate.matches, allowed))):
            yield candidate, ALLOW_LIST
