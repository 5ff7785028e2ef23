# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Create the project of a new plugin.

The template in `templates/plugin` is a complete project of a plugin with the name `example-plugin`;
it is copied with the new name.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from dynamo_container.errors import UsageError
from dynamo_container.plugins.discovery import known_frameworks, normalize

TEMPLATE: Final = Path(__file__).parent / "plugin"
EXAMPLE: Final = "example-plugin"
# Stands for the dot of file names that tools would obey in the template itself.
_DOT: Final = "dot-"
# Files that tools leave in the template.
_LEFT_BEHIND: Final = re.compile(r"(?:^|/)(?:\.|__pycache__)")
_LICENSE: Final = "# SPDX-License-Identifier: Apache-2.0\n"
_NAME: Final = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_MAX_LENGTH: Final = 40


def validated_name(name: str) -> str:
    """Return the normal form of a plugin's name: `my-engine` for `My_Engine`.

    Raises:
        UsageError: it is not a valid name, or the name of an existing plugin.
    """
    normal = normalize(name)
    if not _NAME.fullmatch(normal) or len(normal) > _MAX_LENGTH:
        raise UsageError(
            f"{name!r} is not a valid name of a plugin",
            f"use at most {_MAX_LENGTH} letters, digits and '-', and a letter first: acme-engine",
        )
    if normal in (*known_frameworks(), EXAMPLE):
        raise UsageError(f"{normal!r} is the name of an existing plugin", "choose another name")
    return normal


def create(name: str, folder: Path) -> None:
    """Create the project of a plugin, completely or not at all.

    Args:
        name: a normal form, as `validated_name` returns it.
        folder: the project's folder, which must not exist.

    Raises:
        UsageError: the folder exists.
        OSError: it cannot be created.
    """
    if folder.exists() or folder.is_symlink():
        raise UsageError(
            f"{folder} already exists and is not overwritten",
            "choose another name, or another folder: --output DIR",
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as parent:
        project = Path(parent) / folder.name
        for path, text in _files(name):
            (project / path).parent.mkdir(parents=True, exist_ok=True)
            (project / path).write_text(text, encoding="utf-8")
        project.rename(folder)


def _files(name: str) -> Iterator[tuple[str, str]]:
    """Yield the files of the project: the path in it, and the text."""
    for path in sorted(TEMPLATE.rglob("*")):
        relative = path.relative_to(TEMPLATE).as_posix()
        if path.is_file() and not _LEFT_BEHIND.search(relative):
            # The license of the project is its author's choice.
            text = path.read_text(encoding="utf-8").replace(f"{_LICENSE}#\n", "", 1)
            yield (
                _renamed(relative.replace(_DOT, "."), name),
                _renamed(text.replace(_LICENSE, "", 1), name),
            )


def _renamed(text: str, name: str) -> str:
    """Return the text with the new name, also in the form of Python's identifiers."""
    return text.replace(EXAMPLE, name).replace(EXAMPLE.replace("-", "_"), name.replace("-", "_"))
