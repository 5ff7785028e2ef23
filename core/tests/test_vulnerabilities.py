# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The gate for vulnerabilities. The reports have the fields that grype 0.121, trivy 0.74 (schema 2)
and OSV-scanner 2 document.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from dynamo_container.errors import MachineError, UsageError, WorkFailedError
from dynamo_container.inventory import scans
from dynamo_container.inventory.packages import Package, of_ecosystem
from dynamo_container.inventory.vulnerabilities import Gate
from dynamo_container.model.facts import ImageInfo
from dynamo_container.model.requests import Component, Inventory

CVE, GHSA = "CVE-2026-1234", "GHSA-aaaa-bbbb-cccc"
ID, DIGEST = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"
IMAGE = "registry.example/team/dynamo:1"
INFO = ImageInfo(id=ID, size=1, digests=(f"registry.example/team/dynamo@{DIGEST}",))
INVENTORY = Inventory(
    image=IMAGE,
    components=(
        Component(
            kind="python", name="py-yaml", version="5.0", via=("none", "ai-dynamo", "py-yaml")
        ),
        Component(kind="apt", name="openssl", version="3.0", from_base=True),
        Component(kind="apt", name="curl", version="8.0"),
        Component(kind="crate", name="ring", version="0.16", via=("none", "ai-dynamo-runtime")),
    ),
)
Write = Callable[[str, object], Path]


@pytest.fixture
def write(tmp_path) -> Write:
    def as_json(name: str, document: object) -> Path:
        path: Path = tmp_path / name
        path.write_text(json.dumps(document))
        return path

    return as_json


def grype(*found: tuple[str, str, str, str], image: str = ID) -> dict[str, Any]:
    """A report of (severity, package URL, version, fixed version)."""
    matches = [
        {
            "vulnerability": {
                "id": GHSA, "severity": severity.title(), "namespace": "github:language:python",
                "fix": {"versions": [fixed] if fixed else [], "state": "fixed"}, "cvss": [],
            },
            "relatedVulnerabilities": [{"id": CVE, "severity": "High"}],
            "matchDetails": [{"type": "exact-direct-match"}],
            "artifact": {
                "name": "Py_YAML", "version": version, "type": "python", "language": "python",
                "purl": f"{purl}@{version}", "locations": [{"path": "/a"}],
            },
        }
        for severity, purl, version, fixed in found
    ]  # fmt: skip
    target = {"userInput": IMAGE, "imageID": image, "manifestDigest": "", "repoDigests": []}
    return {
        "matches": matches,
        "source": {"type": "image", "target": target},
        "distro": {"name": "ubuntu", "version": "24.04"},
        "descriptor": {"name": "grype", "version": "0.121.2"},
    }


def trivy(severity: str = "HIGH", fixed: str = "5.1, 6.0") -> dict[str, Any]:
    found = {
        "VulnerabilityID": CVE, "PkgName": "Py_YAML", "InstalledVersion": "5.0",
        "FixedVersion": fixed, "Severity": severity, "VendorIDs": [GHSA],
        "PkgIdentifier": {"PURL": "pkg:pypi/py-yaml@5.0", "UID": "1"},
    }  # fmt: skip
    return {
        "SchemaVersion": 2,
        "ArtifactName": IMAGE,
        "Metadata": {"ImageID": ID, "RepoDigests": [f"registry.example/team/dynamo@{DIGEST}"]},
        "Results": [
            {"Target": "ubuntu", "Class": "os-pkgs", "Type": "ubuntu"},
            {"Target": "Python", "Type": "python-pkg", "Vulnerabilities": [found, found]},
        ],
    }


def osv(score: str = "7.5") -> dict[str, Any]:
    fixes = [{"introduced": "0"}, {"fixed": "5.1"}]
    affected = [
        {"package": {"name": "Py_YAML", "ecosystem": "PyPI"}, "ranges": [{"events": fixes}]},
        {"package": {"name": "another"}, "ranges": [{"events": [{"fixed": "9"}]}]},
    ]
    entry = {
        "package": {"name": "Py_YAML", "version": "5.0", "ecosystem": "PyPI"},
        "vulnerabilities": [{"id": GHSA, "aliases": [CVE], "affected": affected}],
        "groups": [{"ids": [GHSA], "aliases": [CVE, GHSA], "max_severity": score}],
    }
    return {"results": [{"source": {"path": "/image", "type": "docker"}, "packages": [entry]}]}


