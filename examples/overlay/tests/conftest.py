# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The overlay, installed for these tests and no others: it has a say in every plan."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def overlay(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the overlay's wheel is installed in."""
    folder = tmp_path_factory.mktemp("overlay")
    words = ["--quiet", "--no-deps", "--no-build-isolation", "--target", str(folder)]
    subprocess.run([sys.executable, "-m", "pip", "install", *words, str(PROJECT)], check=True)
    return folder


@pytest.fixture(scope="module", autouse=True)
def installed(overlay: Path) -> Iterator[None]:
    """The overlay, as the tests of a module have it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(overlay))
        yield
    for name, module in list(sys.modules.items()):
        if (getattr(module, "__file__", None) or "").startswith(str(overlay)):
            del sys.modules[name]
