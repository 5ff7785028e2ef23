# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Write rows into a plugin's `releases.toml`, which keeps its comments and its form."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dynamo_container.errors import UsageError
from dynamo_container.model.values import Override, Release

if TYPE_CHECKING:
    from packaging.version import Version

_ROW: Final = re.compile(r"^(?=\[\[release\]\]$)", re.MULTILINE)
_DYNAMO: Final = re.compile(r'^dynamo = "([^"]+)"$', re.MULTILINE)
_CHECKED: Final = re.compile(r"^checked = .*\n", re.MULTILINE)
# The start of the first table inside of a row, with the comment above it.
_INNER: Final = re.compile(r"\n(?=(?:#.*\n)*\[\[release\.)")


def editable_table(table: tuple[Release, ...]) -> Path:
    """Return the file that has these rows.

    Raises:
        UsageError: the rows are not in a file of a checkout, but of an installed distribution.
    """
    files = {row.location.rpartition(":")[0] for row in table if row.location}
    path = Path(files.pop()) if len(files) == 1 else None
    if path is None or "site-packages" in path.parts or "dist-packages" in path.parts:
        raise UsageError(
            "the release table is not in a checkout of the plugin, where it could be changed",
            "install the plugin from its checkout: pip install --editable FOLDER",
        )
    return path


def insert(text: str, row: Release) -> str:
    """Return a table's text with a row, which is added in the order of versions."""
    from packaging.version import Version

    head, *rows = _ROW.split(text)
    position = sum(_version(existing) < Version(row.dynamo) for existing in rows)
    rows.insert(position, row_text(row))
    return head + "\n".join(f"{existing.rstrip()}\n" for existing in rows)


def with_evidence(text: str, release: str, evidence: str) -> str:
    """Return a table's text with the key `checked` of a release set to this TOML value."""
    head, *rows = _ROW.split(text)
    for number, row in enumerate(rows):
        if (match := _DYNAMO.search(row)) and match[1] == release:
            own, *inner = _INNER.split(_CHECKED.sub("", row), maxsplit=1)
            end = "\n" if inner or row.endswith("\n\n") else ""
            rows[number] = f"{own.rstrip()}\nchecked = {evidence}\n{end}{''.join(inner)}"
    return head + "".join(rows)


def row_text(row: Release) -> str:
    """Return a row as TOML."""
    wheels = ", ".join(f'"{wheel.requirement}"' for wheel in row.wheels)
    lines = [
        "[[release]]",
        f'dynamo = "{row.dynamo}"',
        f"released = {row.released}",
        *([f"wheels = [{wheels}]"] if wheels else []),
        *_overrides(row.overrides),
        *(
            [f'python = "{row.python}"']
            if row.python != Release(dynamo="", released="").python
            else []
        ),
        *(
            [f"deprecated = [{', '.join(_quoted(part) for part in row.deprecated)}]"]
            if row.deprecated
            else []
        ),
    ]
    for images in row.cuda:
        stated = {
            "version": images.version,
            "torch": images.torch,
            "runtime": images.runtime,
            "devel": images.devel,
        }
        lines += ["", "[[release.cuda]]"]
        lines += [f"{key} = {_quoted(value)}" for key, value in stated.items() if value]
    return "\n".join([*lines, ""])


def _overrides(overrides: tuple[Override, ...]) -> list[str]:
    if not overrides:
        return []
    lines = [
        f"    {{ requirement = {_quoted(one.requirement)}, reason = {_quoted(one.reason)} }},"
        if one.reason
        else f"    {_quoted(one.requirement)},"
        for one in overrides
    ]
    return ["overrides = [", *lines, "]"]


def _quoted(text: str) -> str:
    """Return a TOML string; its escapes are those of JSON."""
    import json

    return json.dumps(text)


def _version(row: str) -> Version:
    from packaging.version import Version

    match = _DYNAMO.search(row)
    return Version(match[1] if match else "0")
