# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What is in an image: packages, the crates and native libraries inside them, and who asked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import msgspec

from dynamo_container.errors import UsageError
from dynamo_container.inventory import program, sizes
from dynamo_container.model.names import FRAMEWORK_LABEL, PINS_LABEL, TARGET_LABEL
from dynamo_container.model.requests.inventory import Component, Inventory
from dynamo_container.model.text import closest

if TYPE_CHECKING:
    from dynamo_container.model.lock import Lock

_CRATE: Final = "pkg:cargo/"
_REQUIREMENT: Final = re.compile(r"[A-Za-z0-9][\w.-]*")


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A component in an inventory that a package of Python brings."""

    name: str
    version: str
    purl: str
    license: str


class PythonPackage(msgspec.Struct, frozen=True, kw_only=True):
    """A package of Python, as the program in the image reports it."""

    name: str
    version: str
    license: str
    requires: tuple[str, ...]
    size: int
    from_base: bool
    libraries: tuple[tuple[str, str], ...]
    boms: tuple[Part, ...]
    texts: tuple[str, ...]


class SystemPackage(msgspec.Struct, frozen=True, kw_only=True):
    """A package of the distribution, as the program in the image reports it."""

    name: str
    version: str
    license: str
    from_base: bool
    texts: tuple[str, ...]


class Contents(msgspec.Struct, frozen=True, kw_only=True):
    """What the program in the image reports; `texts` has the texts of licenses by their hashes."""

    python: tuple[PythonPackage, ...]
    apt: tuple[SystemPackage, ...]
    texts: dict[str, str]


def examine(image: str, *words: str) -> Contents:
    """Return what an image has.

    Args:
        image: that the engine has.
        words: `texts`, if the texts of licenses are wanted, too.

    Raises:
        EngineError: no engine answers.
        MachineError: the engine does not have the image, or no Python runs in it.
        WorkFailedError: what the image reports is not valid.
    """
    program.inspect(image)
    return program.report(image, Contents, "contents_probe.py", *words)


def inventory(image: str, lock: Lock | None = None) -> Inventory:
    """Return the inventory of an image.

    Args:
        image: that the engine has.
        lock: gives the hashes of wheels; None for none.

    Raises:
        EngineError, MachineError, WorkFailedError: as `examine`.
    """
    info = program.inspect(image)
    framework = info.label(FRAMEWORK_LABEL)
    contents = examine(image)
    roots = [pin.partition("==")[0] for pin in info.label(PINS_LABEL).split()]
    paths = paths_from(roots, contents.python)
    asking = (framework,) if framework else ()
    components = (
        *_python(contents.python, {name: (*asking, *path) for name, path in paths.items()}, lock),
        *_system(contents.apt),
    )
    return Inventory(
        image=image,
        framework=framework,
        target=info.label(TARGET_LABEL),
        size=sizes.total_of(image),
        components=tuple(sorted(components, key=lambda one: (one.kind, one.name, one.version))),
    )


def only(inventory: Inventory, name: str) -> Inventory:
    """Return the part of an inventory that has a name.

    Raises:
        UsageError: nothing has it.
    """
    found = inventory.named(name)
    if not found:
        names = {one.name for one in inventory.components}
        everything = f"list everything: dynamo-container sbom {inventory.image}"
        raise UsageError(
            f"{inventory.image} does not have {name!r}",
            f"did you mean {alike}?" if (alike := closest(name, names)) else everything,
        )
    return replace(inventory, components=found)


def paths_from(
    roots: Iterable[str], packages: Iterable[PythonPackage]
) -> Mapping[str, tuple[str, ...]]:
    """Return a shortest chain of requirements to each package, from one of those that are named.

    What only an extra requires has a chain if no other one leads there.
    """
    requires = {package.name: package.requires for package in packages}
    paths: dict[str, tuple[str, ...]] = {name: (name,) for name in roots if name in requires}
    for extras in (False, True):
        waiting = list(paths)
        while waiting:
            name = waiting.pop(0)
            for other in _required(requires[name], extras=extras):
                if other in requires and other not in paths:
                    paths[other] = (*paths[name], other)
                    waiting.append(other)
    return paths


def _required(requirements: Iterable[str], *, extras: bool) -> Iterator[str]:
    for requirement in requirements:
        if ("extra" in requirement.partition(";")[2]) <= extras and (
            match := _REQUIREMENT.match(requirement)
        ):
            yield _normal(match[0])


def _normal(name: str) -> str:
    """The name of a Python package in its normal form."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _python(
    packages: Iterable[PythonPackage], paths: Mapping[str, tuple[str, ...]], lock: Lock | None
) -> Iterator[Component]:
    wheels = [wheel for one in lock.wheels for wheel in one.wheels] if lock else []
    hashes = {(wheel.name, wheel.version): wheel.sha256 for wheel in wheels}
    for package in packages:
        via = paths.get(package.name, ())
        yield Component(
            kind="python",
            name=package.name,
            version=package.version,
            license=package.license,
            sha256=hashes.get((package.name, package.version), ""),
            size=package.size,
            via=via,
            from_base=package.from_base,
        )
        yield from _inside(package, via or (package.name,))


def _inside(package: PythonPackage, via: tuple[str, ...]) -> Iterator[Component]:
    """Yield the crates and native libraries inside a package, each once."""
    for part in dict.fromkeys((*package.boms,)):
        crate = part.purl.startswith(_CRATE)
        if crate or (part.purl and _normal(part.name) != package.name):
            yield Component(
                kind="crate" if crate else "native",
                name=part.name,
                version=part.version,
                license=part.license,
                via=via,
                from_base=package.from_base,
            )
    for path, sha256 in package.libraries:
        yield Component(
            kind="native",
            name=path,
            version=package.version,
            # A library of others that the wheel brings has a license of its own.
            license="" if ".libs/" in path else package.license,
            sha256=sha256,
            via=via,
            from_base=package.from_base,
        )


def _system(packages: Iterable[SystemPackage]) -> Iterator[Component]:
    for package in packages:
        yield Component(
            kind="apt",
            name=package.name,
            version=package.version,
            license=package.license,
            from_base=package.from_base,
        )
