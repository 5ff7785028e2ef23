# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The gate for vulnerabilities: what a scanner has found, less what VEX explains, and who asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dynamo_container.docker.command import shell_word
from dynamo_container.errors import MachineError, WorkFailedError
from dynamo_container.inventory import scans, vex
from dynamo_container.inventory.packages import KINDS
from dynamo_container.inventory.scans import SEVERITIES, Finding, Report
from dynamo_container.model.facts import ImageInfo
from dynamo_container.model.references import repository_of
from dynamo_container.model.requests.inventory import Component, Inventory
from dynamo_container.model.text import aligned, listed, printable

DEFAULT: Final = "high"
_SHOWN: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """What may not be in an image.

    Attributes:
        report: a scanner's.
        statements: of VEX documents, the earliest first.
        least: the severity from which on a finding is a failure.
    """

    report: Report
    statements: tuple[vex.Statement, ...]
    least: str

    @classmethod
    def read(cls, report: Path, documents: Iterable[Path], least: str) -> Gate:
        """Read it from files.

        Raises:
            UsageError: a file cannot be read, or has another form.
        """
        return cls(report=scans.read(report), statements=vex.read(documents), least=least)

    def is_about(self, info: ImageInfo) -> bool:
        """Whether the report names this image, or none."""
        return not self.report.images or not set(self.report.images).isdisjoint(_digests(info))

    def require(
        self, image: str, info: ImageInfo, examine: Callable[[], Inventory]
    ) -> tuple[str, ...]:
        """Require that an image has no finding that fails, and return lines about the others.

        Args:
            image: its reference.
            info: what the engine knows about it.
            examine: returns its inventory; called only if something fails.

        Raises:
            WorkFailedError: it has one; with package, severity, who asked for it, and what to do.
        """
        name = repository_of(image.partition("@")[0]).rpartition("/")[2]
        target = vex.Target(name=name, digests=_digests(info))
        open_ = [
            one for one in self.report.findings if not vex.is_harmless(one, target, self.statements)
        ]
        failing = sorted((one for one in open_ if self._fails(one)), key=_order)
        if failing:
            inventory = _examined(examine)
            raise _failure(image, self.least, [(one, inventory) for one in failing])
        return tuple(self._summary(open_))

    def _fails(self, finding: Finding) -> bool:
        return SEVERITIES.index(finding.severity) >= SEVERITIES.index(self.least)

    def _summary(self, open_: list[Finding]) -> Iterator[str]:
        explained = len(self.report.findings) - len(open_)
        yield (
            f"{self.report.scanner} found {len(self.report.findings)} vulnerabilities: none is "
            f"{_or_worse(self.least)}"
            + (f", or VEX explains it; {explained} are explained" if explained else "")
        )
        unknown = [one.id for one in open_ if one.severity == SEVERITIES[0]]
        if unknown:
            yield f"the severity of {len(unknown)} is not known: {listed(unknown)}"


def _examined(examine: Callable[[], Inventory]) -> Inventory | None:
    """The inventory; None if the image cannot be examined, such as one without Python."""
    try:
        return examine()
    except (MachineError, WorkFailedError):
        return None


def _digests(info: ImageInfo) -> tuple[str, ...]:
    return (info.id, *(one.partition("@")[2] for one in info.digests))


def _order(finding: Finding) -> tuple[int, str, str]:
    return -SEVERITIES.index(finding.severity), finding.package.name, finding.id


def _or_worse(least: str) -> str:
    return least if least == SEVERITIES[-1] else f"{least} or worse"


def _failure(
    image: str, least: str, failing: list[tuple[Finding, Inventory | None]]
) -> WorkFailedError:
    described = [_described(*one) for one in failing[:_SHOWN]]
    more = len(failing) - len(described)
    number = (
        "1 vulnerability that is"
        if len(failing) == 1
        else f"{len(failing)} vulnerabilities that are"
    )
    return WorkFailedError(
        f"{image} has {number} {_or_worse(least)}: {'; '.join(described)}"
        + (f"; and {more} more" if more else ""),
        _hint(*failing[0]),
        details=tuple(aligned([_cells(*one) for one in failing])),
    )


def _described(finding: Finding, inventory: Inventory | None) -> str:
    package = finding.package
    name = f"{package.name} {package.version}".strip()
    return printable(f"{finding.id} in {name} ({finding.severity}; {_asked(finding, inventory)})")


def _cells(finding: Finding, inventory: Inventory | None) -> tuple[str, ...]:
    fixed = f"fixed in {', '.join(finding.fixed)}" if finding.fixed else "no fix"
    package = finding.package
    asked = _asked(finding, inventory)
    return finding.severity, finding.id, package.name, package.version, fixed, asked


def _asked(finding: Finding, inventory: Inventory | None) -> str:
    """Who asked for a package."""
    if inventory is None:
        return "who asked for it is not known"
    component = _component(finding, inventory)
    if component is None:
        return "not in the inventory"
    if component.from_base:
        return "from the base image"
    return f"asked for by {' > '.join(component.via)}" if component.via else "from a stage"


def _component(finding: Finding, inventory: Inventory | None) -> Component | None:
    """The part of an image that a finding is about: that of its version if there are several."""
    if inventory is None:
        return None
    kind = KINDS.get(finding.package.type)
    found = [one for one in inventory.named(finding.package.name) if kind in (None, one.kind)]
    exact = [one for one in found if one.version == finding.package.version]
    return next(iter((*exact, *found)), None)


def _hint(finding: Finding, inventory: Inventory | None) -> str:
    component, name = _component(finding, inventory), printable(finding.package.name)
    explain = "say in an OpenVEX document why it does no harm: --vex FILE"
    if not finding.fixed:
        return f"no version fixes {finding.id}; leave {name} out, or {explain}"
    fixed = printable(", ".join(finding.fixed))
    if component and component.from_base:
        return f"use a base image with {name} {fixed}, or {explain}"
    if component and component.kind == "python":
        return f"move it to {fixed}: dynamo-container update {shell_word(name)}, or {explain}"
    return f"build with {name} {fixed}, or {explain}"
