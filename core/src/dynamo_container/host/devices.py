# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Facts about this machine's device files."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from dynamo_container.model.facts import DeviceFile

_DEV: Final = Path("/dev")


def collect(folder: Path = _DEV) -> tuple[DeviceFile, ...]:
    """Return the character devices in a folder and in its folders, such as `/dev/dri`, and those
    folders themselves; sorted by path.
    """
    return tuple(sorted(_files(folder), key=lambda file: file.path))


def _files(folder: Path) -> Iterator[DeviceFile]:
    for path in (*folder.glob("*"), *folder.glob("*/*")):
        try:
            status = path.lstat()
        except OSError:  # it is gone, or in a folder that only others may read
            continue
        if stat.S_ISCHR(status.st_mode) or stat.S_ISDIR(status.st_mode):
            yield DeviceFile(path=str(path), group=status.st_gid)