YAML = ("high", "pkg:pypi/py-yaml", "5.0", "5.1")


def refusal(gate: Gate, info: ImageInfo = INFO) -> WorkFailedError:
    with pytest.raises(WorkFailedError) as raised:
        gate.require(IMAGE, info, lambda: INVENTORY)
    return raised.value


def never() -> Inventory:
    pytest.fail("the image is examined, although nothing fails")


@pytest.mark.parametrize("report", [grype(YAML), trivy(), osv()], ids=["grype", "trivy", "osv"])
def test_a_failure_names_package_severity_who_asked_for_it_and_how_to_fix_it(write, report):
    error = refusal(Gate.read(write("report.json", report), (), "high"))

    assert f"{IMAGE} has 1 vulnerability that is high or worse" in error.what
    assert "in py-yaml 5.0 (high; asked for by none > ai-dynamo > py-yaml)" in error.what
    assert "dynamo-container update py-yaml" in error.next_step
    assert "move it to 5.1" in error.next_step
    assert len(error.details) == 1
    assert error.exit_status == 1


@pytest.mark.parametrize(
    ("found", "asked", "hint"),
    [
        (
            ("high", "pkg:deb/ubuntu/openssl", "3.0", "3.1"),
            "from the base image",
            "base image with",
        ),
        (("high", "pkg:deb/ubuntu/curl", "8.0", "8.1"), "from a stage", "build with curl 8.1"),
        (("high", "pkg:cargo/ring", "0.16", "0.17"), "ai-dynamo-runtime", "build with ring 0.17"),
        (("high", "pkg:pypi/py-yaml", "5.0", ""), "none > ai-dynamo", "no version fixes"),
        (("high", "pkg:golang/a.example/mod", "1.0", "1.1"), "not in the inventory", "mod 1.1"),
        (("high", "pkg:pypi/curl", "8.0", "8.1"), "not in the inventory", "build with curl"),
    ],
)
def test_who_asked_and_the_hint_depend_on_where_a_package_comes_from(write, found, asked, hint):
    error = refusal(Gate.read(write("report.json", grype(found)), (), "high"))

    assert asked in error.what
    assert hint in error.next_step
    assert "--vex FILE" in error.next_step


@pytest.mark.parametrize("least", scans.SEVERITIES[1:])
@pytest.mark.parametrize("severity", [*scans.SEVERITIES, "Untriaged"])
def test_what_is_as_bad_as_the_limit_fails(write, severity, least):
    gate = Gate.read(write("report.json", trivy(severity.upper())), (), least)

    if severity in scans.SEVERITIES[scans.SEVERITIES.index(least) :]:
        assert severity in refusal(gate).what
    else:
        lines = gate.require(IMAGE, INFO, never)
        assert "found 1 vulnerabilities" in lines[0]
        unknown = severity in ("unknown", "Untriaged")
        assert any("is not known" in line for line in lines) == unknown


@pytest.mark.parametrize(
    ("score", "severity"),
    [("9.0", "critical"), ("8.9", "high"), ("4.0", "medium"), ("0.1", "low"), ("", "unknown")],
)
def test_scores_of_osv_are_rated_as_nvd_does(write, score, severity):
    (finding,) = scans.read(write("report.json", osv(score))).findings

    assert finding.severity == severity
    assert (finding.id, finding.fixed) == (CVE, ("5.1",))


@pytest.mark.parametrize(
    ("ecosystem", "purl"),
    [
        ("PyPI", "pkg:pypi/py-yaml@5.0"),
        ("Ubuntu:24.04:LTS", "pkg:deb/Py_YAML@5.0"),
        ("crates" + ".io", "pkg:cargo/Py_YAML@5.0"),
        ("Go", ""),
    ],
)
def test_packages_of_osv_have_the_type_of_their_ecosystem(ecosystem, purl):
    package = of_ecosystem(ecosystem, "Py_YAML", "5.0")

    assert package == Package.of(purl, "Py_YAML", "5.0")


