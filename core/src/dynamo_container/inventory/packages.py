# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Packages as scanners and VEX documents name them: by package URL (purl)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from dynamo_container.model.requests.inventory import ComponentKind

# The types of package URLs that an inventory has, and how the names of their ecosystems
# in OSV begin.
KINDS: Final[Mapping[str, ComponentKind]] = {"pypi": "python", "deb": "apt", "cargo": "crate"}
_ECOSYSTEMS: Final = {"pypi": "pypi", "debian": "deb", "ubuntu": "deb", "crates": "cargo"}
_PURL: Final = re.compile(r"pkg:/*([A-Za-z0-9.+-]+)/([^@?#]+)(?:@([^?#]*))?(?:[?#].*)?", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A package.

    Attributes:
        type: of its package URL, such as `pypi`; empty if unknown.
        namespace: such as the distribution; empty for none.
        name, version: in the normal form of the type; no version for any.
    """

    type: str
    namespace: str
    name: str
    version: str

    @classmethod
    def of(cls, purl: str, name: str = "", version: str = "") -> Package:
        """Return the package of a package URL; without one that is valid, of a name and version."""
        match = _PURL.fullmatch(purl)
        if not match:
            return cls(type="", namespace="", name=name, version=version)
        kind, path, found = match[1].lower(), unquote(match[2]).strip("/"), match[3] or ""
        namespace, _, last = path.rpartition("/")
        return cls(
            type=kind,
            namespace=namespace,
            name=re.sub(r"[-_.]+", "-", last).lower() if kind == "pypi" else last,
            version=unquote(found) or version,
        )

    def includes(self, other: Package) -> bool:
        """Whether this names the other: what it leaves open can be anything."""
        return (
            (self.type, self.name) == (other.type, other.name)
            and self.namespace in ("", other.namespace)
            and self.version in ("", other.version)
        )


def of_ecosystem(ecosystem: str, name: str, version: str) -> Package:
    """Return the package that OSV names by its ecosystem, such as `Debian:12`."""
    kind = _ECOSYSTEMS.get(re.split("[:.]", ecosystem)[0].lower())
    return Package.of(f"pkg:{kind}/{name}" if kind else "", name, version)
