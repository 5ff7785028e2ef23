# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""TOML on every Python that is supported: the standard library has it from 3.11 on."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any


def read_toml(path: Path) -> dict[str, Any]:
    """The document in a file.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no valid TOML.
    """
    # Imported here: 3 ms that only who reads a table pays for.
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib

    return tomllib.loads(path.read_text(encoding="utf-8"))
