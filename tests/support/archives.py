# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Tar archives in memory: layers, images and build contexts that tests write byte by byte."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping


def packed(files: Mapping[str, bytes], *, time: int = 7, mode: int = 0o644) -> bytes:
    """Return an archive of these files, with this time of change (in seconds) and these
    permissions.
    """
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mtime, member.mode = len(content), time, mode
            archive.addfile(member, io.BytesIO(content))
    return stream.getvalue()
