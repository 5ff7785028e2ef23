# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What `make acceptance` compares; the images themselves are built by it only."""

from __future__ import annotations

import io
import tarfile
from dataclasses import replace
from typing import Any

import acceptance_beside
import acceptance_contents
import pytest
from acceptance_beside import Entry

RIGHT = acceptance_contents.Found(
    docker_size=1000,
    size=1000,
    layers=1000,
    replaced=5,
    unowned=55,
    listed={"python": 3, "apt": 2},
    known={"python": 3, "apt": 2},
    imports={"54321": 1.5, "54321:54321": 2.5},
)
WRONG: dict[str, dict[str, Any]] = {
    "size": {"size": 999},
    "layer": {"layers": 999},
    "in no visible file": {"replaced": 11},
    "sbom has": {"listed": {"python": 4, "apt": 2}},
    "imported as 54321": {"imports": {"54321": None}},
}


def test_an_image_whose_commands_agree_with_its_own_tools_has_no_problems():
    assert list(RIGHT.problems()) == []
    assert "99.500%, of packages: 94.000%" in str(RIGHT)


@pytest.mark.parametrize("problem", WRONG)
def test_what_does_not_agree_is_a_problem(problem):
    (found,) = replace(RIGHT, **WRONG[problem]).problems()

    assert problem in found


FILES = {"opt/venv/a.py": b"a", "opt/venv/b.py": b"bb", "bin/sh": b"#"}


def file_system(
    files: dict[str, bytes], owner: int = 0, links: dict[str, str] | None = None
) -> dict[str, Entry]:
    """Read these files as those of an image."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.uid = len(text), owner
            archive.addfile(member, io.BytesIO(text))
        for name, target in (links or {}).items():
            member = tarfile.TarInfo(name)
            member.type, member.linkname = tarfile.SYMTYPE, target
            archive.addfile(member)
    content.seek(0)
    with tarfile.open(fileobj=content) as archive:
        return {member.name: acceptance_beside.entry(archive, member) for member in archive}


def test_files_beside_the_engine_are_added_and_nothing_is_changed():
    above = file_system({**FILES, "opt/dynamo/c.py": b"ccc"}, links={"opt/dynamo/d": "c.py"})

    found = acceptance_beside.compare(file_system(FILES), above)

    assert (found.added, found.added_bytes, found.changed) == (2, 3, ())


CHANGES = {
    "content of the same size": (file_system({**FILES, "bin/sh": b"!"}), ("bin/sh",)),
    "deleted": (file_system(dict(list(FILES.items())[:2])), ("bin/sh",)),
    "owner": (file_system(FILES, owner=1000), tuple(sorted(FILES))),
    "a link instead": (
        file_system(dict(list(FILES.items())[:2]), links={"bin/sh": "bash"}),
        ("bin/sh",),
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_changed_of_the_engine_is_found(change):
    above, changed = CHANGES[change]

    assert acceptance_beside.compare(file_system(FILES), above).changed == changed
