# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Overlays of the examples, installed for some tests only: they contribute to every plan."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def install(project: Path, folder: Path) -> Path:
    """Install the wheel of a project into a folder, and return the folder."""
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--target", str(folder)]
    subprocess.run([sys.executable, "-m", "pip", "install", *options, str(project)], check=True)
    return folder


@contextmanager
def importable(folder: Path) -> Iterator[None]:
    """What is installed in a folder can be imported until the block ends, and is forgotten then."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        yield
    for name, module in list(sys.modules.items()):
        if (getattr(module, "__file__", None) or "").startswith(str(folder)):
            del sys.modules[name]
