# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Reading TOML files."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def read_toml(path: Path) -> dict[str, Any]:
    """Return the document in a file.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is not valid TOML.
    """
    return parse_toml(path.read_bytes())


def parse_toml(content: bytes) -> dict[str, Any]:
    """Return the document in a file's content.

    Raises:
        ValueError: it is not valid TOML.
    """
    # Imported here: 3 ms that only a command that reads a table pays for.
    import tomllib

    try:
        return tomllib.loads(content.decode())
    except RecursionError as error:
        raise ValueError("its tables or lists are nested too deeply") from error
