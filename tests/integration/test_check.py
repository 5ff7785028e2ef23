# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`check` on a real engine, with a check that does not end."""

from __future__ import annotations

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
