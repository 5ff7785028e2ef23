# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The devices of the Container Device Interface, read from its specifications' files.

Engines from 28 on list them; older ones say only in which folders they look
(https://github.com/cncf-tags/container-device-interface/blob/main/SPEC.md).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any


def devices(folders: Iterable[str]) -> tuple[str, ...]:
    """The fully qualified names (`nvidia.com/gpu=0`) that the folders' specifications give, sorted.

    A file that cannot be read gives none, as with the engine itself.
    """
    found = {name for folder in folders for path in _files(folder) for name in _names(path)}
    return tuple(sorted(found))


def _files(folder: str) -> Iterator[Path]:
    try:
        yield from (
            path for path in Path(folder).iterdir() if path.suffix in (".json", ".yaml", ".yml")
        )
    except OSError:
        return


def _names(path: Path) -> Iterator[str]:
    try:
        specification = _read(path)
        kind = specification["kind"]
        yield from (f"{kind}={device['name']}" for device in specification["devices"])
    except (OSError, ValueError, KeyError, TypeError):
        return


def _read(path: Path) -> Any:  # whatever the file holds
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".json":
        return json.loads(text)
    # Imported here: only an older engine with such a file needs it.
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error
