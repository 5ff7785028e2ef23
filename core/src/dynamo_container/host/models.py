# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Models on this machine: in folders, and in the Hugging Face cache."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_WEIGHTS: Final = (".safetensors", ".bin", ".gguf", ".pt", ".pth")


def weights(folder: Path) -> int:
    """Return the size of the weights in a folder in bytes; 0 if there are none."""
    try:
        files = [path for path in folder.iterdir() if path.suffix in _WEIGHTS]
        return sum(path.stat().st_size for path in files)
    except OSError:
        return 0


def cached(hub: Path, name: str) -> Path | None:
    """Return the folder of a model in the Hugging Face cache; None if it is not complete.

    Args:
        hub: the folder `hub` of the cache.
        name: such as `Qwen/Qwen3-0.6B`.
    """
    repository = hub / f"models--{name.replace('/', '--')}"
    try:
        revision = (repository / "refs" / "main").read_text(encoding="ascii").strip()
        snapshot = repository / "snapshots" / Path(revision).name
        incomplete = any((repository / "blobs").glob("*.incomplete"))
    except (OSError, ValueError):
        return None
    complete = (snapshot / "config.json").exists() and weights(snapshot) and not incomplete
    return snapshot if complete else None