def test_the_worst_findings_come_first_and_the_others_are_counted(write):
    packages = [("high", f"pkg:pypi/p{number}", "1", "2") for number in range(4)]
    report = grype(*packages, ("critical", "pkg:pypi/worst", "1", "2"), packages[0])

    error = refusal(Gate.read(write("report.json", report), (), "high"))

    assert "has 5 vulnerabilities" in error.what
    assert "in worst 1 (critical" in error.what.partition(";")[0]
    assert error.what.endswith("and 2 more")
    assert len(error.details) == 5


def test_an_image_that_cannot_be_examined_is_refused_all_the_same(write):
    def fail() -> Inventory:
        raise MachineError("it has no Python")

    gate = Gate.read(write("report.json", trivy()), (), "high")
    with pytest.raises(WorkFailedError, match="who asked for it is not known"):
        gate.require(IMAGE, INFO, fail)


@pytest.mark.parametrize(
    ("info", "named"),
    [
        (INFO, True),
        (ImageInfo(id=DIGEST, size=1), False),
        (ImageInfo(id=DIGEST, size=1, digests=(f"elsewhere/image@{ID}",)), True),
    ],
)
def test_a_report_about_another_image_is_noticed(write, info, named):
    assert Gate.read(write("report.json", grype()), (), "high").is_about(info) == named
    assert Gate.read(write("report.json", osv()), (), "high").is_about(info)  # it names none


def vex(*statements: dict[str, Any]) -> dict[str, Any]:
    return {
        "@context": "https://openvex.dev/ns/v0.2.0",
        "@id": "https://example.com/vex-1",
        "author": "a team",
        "timestamp": "2026-11-01T00:00:00Z",
        "version": 1,
        "statements": list(statements),
    }


def statement(products: list[object], status: str = "not_affected", **more: Any) -> dict[str, Any]:
    vulnerability = more.pop("vulnerability", {"name": CVE})
    return {"vulnerability": vulnerability, "products": products, "status": status, **more}


PACKAGE = {"@id": "pkg:pypi/Py_YAML"}


@pytest.mark.parametrize(
    ("one", "harmless"),
    [
        (statement([PACKAGE]), True),
        (statement([PACKAGE], "fixed"), True),
        (statement([PACKAGE], "affected"), False),
        (statement([PACKAGE], "under_investigation"), False),
        (statement([PACKAGE], vulnerability={"name": GHSA}), True),
        (statement([PACKAGE], vulnerability={"name": "CVE-1", "aliases": [CVE]}), True),
        (statement([PACKAGE], vulnerability={"@id": f"https://nvd.example/{CVE}"}), True),
        (statement([PACKAGE], vulnerability=CVE), True),
        (statement([PACKAGE], vulnerability={"name": "CVE-2026-123"}), False),
        (statement([{"@id": "pkg:pypi/py-yaml@5.0"}]), True),
        (statement([{"@id": "pkg:pypi/py-yaml@4.9"}]), False),
        (statement([{"@id": "pkg:pypi/yaml"}]), False),
        (statement([{"@id": "pkg:deb/ubuntu/py-yaml"}]), False),
        (statement([{"@id": "a", "identifiers": {"purl": "pkg:pypi/py-yaml"}}]), True),
        (statement(["pkg:pypi/py-yaml"]), True),
        (statement([{"@id": "pkg:oci/dynamo"}]), True),
        (statement([{"@id": f"pkg:oci/dynamo@{DIGEST}?repository_url=a.example"}]), True),
        (statement([{"@id": f"pkg:oci/dynamo@sha256:{'c' * 64}"}]), False),
        (statement([{"@id": "pkg:oci/another"}]), False),
        (statement([{"@id": "pkg:oci/dynamo", "subcomponents": [PACKAGE]}]), True),
        (
            statement([{"@id": "pkg:oci/dynamo", "subcomponents": [{"@id": "pkg:pypi/other"}]}]),
            False,
        ),
        (statement([{"@id": "pkg:oci/another", "subcomponents": [PACKAGE]}]), False),
        (statement([{"@id": "py-yaml"}]), False),
        (statement([]), False),
    ],
)
def test_vex_explains_what_it_names_and_nothing_else(write, one, harmless):
    report, document = write("report.json", trivy()), write("vex.json", vex(one))
    gate = Gate.read(report, (document,), "high")

    if harmless:
        assert "1 are explained" in gate.require(IMAGE, INFO, never)[0]
    else:
        assert CVE in refusal(gate).what


