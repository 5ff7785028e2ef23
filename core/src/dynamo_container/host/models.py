# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Models on this machine: in folders, and in the Hugging Face cache."""

from __future__ import annotations

import stat
from collections.abc import Set as AbstractSet
from pathlib import Path, PurePath
from typing import Final

# Files one of which each format of models has.
_MODELS: Final = ("config.json", "params.json", "model_index.json", "*.gguf")
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


def is_model(folder: Path) -> bool:
    """Whether a folder has a file that a model has; True if it cannot be read."""
    try:
        names = [path.name for path in folder.iterdir()]
    except OSError:
        return True
    return any(PurePath(name).match(pattern) for name in names for pattern in _MODELS)


def link_out_of(folder: Path) -> Path | None:
    """Return a file of a folder that is a link to one outside of it; None if there is none."""
    try:
        root = folder.resolve()
        links = sorted(path for path in folder.iterdir() if path.is_symlink())
        return next((one for one in links if not one.resolve().is_relative_to(root)), None)
    except (OSError, RuntimeError):
        return None


def unreadable(folder: Path, uid: int, groups: AbstractSet[int]) -> Path | None:
    """Return the folder, or the first of its files, if a user cannot read it.

    Args:
        folder: of a model.
        uid: of the user.
        groups: of the user.
    """
    try:
        if not _permits(folder, uid, groups, folder=True):
            return folder
        files = sorted(path for path in folder.iterdir() if path.is_file())
        return next((path for path in files if not _permits(path, uid, groups)), None)
    except OSError:
        return None


def _permits(path: Path, uid: int, groups: AbstractSet[int], *, folder: bool = False) -> bool:
    found = path.stat()
    if uid in (0, found.st_uid):
        return uid == 0 or bool(found.st_mode & stat.S_IRUSR)
    wanted = stat.S_IROTH | (stat.S_IXOTH if folder else 0)
    shift = 3 if found.st_gid in groups else 0
    return (found.st_mode >> shift) & wanted == wanted
