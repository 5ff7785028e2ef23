# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Files of environment variables. Docker reads their values, which can be secret: we only need the
names, because variables that the file sets replace those of plugins.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from dynamo_container.errors import UsageError
from dynamo_container.host.paths import existing_file

_OPTION = "--env-file"


def read_all(paths: Iterable[str]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return files, each with the names of its variables; see `read`."""
    return tuple(map(read, paths))


def read(path: str) -> tuple[str, tuple[str, ...]]:
    """Return the absolute path of a file, and the names of its variables.

    Raises:
        UsageError: the file cannot be read, or docker would refuse it. No value is in the message.
    """
    full = existing_file(path, _OPTION)
    try:
        lines = Path(full).read_text(encoding="utf-8-sig").split("\n")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise UsageError(
            f"{_OPTION}: {full} cannot be read: {reason}", "write one NAME=VALUE per line"
        ) from error
    numbered = ((number, line.lstrip()) for number, line in enumerate(lines, 1))
    return full, tuple(
        _name(full, number, line)
        for number, line in numbered
        if line.strip() and not line.startswith("#")
    )


def _name(path: str, number: int, line: str) -> str:
    name, equals, _ = line.rstrip("\r").partition("=")
    name = name if equals else name.rstrip()
    if not name or re.search(r"[\s\0]", name) or "\0" in line:
        raise UsageError(
            f"{_OPTION}: line {number} of {path} does not start with the name of a variable",
            "write one NAME=VALUE per line",
        )
    return name
