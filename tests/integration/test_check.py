# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`check` where a check does not end, on a real engine."""

from __future__ import annotations

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

    result = cli("check", docker.base_image, "--framework", "tiny", "--timeout", "2")

    assert result.status == 1
    assert result.out.splitlines() == ["FAILED   sleeps", "ok       works"]
    assert "did not end within 2 s (--timeout)" in result.err
    left = docker.run("ps", "--all", "--quiet", "--filter", "name=dynamo-container-check-")
    assert left == ""
