# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The files of a distribution's wheel: from its record, or, if it is installed from a source tree
(`pip install --editable`), from a wheel that is built from that tree.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from urllib.parse import unquote, urlsplit

import importlib_metadata

from dynamo_container.model.toml import read_toml


class WheelError(Exception):
    """No wheel can be built from the source tree; the message is the reason."""


def wheel_files(distribution: str) -> frozenset[str] | None:
    """Return the paths of the files in a distribution's wheel; None if they cannot be known.

    Raises:
        WheelError: the wheel cannot be built.
    """
    if tree := source_tree(distribution):
        # Environments that uv creates have no pip.
        return _build(tree) if importlib.util.find_spec("pip") else None
    files = importlib_metadata.files(distribution)
    return None if files is None else frozenset(str(file) for file in files)


def source_tree(distribution: str) -> Path | None:
    """Return the folder of an editable installation, as PEP 610 records it; None for any other."""
    text = importlib_metadata.distribution(distribution).read_text("direct_url.json")
    origin = json.loads(text) if text else {}
    if not origin.get("dir_info", {}).get("editable"):
        return None
    return Path(unquote(urlsplit(origin["url"]).path))


def _build(tree: Path) -> frozenset[str]:
    with tempfile.TemporaryDirectory(prefix="dynamo-container-contract-") as folder:
        # If the build backend is installed, no isolation: it is faster and downloads nothing.
        isolation = ["--no-build-isolation"] if _has_backend(tree) else []
        arguments = [
            "-m",
            "pip",
            "wheel",
            "--quiet",
            "--no-deps",
            *isolation,
            "--wheel-dir",
            folder,
        ]
        process = subprocess.run(
            [sys.executable, *arguments, str(tree)], capture_output=True, text=True, check=False
        )
        wheels = list(Path(folder).glob("*.whl"))
        if process.returncode or not wheels:
            raise WheelError((process.stderr or process.stdout).strip()[-2000:])
        with zipfile.ZipFile(wheels[0]) as archive:
            return frozenset(archive.namelist())


def _has_backend(tree: Path) -> bool:
    try:
        system = read_toml(tree / "pyproject.toml").get("build-system", {})
    except (OSError, ValueError) as error:
        raise WheelError(f"{tree / 'pyproject.toml'}: {error}") from error
    backend = str(system.get("build-backend", "setuptools")).partition(":")[0]
    return importlib.util.find_spec(backend.partition(".")[0]) is not None
