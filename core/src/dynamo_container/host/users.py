# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The user who called this program, also behind sudo."""

from __future__ import annotations

import os
from pathlib import Path


def sudo_caller() -> tuple[int, int] | None:
    """Return the UID and GID of the user who called sudo; None without sudo."""
    values = [os.environ.get(name, "") for name in ("SUDO_UID", "SUDO_GID")]
    if os.getuid() or not all(value.isdigit() for value in values):
        return None
    return int(values[0]), int(values[1])


def caller_home() -> str:
    """Return the caller's home folder; behind sudo, that of the user who called sudo."""
    caller = sudo_caller()
    if caller is None:
        return str(Path("~").expanduser())
    import pwd

    try:
        return pwd.getpwuid(caller[0]).pw_dir
    except KeyError:
        return str(Path("~").expanduser())


def default_hf_cache() -> str:
    """Return the caller's Hugging Face cache: HF_HOME, else a folder in the home."""
    return os.environ.get("HF_HOME") or f"{caller_home()}/.cache/huggingface"
