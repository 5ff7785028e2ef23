# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What somebody says about vulnerabilities in a product: OpenVEX documents.

A statement counts only for the packages, or the image, that it names. Later statements replace
earlier ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from dynamo_container.errors import UsageError
from dynamo_container.inventory import scans
from dynamo_container.inventory.packages import Package
from dynamo_container.inventory.scans import Finding

_CONTEXT: Final = "https://openvex.dev/ns"
# The type of package URLs of images.
_IMAGE: Final = "oci"
_HARMLESS: Final = ("not_affected", "fixed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The image that is checked.

    Attributes:
        name: the last part of its repository.
        digests: its ID, and by which registries have it.
    """

    name: str
    digests: tuple[str, ...] = ()

    def is_named(self, product: Package) -> bool:
        """Whether a package URL names the image: with a digest, exactly this one."""
        return (
            product.type == _IMAGE
            and product.name == self.name
            and product.version in ("", *self.digests)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A statement.

    Attributes:
        names: of the vulnerability.
        products: each with its subcomponents.
        status: as OpenVEX has it, such as `not_affected`.
        time: at which it was made.
    """

    names: frozenset[str]
    products: tuple[tuple[Package, tuple[Package, ...]], ...]
    status: str
    time: float

    def is_about(self, finding: Finding, image: Target) -> bool:
        """Whether it is about a finding in an image."""
        return not self.names.isdisjoint((finding.id, *finding.aliases)) and any(
            self._names(product, parts, finding.package, image) for product, parts in self.products
        )

    @staticmethod
    def _names(product: Package, parts: tuple[Package, ...], found: Package, image: Target) -> bool:
        if image.is_named(product):
            return not parts or any(part.includes(found) for part in parts)
        return product.type != _IMAGE and product.includes(found)


def read(paths: Iterable[Path]) -> tuple[Statement, ...]:
    """Read documents, and return their statements, the earliest first.

    Raises:
        UsageError: one cannot be read, or is not an OpenVEX document.
    """
    statements = [statement for path in paths for statement in _statements(path)]
    return tuple(sorted(statements, key=lambda one: one.time))


def is_harmless(finding: Finding, image: Target, statements: Iterable[Statement]) -> bool:
    """Whether the last statement about a finding says that it does no harm in an image."""
    about = [one.status for one in statements if one.is_about(finding, image)]
    return bool(about) and about[-1] in _HARMLESS


class _Vulnerability(msgspec.Struct):
    name: str = ""
    id: str = msgspec.field(name="@id", default="")
    aliases: list[str] | None = None


class _Component(msgspec.Struct):
    id: str = msgspec.field(name="@id", default="")
    identifiers: dict[str, str] | None = None

    def package(self) -> Package:
        return Package.of((self.identifiers or {}).get("purl", self.id), self.id)


class _Product(_Component):
    subcomponents: list[_Component] | None = None


class _Statement(msgspec.Struct):
    vulnerability: _Vulnerability | str
    status: str
    products: list[_Product | str] | None = None
    timestamp: str = ""


class _Document(msgspec.Struct):
    context: str = msgspec.field(name="@context")
    statements: list[_Statement]
    timestamp: str = ""


def _statements(path: Path) -> Iterator[Statement]:
    document = scans.decoded(path, scans.content(path), _Document)
    if not document.context.startswith(_CONTEXT):
        raise UsageError(f"{path} is not an OpenVEX document", "write one, for example by vexctl")
    for one in document.statements:
        yield Statement(
            names=frozenset(filter(None, _names(one.vulnerability))),
            products=tuple(map(_product, one.products or ())),
            status=one.status,
            time=_seconds(path, one.timestamp or document.timestamp),
        )


def _names(vulnerability: _Vulnerability | str) -> tuple[str, ...]:
    if isinstance(vulnerability, str):  # as in the first version of OpenVEX
        return (vulnerability,)
    last = vulnerability.id.rpartition("/")[2]  # such as https://nvd.nist.gov/vuln/detail/CVE-...
    return (vulnerability.name, last, *(vulnerability.aliases or ()))


def _product(product: _Product | str) -> tuple[Package, tuple[Package, ...]]:
    if isinstance(product, str):
        return Package.of(product, product), ()
    return product.package(), tuple(part.package() for part in product.subcomponents or ())


def _seconds(path: Path, time: str) -> float:
    try:
        moment = datetime.fromisoformat(time)
    except ValueError as error:
        raise UsageError(
            f"{path} has a statement without a valid timestamp", "add it, as RFC 3339"
        ) from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
