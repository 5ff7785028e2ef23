# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The security page: each threat names the test that holds it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
THREATS = (ROOT / "docs" / "security.md").read_text().partition("\n## Threats\n")[2]
TESTS = re.compile(r"`([\w./-]+\.py)::(\w+)`")


def test_every_threat_names_a_test_that_exists():
    rows = [line for line in THREATS.splitlines() if line.startswith("| ")]
    threats = [row for row in rows if not row.startswith("| attack |")]

    assert len(threats) > 5
    assert [row for row in threats if not TESTS.search(row)] == []
    missing = [f"{file}::{name}" for file, name in TESTS.findall(THREATS) if not exists(file, name)]
    assert missing == []


def exists(file: str, name: str) -> bool:
    """Whether a file has a test of this name, possibly in a class."""
    path = ROOT / file
    nodes = ast.walk(ast.parse(path.read_text())) if path.is_file() else ()
    return any(isinstance(node, ast.FunctionDef) and node.name == name for node in nodes)


def test_a_test_that_does_not_exist_is_noticed():
    assert exists("tests/integration/test_security_page.py", "exists")
    assert not exists("tests/integration/test_security_page.py", "test_nothing")
    assert not exists("tests/integration/no_such_file.py", "exists")
