# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The file with what the command line accepts, and whether it is up to date."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, Final

# Of the document's form. Another one is written again.
_SCHEMA: Final = 1
# What selects plugins, besides those that are installed.
_ALLOW_LIST: Final = "DYNAMO_CONTAINER_PLUGINS"


def path() -> str:
    """Return the file of this Python environment."""
    cache = os.environ.get("XDG_CACHE_HOME", "")
    cache = cache if cache.startswith("/") else os.path.expanduser("~/.cache")  # noqa: PTH111
    name = "".join(letter if letter.isalnum() else "-" for letter in sys.prefix)
    return f"{cache}/dynamo-container/completion{name}.json"


def load() -> dict[str, Any] | None:
    """Return the grammar; None if there is none, or if what it was made of has changed."""
    try:
        with open(path(), "rb") as file:  # noqa: PTH123
            document = json.load(file)
            ours = os.fstat(file.fileno()).st_uid == os.geteuid()
        current = ours and document["made_of"] == made_of(document["made_of"]["files"])
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return None
    grammar: dict[str, Any] = document["grammar"]
    return grammar if current else None


def save(grammar: dict[str, Any], files: Iterable[str]) -> None:
    """Write the grammar; do without if that is not possible.

    Args:
        grammar: what the command line accepts.
        files: the source files that it was made of.
    """
    target = path()
    document = {"made_of": made_of(files), "grammar": grammar}
    with suppress(OSError):
        os.makedirs(os.path.dirname(target), mode=0o700, exist_ok=True)  # noqa: PTH103, PTH120
        number, temporary = tempfile.mkstemp(dir=os.path.dirname(target))  # noqa: PTH120
        with open(number, "w", encoding="utf-8") as file:  # noqa: PTH123
            json.dump(document, file)
        os.replace(temporary, target)  # noqa: PTH105


def made_of(files: Iterable[str]) -> dict[str, Any]:
    """Return what the grammar depends on: the files, and the folders that packages are installed
    into, with the time of the last change; and what selects plugins.
    """
    here = ("", os.getcwd())  # noqa: PTH109  # of `python -m`: any file there can change
    return {
        "schema": _SCHEMA,
        "python": sys.version,
        "plugins": os.environ.get(_ALLOW_LIST),
        "folders": {folder: _changed(folder) for folder in sys.path if folder not in here},
        "files": {file: _changed(file) for file in files},
    }


def _changed(file: str) -> int:
    try:
        return os.stat(file).st_mtime_ns  # noqa: PTH116
    except OSError:
        return 0