@pytest.mark.parametrize("last", ["affected", "not_affected"])
def test_the_last_statement_counts_whatever_the_order_of_files(write, last):
    first = "affected" if last == "not_affected" else "not_affected"
    old = write("old.json", vex(statement([PACKAGE], first, timestamp="2026-01-01T00:00:00Z")))
    new = write("new.json", vex(statement([PACKAGE], last, timestamp="2026-01-01T01:00:00+00:30")))
    report = write("report.json", trivy())

    for documents in ((old, new), (new, old)):
        gate = Gate.read(report, documents, "high")
        if last == "affected":
            assert CVE in refusal(gate).what
        else:
            assert gate.require(IMAGE, INFO, never)


@pytest.mark.parametrize(
    "content",
    [
        "", "{}", "[]", "null", "no JSON", '{"results": 1}', '{"matches": [{}]}',
        '{"matches": [1]}',
        '{"SchemaVersion": "2"}', '{"bomFormat": "CycloneDX"}', "[" * 100_000,
        f'{{"matches": {"[" * 100_000}', '{"matches": [], "source": {"target": {"imageID": 1}}}',
        "\xff", '{"results": [{"packages": [{"package": {"name": "a"}, "groups": [{}]}]}]}',
    ],
)  # fmt: skip
def test_what_is_not_a_report_does_not_pass_as_one_without_findings(tmp_path, content):
    path = tmp_path / "report.json"
    path.write_text(content, encoding="latin-1")

    with pytest.raises(UsageError, match=r"report\.json"):
        Gate.read(path, (), "high")


@pytest.mark.parametrize(
    "document",
    [
        {}, {"@context": "https://openvex.dev/ns/v0.2.0"}, vex({"status": "fixed"}),
        vex(statement([PACKAGE])) | {"@context": "https://example.com"},
        vex(statement([PACKAGE])) | {"timestamp": "yesterday"}, [], trivy(),
    ],
)  # fmt: skip
def test_what_is_not_openvex_is_an_error(write, document):
    with pytest.raises(UsageError, match=r"vex\.json"):
        Gate.read(write("report.json", trivy()), (write("vex.json", document),), "high")


def test_files_that_are_missing_endless_or_too_large_are_refused(write, tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "absent", tmp_path, tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(UsageError):
            scans.read(path)
    monkeypatch.setattr(scans, "MAX_BYTES", 10)
    with pytest.raises(UsageError, match="has more than"):
        scans.read(write("report.json", trivy()))


ATTACK = "\x1b[2Jx\nerror: a forged line; $(touch /tmp/owned)"


def test_text_of_a_report_controls_no_terminal_forges_no_line_and_is_quoted_in_commands(write):
    report = trivy()
    report["Results"][1]["Vulnerabilities"] = [
        {"VulnerabilityID": ATTACK, "PkgName": ATTACK, "Severity": "HIGH", "FixedVersion": ATTACK}
    ]
    inventory = Inventory(
        image=IMAGE, components=(Component(kind="python", name=ATTACK, version=ATTACK),)
    )
    gate = Gate.read(write("report.json", report), (), "high")

    with pytest.raises(WorkFailedError) as raised:
        gate.require(IMAGE, INFO, lambda: inventory)

    error = raised.value
    for text in (error.what, error.next_step, *error.details):
        assert "\x1b" not in text
        assert "\n" not in text
    assert "update '" in error.next_step


@pytest.mark.parametrize("words", [("--vex", "a.json"), ("--fail-on", "low")])
def test_without_a_report_its_options_are_refused(cli, words):
    result = cli("check", IMAGE, *words)

    assert result.status == 2
    assert f"{words[0]} requires --scan" in result.err


def test_a_report_is_read_before_the_checks(cli, write):
    result = cli("check", IMAGE, "--scan", str(write("report.json", {})))

    assert result.status == 2
    assert "is not a report of grype, trivy or OSV-scanner" in result.err
