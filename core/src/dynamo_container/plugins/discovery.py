# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Which plugins are installed, as the metadata of distributions says it. Nothing is imported."""

from __future__ import annotations

import contextlib
import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Protocol

import importlib_metadata

from dynamo_container.model.provenance import Layer

CORE: Final = "dynamo-container"
FRAMEWORKS: Final = "dynamo_container.frameworks"
OVERLAYS: Final = "dynamo_container.overlays"
LAYERS: Final = {FRAMEWORKS: Layer.FRAMEWORK, OVERLAYS: Layer.OVERLAY}

# A requirement of this core, in any spelling of its name, with what follows the name.
_OF_CORE: Final = re.compile(r"dynamo[-_.]+container\s*([\[(<>=!~;].*)?", re.IGNORECASE)
_CLAUSE: Final = re.compile(r"\s*(>=|<)\s*(\d+(?:\.\d+)*)\s*")
_RELEASE: Final = re.compile(r"\d+(?:\.\d+)*")


class _Distribution(Protocol):
    """What is asked of a distribution."""

    @property
    def entry_points(self) -> importlib_metadata.EntryPoints: ...

    def read_text(self, filename: str, /) -> str | None: ...


def normalize(name: str) -> str:
    """A name as it is compared: lower case, `-` between words."""
    return re.sub(r"[-_.]+", "-", name).lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A plugin that is installed, known from its metadata alone.

    Attributes:
        name: as users say it; a framework's is the framework's.
        group: the group of entry points that it is in.
        value: what the entry point names: `package.module` or `package.module:object`.
        distribution, version: what was installed.
        folder: where it was installed.
        requires: its requirements of this core, as its metadata writes them.
        entry_point: None where the metadata could not be read.
    """

    name: str
    group: str
    value: str
    distribution: str
    version: str
    folder: str = ""
    requires: tuple[str, ...] = ()
    entry_point: importlib_metadata.EntryPoint | None = field(repr=False, compare=False)

    @property
    def origin(self) -> str:
        """Distribution and version, as messages and sources say them."""
        return f"{self.distribution} {self.version}"

    @property
    def kind(self) -> str:
        """`framework` or `overlay`."""
        return LAYERS[self.group].name.lower()

    @property
    def claim(self) -> str:
        """Who it is and where, for messages about names."""
        place = f" in {self.folder}" if self.folder else ""
        return f"{self.origin} ({self.value}{place})"

    def is_called(self, name: str) -> bool:
        """Whether a user who says this name means it: its own, or its distribution's."""
        return normalize(name) in (self.name, normalize(self.distribution))


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A plugin that could not be loaded, and why, in one line."""

    candidate: Candidate
    cause: str

    def __str__(self) -> str:
        return (
            f"plugin {self.candidate.name!r} of {self.candidate.origin} is left out: {self.cause}"
        )


def discover() -> tuple[tuple[Candidate, ...], tuple[Failure, ...]]:
    """The plugins that are installed, and those whose metadata cannot be read."""
    unreadable: list[Failure] = []
    entries = _entry_points(unreadable)
    found = [
        _candidate(entry, group, unreadable)
        for group in (FRAMEWORKS, OVERLAYS)
        for entry in entries.select(group=group)
    ]
    unnamed = (one.candidate for one in unreadable if one.candidate not in found)
    return (*found, *unnamed), tuple(unreadable)


def incompatibility(candidate: Candidate) -> str:
    """Why a plugin is not for this core, as its metadata says it; empty where it is."""
    for requirement in candidate.requires:
        fits = _fits(requirement, core_version())
        if fits is None:
            return f"what it asks of {CORE} cannot be read: {requirement!r}"
        if not fits:
            plain = requirement.partition(";")[0].strip()
            return f"it asks for {plain}, and this is {CORE} {core_version()}"
    return ""


@functools.cache
def core_version() -> str:
    """The version of this core."""
    own = importlib_metadata.distribution(CORE)
    return _identity(own, _head(own))[1]


def _fits(requirement: str, version: str) -> bool | None:
    """Whether a version satisfies a requirement; None where the requirement is none."""
    plain = _plainly_fits((_OF_CORE.fullmatch(requirement) or [""])[1] or "", version)
    if plain is not None:
        return plain
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        parsed = Requirement(requirement)
    except InvalidRequirement:
        return None
    if parsed.marker and not parsed.marker.evaluate({"extra": ""}):
        return True
    return parsed.specifier.contains(version, prereleases=True)


def _plainly_fits(specifier: str, version: str) -> bool | None:
    """The same for what nearly every plugin says, such as `<0.2,>=0.1`; None where it takes
    packaging, whose import is a tenth of a dry run.
    """
    clauses = [_CLAUSE.fullmatch(one) for one in specifier.split(",")] if specifier else []
    if not _RELEASE.fullmatch(version) or None in clauses:
        return None
    return all(
        (_numbers(version) >= _numbers(clause[2])) == (clause[1] == ">=")
        for clause in clauses
        if clause
    )


def _numbers(release: str) -> tuple[int, ...]:
    numbers = [int(one) for one in release.split(".")]
    while numbers and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)


def _candidate(
    entry: importlib_metadata.EntryPoint, group: str, unreadable: list[Failure]
) -> Candidate:
    head = _head(entry.dist)
    distribution, version = _identity(entry.dist, head)
    candidate = Candidate(
        name=normalize(entry.name),
        group=group,
        value=entry.value,
        distribution=distribution,
        version=version,
        folder=str(entry.dist.locate_file("")).rstrip("/") if entry.dist else "",
        requires=tuple(
            value for key, value in head if key == "Requires-Dist" and _OF_CORE.fullmatch(value)
        ),
        entry_point=entry,
    )
    if not head:
        unreadable.append(Failure(candidate=candidate, cause="its metadata cannot be read"))
    return candidate


def _entry_points(unreadable: list[Failure]) -> importlib_metadata.EntryPoints:
    """Every distribution's entry points, whatever is wrong with one of them; what cannot be read
    is added to `unreadable`.
    """
    # Metadata may hold anything. Where some cannot be read: one by one.
    with contextlib.suppress(Exception):
        return importlib_metadata.entry_points()
    found: list[importlib_metadata.EntryPoint] = []
    for distribution, (name, version) in _distributions():
        try:
            found.extend(distribution.entry_points)
        except Exception as error:  # noqa: BLE001, PERF203
            candidate = Candidate(
                name=normalize(name),
                group=OVERLAYS,
                value="",
                distribution=name,
                version=version,
                entry_point=None,
            )
            cause = f"its metadata cannot be read: {one_line(error)}"
            unreadable.append(Failure(candidate=candidate, cause=cause))
    return importlib_metadata.EntryPoints(found)


def _distributions() -> Iterator[tuple[_Distribution, tuple[str, str]]]:
    """What is installed, with its name and version; of a name that is installed twice the one that
    Python would import.
    """
    seen = set()
    for distribution in importlib_metadata.distributions():
        identity = _identity(distribution, _head(distribution))
        if normalize(identity[0]) not in seen:
            seen.add(normalize(identity[0]))
            yield distribution, identity


def _identity(distribution: _Distribution | None, head: list[tuple[str, str]]) -> tuple[str, str]:
    """Name and version of a distribution; by its folder's name where its metadata says none."""
    fields = dict(reversed(head))
    folder = str(getattr(distribution, "_path", "")).rpartition("/")[2]
    name, _, version = folder.rpartition(".")[0].partition("-")
    return (
        fields.get("Name") or name.replace("_", "-") or "an unknown distribution",
        fields.get("Version") or version or "0",
    )


def _head(distribution: _Distribution | None) -> list[tuple[str, str]]:
    """The fields at the head of a distribution's metadata; empty where it cannot be read.

    Asking the distribution itself parses all of it as an e-mail, and takes 50 ms of every start.
    """
    files = ("METADATA", "PKG-INFO") if distribution else ()
    text = ""
    # Not even a text, or a folder in its place: then it has none.
    with contextlib.suppress(Exception):
        texts = (distribution.read_text(file) for file in files if distribution)
        text = next(filter(None, texts), "")
    lines = (line.partition(": ") for line in text.partition("\n\n")[0].splitlines())
    return [(key, value.strip()) for key, separator, value in lines if separator]


def one_line(error: BaseException) -> str:
    """An error's kind and message, whatever it says, in one line."""
    try:
        text = " ".join(str(error).split())
    except Exception:  # noqa: BLE001  # a stranger's exception may fail at this, too
        text = ""
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
