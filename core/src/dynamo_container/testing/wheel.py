# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What a distribution's wheel has in it: its record, or, where it is installed from a source tree
(`pip install --editable`), a wheel that is built from that tree.
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
    """No wheel can be made of the source tree, and why."""


def names(distribution: str) -> frozenset[str] | None:
    """The files of the wheel, as paths in it; None where nothing tells them.

    Raises:
        WheelError: the wheel cannot be built.
    """
    if tree := source_tree(distribution):
        # Environments that uv makes have no pip.
        return _built(tree) if importlib.util.find_spec("pip") else None
    files = importlib_metadata.files(distribution)
    return None if files is None else frozenset(str(file) for file in files)


def source_tree(distribution: str) -> Path | None:
    """The folder that an editable installation is of; see PEP 610."""
    text = importlib_metadata.distribution(distribution).read_text("direct_url.json")
    origin = json.loads(text) if text else {}
    if not origin.get("dir_info", {}).get("editable"):
        return None
    return Path(unquote(urlsplit(origin["url"]).path))


def _built(tree: Path) -> frozenset[str]:
    with tempfile.TemporaryDirectory(prefix="dynamo-container-contract-") as folder:
        # Without isolation where its build backend is here: faster, and nothing is fetched.
        alone = ["--no-build-isolation"] if _has_backend(tree) else []
        words = ["-m", "pip", "wheel", "--quiet", "--no-deps", *alone, "--wheel-dir", folder]
        answer = subprocess.run(
            [sys.executable, *words, str(tree)], capture_output=True, text=True, check=False
        )
        wheels = list(Path(folder).glob("*.whl"))
        if answer.returncode or not wheels:
            raise WheelError((answer.stderr or answer.stdout).strip()[-2000:])
        with zipfile.ZipFile(wheels[0]) as archive:
            return frozenset(archive.namelist())


def _has_backend(tree: Path) -> bool:
    try:
        system = read_toml(tree / "pyproject.toml").get("build-system", {})
    except (OSError, ValueError) as error:
        raise WheelError(f"{tree / 'pyproject.toml'}: {error}") from error
    backend = str(system.get("build-backend", "setuptools")).partition(":")[0]
    return importlib.util.find_spec(backend.partition(".")[0]) is not None
