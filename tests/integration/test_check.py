# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`check` on a real engine, with a check that does not end."""

from __future__ import annotations

import json
import re

import pytest

SLEEPS = """
@hookimpl
def dynamo_container_checks(request):
    yield Check(name="sleeps", argv=("sleep", "600"))
    yield Check(name="works", argv=("true",))
"""


@pytest.mark.engine
def test_a_check_that_does_not_end_fails_and_leaves_no_container(cli, docker, site):
    site.framework("tiny", SLEEPS)

    result = cli("--verbose", "check", docker.base_image, "--framework", "tiny", "--timeout", "2")

    assert result.status == 1
    assert result.out.splitlines() == ["FAILED   sleeps", "ok       works"]
    assert "it did not finish within 2 s (--timeout)" in result.err
    # Others may use the same engine: only our containers count.
    names = set(re.findall(r"--name=(\S+)", result.err))
    assert len(names) == 2
    for name in names:
        assert docker.run("ps", "--all", "--quiet", "--filter", f"name={name}") == ""


WORKS = """
@hookimpl
def dynamo_container_checks(request):
    yield Check(name="works", argv=("true",))
"""


@pytest.mark.engine
def test_a_scanners_report_fails_the_check_of_its_image_until_vex_explains_it(
    cli, docker, site, tmp_path
):
    site.framework("tiny", WORKS)
    found = {"VulnerabilityID": "CVE-2026-1", "PkgName": "bash", "Severity": "HIGH"}
    metadata = {"ImageID": docker.inspect(docker.base_image)["Id"]}
    document = {"SchemaVersion": 2, "Metadata": metadata, "Results": [{"Vulnerabilities": [found]}]}
    report, explained = tmp_path / "report.json", tmp_path / "vex.json"
    report.write_text(json.dumps(document))
    explained.write_text(json.dumps({
        "@context": "https://openvex.dev/ns/v0.2.0", "timestamp": "2026-11-26T00:00:00Z",
        "statements": [{"vulnerability": {"name": "CVE-2026-1"}, "products": ["pkg:oci/base"],
                        "status": "not_affected"}],
    }))  # fmt: skip
    words = ("check", docker.base_image, "--framework", "tiny", "--scan", str(report))

    failed = cli(*words)

    assert (failed.status, failed.out.splitlines()) == (1, ["ok       works"])
    assert "has 1 vulnerability that is high or worse: CVE-2026-1 in bash" in failed.err
    assert "warning" not in failed.err
    assert "1 are explained" in cli.ok(*words, "--vex", str(explained)).err
    assert "none is critical" in cli.ok(*words, "--fail-on", "critical").err
    metadata["ImageID"] = "sha256:0"
    report.write_text(json.dumps(document))
    assert "does not name the ID or a digest of" in cli(*words).err
