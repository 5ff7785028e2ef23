# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""An inventory for people and programs, and the texts of licenses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Final

from dynamo_container.inventory.contents import Contents, PythonPackage, SystemPackage
from dynamo_container.model.requests.inventory import (
    UNKNOWN_LICENSE,
    Component,
    ComponentKind,
    Inventory,
)
from dynamo_container.model.text import aligned, printable, shortened

# The version of the JSON's form; new keys do not change it.
SCHEMA: Final = 1
_KINDS: Final[Mapping[ComponentKind, str]] = {
    "python": "Python packages",
    "apt": "packages of the distribution",
    "crate": "Rust crates",
    "native": "native libraries in Python packages",
}
# Of a license in the table: copyright files can name dozens.
_WIDTH: Final = 60
_RULE: Final = "=" * 100


def rows(components: Iterable[Component]) -> list[str]:
    """Return a table: kind, name, version, license, and who asked for it."""
    cells = [
        (
            one.kind,
            one.name,
            one.version,
            shortened(one.license or UNKNOWN_LICENSE, _WIDTH),
            "base image" if one.from_base else " > ".join(one.via) or "a stage",
        )
        for one in components
    ]
    return aligned(cells)


def summary(inventory: Inventory) -> Iterator[str]:
    """Yield a line for each kind: how many there are, and how many have no known license."""
    numbers = Counter(one.kind for one in inventory.components)
    unknown = Counter(one.kind for one in inventory.components if not one.license)
    for kind, words in _KINDS.items():
        if numbers[kind]:
            yield f"{numbers[kind]} {words}, {unknown[kind]} of them with an unknown license"


def document(inventory: Inventory) -> dict[str, object]:
    """Return an inventory for programs."""
    return {"schema": SCHEMA, **asdict(inventory)}


def notices(contents: Contents) -> Iterator[str]:
    """Yield the texts of the licenses of what the base image does not have, by ecosystem; each text
    once, after the packages that have it.
    """
    groups: tuple[tuple[str, Iterable[PythonPackage | SystemPackage]], ...] = (
        ("Python packages, with what is compiled into them", contents.python),
        ("Packages of the distribution", contents.apt),
    )
    for title, packages in groups:
        own = [package for package in packages if not package.from_base]
        yield f"{_RULE}\n{title}\n{_RULE}\n"
        if lacking := [_name(package) for package in own if not package.texts]:
            yield f"\nWithout license texts of their own: {', '.join(lacking)}\n"
        yield from _texts(own, contents.texts)


def _texts(
    packages: Iterable[PythonPackage | SystemPackage], texts: dict[str, str]
) -> Iterator[str]:
    having: dict[str, list[str]] = {}
    for package in packages:
        for key in dict.fromkeys(package.texts):
            having.setdefault(key, []).append(_name(package))
    for key, names in having.items():
        yield f"\n--- {', '.join(names)}\n\n{texts.get(key, '').strip()}\n"


def _name(package: PythonPackage | SystemPackage) -> str:
    license_ = " ".join((package.license or UNKNOWN_LICENSE).split())
    return printable(f"{package.name} {package.version} ({license_})")
