# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Find the installed plugins by the metadata of distributions. Nothing is imported."""

from __future__ import annotations

import contextlib
import functools
import os
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

import importlib_metadata

from dynamo_container.model.names import CORE_DISTRIBUTION
from dynamo_container.model.provenance import Layer

if TYPE_CHECKING:
    from packaging.specifiers import SpecifierSet

# The groups of entry points.
FRAMEWORKS: Final = "dynamo_container.frameworks"
OVERLAYS: Final = "dynamo_container.overlays"
# The distribution of a framework declares the framework's name here too if that is the one to use
# when several are installed and none is named.
DEFAULT: Final = "dynamo_container.default"
_GROUPS: Final = "dynamo_container."
LAYERS: Final = {FRAMEWORKS: Layer.FRAMEWORK, OVERLAYS: Layer.OVERLAY}

# A requirement on this core, in any spelling of its name, with what follows the name.
_CORE_REQUIREMENT: Final = re.compile(
    r"dynamo[-_.]+container\s*([\[(<>=!~;].*)?", re.IGNORECASE | re.DOTALL
)
# One without extras, a marker or a URL; the group has the versions.
_PLAIN_REQUIREMENT: Final = re.compile(r"\s*[A-Za-z0-9._-]+\s*([<>=!~][^;@(]*)?")
_DISTRIBUTION_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class _Distribution(Protocol):
    """The part of a distribution that is used here."""

    @property
    def entry_points(self) -> importlib_metadata.EntryPoints: ...

    def read_text(self, filename: str, /) -> str | None: ...


def normalize(name: str) -> str:
    """Return a name in the form in which names are compared: lower case, `-` between words."""
    return re.sub(r"[-_.]+", "-", name).lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An installed plugin, as far as its metadata describes it.

    Attributes:
        name: the name of its entry point, normalized; for a framework the framework's name.
        group: the group of its entry point.
        value: the object that the entry point refers to: `package.module` or
            `package.module:object`.
        distribution: the name of its distribution.
        version: the version of its distribution.
        folder: the folder that the distribution is installed in.
        requires: its requirements on this core, as its metadata states them.
        default: whether the framework is the default if several are installed.
        entry_point: None if the metadata cannot be read.
    """

    name: str
    group: str
    value: str
    distribution: str
    version: str
    folder: str = ""
    requires: tuple[str, ...] = ()
    default: bool = False
    entry_point: importlib_metadata.EntryPoint | None = field(repr=False, compare=False)

    def __str__(self) -> str:
        return f"plugin {self.name!r} ({self.origin})"

    @property
    def origin(self) -> str:
        """The distribution with its version, for messages and sources."""
        return f"{self.distribution} {self.version}"

    @property
    def kind(self) -> str:
        """`framework` or `overlay`."""
        return LAYERS[self.group].name.lower()

    @property
    def with_location(self) -> str:
        """The origin, the entry point and the folder, to tell two plugins of one name apart."""
        folder = f" in {self.folder}" if self.folder else ""
        return f"{self.origin} ({self.value}{folder})"

    def matches(self, name: str) -> bool:
        """Return whether a name is this plugin's or that of its distribution, in any spelling."""
        return normalize(name) in (self.name, normalize(self.distribution))


class Failure(NamedTuple):
    """A plugin that cannot be loaded, and the cause in one line."""

    candidate: Candidate
    cause: str

    def __str__(self) -> str:
        return f"{self.candidate} was not loaded: {self.cause}"


def discover() -> tuple[tuple[Candidate, ...], tuple[Failure, ...]]:
    """Return the installed plugins, and failures for those whose metadata cannot be read.

    Each plugin of the second part is in the first part too.
    """
    unreadable: list[Failure] = []
    entries = _entry_points(unreadable)
    defaults = entries.select(group=DEFAULT)
    candidates = [
        _candidate(entry, group, defaults, unreadable)
        for group in (FRAMEWORKS, OVERLAYS)
        for entry in entries.select(group=group)
    ]
    without_entry = (
        failure.candidate for failure in unreadable if failure.candidate not in candidates
    )
    return (*candidates, *without_entry), tuple(unreadable)


def known_frameworks() -> dict[str, str]:
    """Return the frameworks that this core knows, with the distribution of each, installed or not.

    They are the extras of the core that bring a distribution of the same name: the extra `acme`
    with `dynamo-container-acme`.
    """
    fields = _core_fields()
    extras = {value for key, value in fields if key == "Provides-Extra"}
    required = {
        normalize(match[0])
        for key, value in fields
        if key == "Requires-Dist" and (match := _DISTRIBUTION_NAME.match(value))
    }
    distributions = {normalize(name): f"{CORE_DISTRIBUTION}-{normalize(name)}" for name in extras}
    return {name: dist for name, dist in sorted(distributions.items()) if dist in required}


