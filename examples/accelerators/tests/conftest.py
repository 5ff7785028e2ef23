# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Install the overlays for these tests only, because they add devices to vLLM. A plugin in a
repository of its own is installed in the environment and needs no such file.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def overlays(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which the overlays' wheel is installed."""
    folder = tmp_path_factory.mktemp("accelerators")
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--target", str(folder)]
    subprocess.run([sys.executable, "-m", "pip", "install", *options, str(PROJECT)], check=True)
    return folder


@pytest.fixture(scope="module", autouse=True)
def installed(overlays: Path) -> Iterator[None]:
    """The overlays are installed during the tests of a module."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(overlays))
        yield
    for name, module in list(sys.modules.items()):
        if (getattr(module, "__file__", None) or "").startswith(str(overlays)):
            del sys.modules[name]
