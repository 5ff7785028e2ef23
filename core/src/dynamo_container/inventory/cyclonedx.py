# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""An inventory as CycloneDX JSON; the library for that is the extra `sbom`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from dynamo_container.errors import MachineError
from dynamo_container.model.requests.inventory import Component as Part, Inventory

if TYPE_CHECKING:
    from cyclonedx.model import Property
    from cyclonedx.model.bom import Bom
    from cyclonedx.model.component import Component
    from cyclonedx.model.license import License
    from packageurl import PackageURL

_PURLS: Final = {"python": "pypi", "apt": "deb", "crate": "cargo"}
# Names of properties, which CycloneDX leaves to its users, below a name of their own.
_PROPERTY: Final = "dynamo-container:"
_LONG: Final = 200


def document(inventory: Inventory) -> str:
    """Return an inventory as CycloneDX 1.6.

    Raises:
        MachineError: the library is not installed.
    """
    try:
        from cyclonedx.output import make_outputter
        from cyclonedx.schema import OutputFormat, SchemaVersion
    except ImportError as error:
        raise MachineError(
            "CycloneDX requires the library cyclonedx-python-lib",
            "install it: pip install 'dynamo-container[sbom]'",
        ) from error
    writer = make_outputter(_bom(inventory), OutputFormat.JSON, SchemaVersion.V1_6)
    return writer.output_as_string(indent=2) + "\n"


def _bom(inventory: Inventory) -> Bom:
    from cyclonedx.model.bom import Bom
    from cyclonedx.model.component import Component, ComponentType

    bom = Bom()
    bom.metadata.component = Component(
        name=inventory.image, type=ComponentType.CONTAINER, bom_ref="image"
    )
    parts = [_component(part, str(number)) for number, part in enumerate(inventory.components)]
    bom.components.update(parts)
    bom.register_dependency(bom.metadata.component, parts)
    return bom


def _component(part: Part, reference: str) -> Component:
    from cyclonedx.model import HashAlgorithm, HashType
    from cyclonedx.model.component import Component, ComponentType

    hashes = [HashType(alg=HashAlgorithm.SHA_256, content=part.sha256)] if part.sha256 else []
    return Component(
        name=part.name,
        version=part.version,
        type=ComponentType.LIBRARY,
        bom_ref=reference,
        purl=_purl(part),
        hashes=hashes,
        licenses=[license_ for license_ in (_license(part),) if license_],
        properties=list(_properties(part)),
    )


def _purl(part: Part) -> PackageURL | None:
    from packageurl import PackageURL

    kind = _PURLS.get(part.kind)
    namespace = "debian" if part.kind == "apt" else None
    return PackageURL(kind, namespace, part.name, part.version) if kind else None


def _license(part: Part) -> License | None:
    """The license as SPDX's expression if it is one, else by the name that the metadata has."""
    from cyclonedx.contrib.license.factories import LicenseFactory

    name = re.sub(r"\s+", " ", part.license)[:_LONG]
    return LicenseFactory().make_from_string(name) if name else None


def _properties(part: Part) -> Iterator[Property]:
    from cyclonedx.model import Property

    if part.via:
        yield Property(name=f"{_PROPERTY}asked-for-by", value=" > ".join(part.via))
    if part.from_base:
        yield Property(name=f"{_PROPERTY}from-base-image", value="true")
