# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The devices of the Container Device Interface (CDI), read from the specification files.

Engines report the devices since version 28; older ones report only the folders with the files
(https://github.com/cncf-tags/container-device-interface/blob/main/SPEC.md).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any


def devices(folders: Iterable[str]) -> tuple[str, ...]:
    """Return the fully qualified device names (`nvidia.com/gpu=0`) in these folders, sorted.

    Files that cannot be read are skipped, as the engine does.
    """
    names = {name for folder in folders for path in _spec_files(folder) for name in _names(path)}
    return tuple(sorted(names))


def _spec_files(folder: str) -> Iterator[Path]:
    try:
        yield from (
            path for path in Path(folder).iterdir() if path.suffix in (".json", ".yaml", ".yml")
        )
    except OSError:
        return


def _names(path: Path) -> Iterator[str]:
    try:
        spec = _read(path)
        kind = spec["kind"]
        yield from (f"{kind}={device['name']}" for device in spec["devices"])
    except (OSError, ValueError, KeyError, TypeError):
        return


def _read(path: Path) -> Any:  # any document: the caller checks its shape
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".json":
        return json.loads(text)
    # Imported here: only an older engine with such a file requires it.
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error
