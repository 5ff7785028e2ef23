# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What holds for every file of the repository."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = (".py", ".sh", ".toml", "Dockerfile", "Makefile", ".yml")
# Hosts of package registries: a clone must build wherever a mirror is configured.
REGISTRIES = re.compile(r"pypi\.org|pythonhosted|registry\.npmjs|crates\.io|deb\.debian\.org")
# Folders that only one machine has.
PLACES = re.compile(r"(?<![\w.])/(?:root|work)/\w")


@pytest.fixture(scope="module")
def files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


@pytest.mark.processes
def test_every_source_file_names_its_license(files):
    sources = [path for path in files if path.name.endswith(SOURCES) or is_script(path)]

    assert len(sources) > 40
    lacking = [
        str(path.relative_to(ROOT))
        for path in sources
        if "SPDX-License-Identifier: Apache-2.0" not in path.read_text()[:300]
    ]
    assert lacking == []


def is_script(path: Path) -> bool:
    return path.read_bytes().startswith(b"#!")


@pytest.mark.processes
def test_no_file_names_a_registry_or_a_place_of_one_machine(files):
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in files
        if path != Path(__file__)
        for match in [
            *REGISTRIES.finditer(path.read_text(errors="replace")),
            *PLACES.finditer(path.read_text(errors="replace")),
        ]
    ]
    assert found == []
