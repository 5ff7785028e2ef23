# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What a scanner for vulnerabilities reports: JSON of grype, trivy or OSV-scanner.

Only the fields that are used are read. Any other document is an error: a report that cannot be
read must not pass as one without findings.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from dynamo_container.errors import UsageError
from dynamo_container.inventory.packages import Package, of_ecosystem
from dynamo_container.model.text import quoted

T = TypeVar("T")
SEVERITIES: Final = ("unknown", "negligible", "low", "medium", "high", "critical")
# A report about an image of 10 GB has some 30 MB.
MAX_BYTES: Final = 200_000_000
# The lowest CVSS score of each severity, as NVD rates them.
_SCORES: Final = ((9.0, "critical"), (7.0, "high"), (4.0, "medium"), (0.1, "low"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A vulnerability in a package.

    Attributes:
        id: such as `CVE-2026-1234`.
        aliases: other names of it.
        severity: one of `SEVERITIES`.
        package: that has it.
        fixed: the versions of the package that do not have it.
    """

    id: str
    severity: str
    package: Package
    aliases: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A scanner's report.

    Attributes:
        scanner: its name.
        findings: each once.
        images: the IDs and digests of the image that was scanned, if the report names them.
    """

    scanner: str
    findings: tuple[Finding, ...]
    images: tuple[str, ...] = ()


def read(path: Path) -> Report:
    """Read a report.

    Raises:
        UsageError: it cannot be read, is too large, or is not a report of a scanner that is known.
    """
    data = content(path)
    keys = decoded(path, data, dict[str, msgspec.Raw]).keys()
    for needed, parse in _FORMS.items():
        if needed in keys:
            return parse(path, data)
    raise UsageError(
        f"{path} is not a report of grype, trivy or OSV-scanner, as JSON",
        "for example: grype IMAGE --output json --file report.json",
    )


def content(path: Path) -> bytes:
    """Return the content of a file that another program has written.

    Raises:
        UsageError: it is not a file, cannot be read, or is too large.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # a pipe would wait for a writer
        with open(descriptor, "rb") as file:  # noqa: PTH123  # a descriptor
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise UsageError(f"{path} is not a regular file", "name a file")
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}", "name a file") from error
    if len(data) > MAX_BYTES:
        raise UsageError(f"{path} has more than {MAX_BYTES / 1e6:,.0f} MB", "scan one image only")
    return data


def decoded(path: Path, data: bytes, form: type[T]) -> T:
    """Return JSON as a type.

    Raises:
        UsageError: it is not JSON, or has another form.
    """
    try:
        return msgspec.json.decode(data, type=form)
    except (ValueError, RecursionError) as error:  # msgspec's errors are of ValueError
        raise UsageError(
            f"{path} is not valid: {quoted(str(error))}", "write it again, as JSON"
        ) from error


def severity(name: str) -> str:
    """Return one of `SEVERITIES`; `unknown` for any other name."""
    return name.lower() if name.lower() in SEVERITIES else SEVERITIES[0]


class _Named(msgspec.Struct):
    id: str = ""


class _GrypeFix(msgspec.Struct):
    versions: list[str] | None = None


class _GrypeVulnerability(msgspec.Struct):
    id: str
    severity: str = ""
    fix: _GrypeFix | None = None


class _GrypeArtifact(msgspec.Struct):
    name: str
    version: str = ""
    purl: str = ""


class _GrypeMatch(msgspec.Struct):
    vulnerability: _GrypeVulnerability
    artifact: _GrypeArtifact
    relatedVulnerabilities: list[_Named] | None = None  # noqa: N815  # grype's name


class _GrypeTarget(msgspec.Struct):
    imageID: str = ""  # noqa: N815  # as above
    manifestDigest: str = ""  # noqa: N815
    repoDigests: list[str] | None = None  # noqa: N815


class _GrypeSource(msgspec.Struct):
    target: msgspec.Raw = msgspec.Raw(b"null")


class _Grype(msgspec.Struct):
    matches: list[_GrypeMatch] | None
    source: _GrypeSource | None = None


def _grype(path: Path, data: bytes) -> Report:
    report = decoded(path, data, _Grype)
    target = _GrypeTarget()
    if report.source and bytes(report.source.target).lstrip().startswith(b"{"):
        target = decoded(path, bytes(report.source.target), _GrypeTarget)
    return Report(
        scanner="grype",
        findings=_unique(_grype_finding(one) for one in report.matches or ()),
        images=_digests(target.imageID, target.manifestDigest, *(target.repoDigests or ())),
    )


def _grype_finding(match: _GrypeMatch) -> Finding:
    artifact, found = match.artifact, match.vulnerability
    return Finding(
        id=found.id,
        severity=severity(found.severity),
        package=Package.of(artifact.purl, artifact.name, artifact.version),
        aliases=tuple(one.id for one in match.relatedVulnerabilities or ()),
        fixed=tuple((found.fix and found.fix.versions) or ()),
    )


class _TrivyIdentifier(msgspec.Struct):
    PURL: str = ""


class _TrivyVulnerability(msgspec.Struct):
    VulnerabilityID: str
    PkgName: str
    InstalledVersion: str = ""
    FixedVersion: str = ""
    Severity: str = ""
    PkgIdentifier: _TrivyIdentifier | None = None
    VendorIDs: list[str] | None = None


class _TrivyResult(msgspec.Struct):
    Vulnerabilities: list[_TrivyVulnerability] | None = None


class _TrivyMetadata(msgspec.Struct):
    ImageID: str = ""
    RepoDigests: list[str] | None = None


class _Trivy(msgspec.Struct):
    SchemaVersion: int
    Results: list[_TrivyResult] | None = None
    Metadata: _TrivyMetadata | None = None


def _trivy(path: Path, data: bytes) -> Report:
    report = decoded(path, data, _Trivy)
    metadata = report.Metadata or _TrivyMetadata()
    return Report(
        scanner="trivy",
        findings=_unique(
            _trivy_finding(one)
            for result in report.Results or ()
            for one in result.Vulnerabilities or ()
        ),
        images=_digests(metadata.ImageID, *(metadata.RepoDigests or ())),
    )


def _trivy_finding(found: _TrivyVulnerability) -> Finding:
    purl = found.PkgIdentifier.PURL if found.PkgIdentifier else ""
    return Finding(
        id=found.VulnerabilityID,
        severity=severity(found.Severity),
        package=Package.of(purl, found.PkgName, found.InstalledVersion),
        aliases=tuple(found.VendorIDs or ()),
        fixed=tuple(filter(None, (one.strip() for one in found.FixedVersion.split(",")))),
    )


class _OsvPackage(msgspec.Struct):
    name: str
    version: str = ""
    ecosystem: str = ""


class _OsvGroup(msgspec.Struct):
    ids: list[str]
    aliases: list[str] | None = None
    max_severity: str = ""


class _OsvRange(msgspec.Struct):
    events: list[dict[str, str]] | None = None


class _OsvAffected(msgspec.Struct):
    package: _OsvPackage | None = None
    ranges: list[_OsvRange] | None = None


class _OsvVulnerability(msgspec.Struct):
    id: str
    affected: list[_OsvAffected] | None = None


class _OsvEntry(msgspec.Struct):
    package: _OsvPackage
    groups: list[_OsvGroup] | None = None
    vulnerabilities: list[_OsvVulnerability] | None = None


class _OsvResult(msgspec.Struct):
    packages: list[_OsvEntry] | None = None


class _Osv(msgspec.Struct):
    results: list[_OsvResult] | None


def _osv(path: Path, data: bytes) -> Report:
    report = decoded(path, data, _Osv)
    entries = (entry for result in report.results or () for entry in result.packages or ())
    return Report(
        scanner="OSV-scanner",
        findings=_unique(finding for entry in entries for finding in _osv_findings(entry)),
    )


def _osv_findings(entry: _OsvEntry) -> Iterator[Finding]:
    """Yield one for each group: its vulnerabilities are the same under several names."""
    known = entry.vulnerabilities or ()
    groups = entry.groups or [_OsvGroup(ids=[one.id]) for one in known]
    package = of_ecosystem(entry.package.ecosystem, entry.package.name, entry.package.version)
    for group in groups:
        names = dict.fromkeys((*group.ids, *(group.aliases or ())))
        name = next((one for one in names if one.startswith("CVE-")), next(iter(names), ""))
        yield Finding(
            id=name,
            severity=_rated(group.max_severity),
            package=package,
            aliases=tuple(one for one in names if one != name),
            fixed=_fixes((one for one in known if one.id in names), entry.package.name),
        )


def _fixes(vulnerabilities: Iterable[_OsvVulnerability], name: str) -> tuple[str, ...]:
    events = (
        event
        for one in vulnerabilities
        for affected in one.affected or ()
        if affected.package and affected.package.name == name
        for affected_range in affected.ranges or ()
        for event in affected_range.events or ()
    )
    return tuple(dict.fromkeys(event["fixed"] for event in events if "fixed" in event))


def _rated(score: str) -> str:
    try:
        number = float(score)
    except ValueError:
        return SEVERITIES[0]
    return next((name for least, name in _SCORES if number >= least), SEVERITIES[0])


def _unique(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(dict.fromkeys(findings))


def _digests(*references: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.rpartition("@")[2] for one in references if one))


# By the key that only this form has.
_FORMS: Final[Mapping[str, Callable[[Path, bytes], Report]]] = {
    "matches": _grype,
    "SchemaVersion": _trivy,
    "results": _osv,
}