def incompatibility(candidate: Candidate) -> str:
    """Return why a plugin does not work with this core by its metadata; empty if it does."""
    version = core_version()
    for text in candidate.requires:
        try:
            applies, specifier = _applying_specifier(text)
        except ValueError:
            return f"{text!r} is not a valid requirement on {CORE_DISTRIBUTION}"
        if applies and not specifier.contains(version, prereleases=True):
            plain = text.partition(";")[0].strip()
            return f"it requires {plain}, and this is {CORE_DISTRIBUTION} {version}"
    return ""


def _applying_specifier(text: str) -> tuple[bool, SpecifierSet]:
    """Return whether a requirement applies to this environment, and its versions.

    Raises:
        ValueError: it is not a valid requirement.
    """
    # `packaging.requirements` takes three times as long to import as `packaging.specifiers`, and
    # only requirements with a marker or extras need it.
    if plain := _PLAIN_REQUIREMENT.fullmatch(text):
        from packaging.specifiers import SpecifierSet

        return True, SpecifierSet(plain[1] or "")
    from packaging.requirements import Requirement

    requirement = Requirement(text)
    applies = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
    return applies, requirement.specifier


@functools.cache
def core_version() -> str:
    """Return the version of this core."""
    return dict(_core_fields())["Version"]


def _core_fields() -> list[tuple[str, str]]:
    installed = _installed(name=CORE_DISTRIBUTION)
    return max(map(_metadata_fields, installed), key=bool, default=[])


def _candidate(
    entry: importlib_metadata.EntryPoint,
    group: str,
    defaults: importlib_metadata.EntryPoints,
    unreadable: list[Failure],
) -> Candidate:
    fields = _metadata_fields(entry.dist)
    distribution, version = _identity(entry.dist, fields)
    candidate = Candidate(
        name=normalize(entry.name),
        group=group,
        value=entry.value,
        distribution=distribution,
        version=version,
        folder=str(entry.dist.locate_file("")).rstrip("/") if entry.dist else "",
        requires=tuple(
            value
            for key, value in fields
            if key == "Requires-Dist" and _CORE_REQUIREMENT.fullmatch(value)
        ),
        default=group == FRAMEWORKS
        and any(
            default.dist is entry.dist and normalize(default.name) == normalize(entry.name)
            for default in defaults
        ),
        entry_point=entry,
    )
    if not fields:
        unreadable.append(Failure(candidate=candidate, cause="its metadata cannot be read"))
    return candidate


def _entry_points(unreadable: list[Failure]) -> importlib_metadata.EntryPoints:
    """Return our entry points of all distributions; append those that cannot be read to
    `unreadable`.
    """
    entries: list[importlib_metadata.EntryPoint] = []
    for distribution, (name, version) in _distributions():
        # Metadata can contain anything.
        try:
            if _GROUPS in (distribution.read_text("entry_points.txt") or ""):
                entries.extend(distribution.entry_points)
        except Exception as error:  # noqa: BLE001
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
    return importlib_metadata.EntryPoints(entries)


def _distributions() -> Iterator[tuple[_Distribution, tuple[str, str]]]:
    """Yield the distributions with name and version; of several with one name, the one that Python
    would import. What is left of one that was removed has no metadata, and comes last.
    """
    found = [(one, _metadata_fields(one)) for one in _installed()]
    seen = set()
    for distribution, fields in sorted(found, key=lambda pair: not pair[1]):
        identity = _identity(distribution, fields)
        if normalize(identity[0]) not in seen:
            seen.add(normalize(identity[0]))
            yield distribution, identity


def _installed(**name: str) -> Iterable[_Distribution]:
    """Return the installed distributions, or those of one name."""
    # For a path that does not exist, as that of Python's own archive, readers of archives would be
    # imported.
    path = [folder for folder in sys.path if os.path.exists(folder or ".")]  # noqa: PTH110
    return importlib_metadata.distributions(path=path, **name)


def _identity(distribution: _Distribution | None, fields: list[tuple[str, str]]) -> tuple[str, str]:
    """Return name and version of a distribution; those of its folder if its metadata has none."""
    by_key = dict(reversed(fields))
    folder = str(getattr(distribution, "_path", "")).rpartition("/")[2]
    name, _, version = folder.rpartition(".")[0].partition("-")
    return (
        by_key.get("Name") or name.replace("_", "-") or "an unknown distribution",
        by_key.get("Version") or version or "0",
    )


def _metadata_fields(distribution: _Distribution | None) -> list[tuple[str, str]]:
    """Return the fields at the head of a distribution's metadata; empty if it cannot be read.

    The distribution's own properties parse all of it as an e-mail, which takes 50 ms at each start.
    """
    files = ("METADATA", "PKG-INFO") if distribution else ()
    text = ""
    # The file can be binary, or be a folder.
    with contextlib.suppress(Exception):
        texts = (distribution.read_text(file) for file in files if distribution)
        text = next(filter(None, texts), "")
    lines = (line.partition(": ") for line in text.partition("\n\n")[0].splitlines())
    return [(key, value.strip()) for key, separator, value in lines if separator]


def one_line(error: BaseException) -> str:
    """Return the type and the message of an error, in one line."""
    try:
        text = " ".join(str(error).split())
    except Exception:  # noqa: BLE001  # the exception of a plugin can fail at this too
        text = ""
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
