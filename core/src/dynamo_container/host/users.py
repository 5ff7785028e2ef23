# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The user on whose behalf this process runs, also if that user called sudo."""

from __future__ import annotations

import os


def sudo_caller() -> tuple[int, int] | None:
    """Return UID and GID of the user who called sudo; None without sudo."""
    uid, gid = (os.environ.get(name, "") for name in ("SUDO_UID", "SUDO_GID"))
    if os.getuid() or not (uid.isdigit() and gid.isdigit()):
        return None
    return int(uid), int(gid)


def caller_uids() -> frozenset[int]:
    """Return the users whose files are the caller's own: this user, and the one who called sudo."""
    caller = sudo_caller()
    return frozenset({os.getuid(), caller[0]} if caller else {os.getuid()})


def caller_home() -> str:
    """Return the home folder of the user, or of the user who called sudo; `~` if unknown."""
    caller = sudo_caller()
    if caller is None:
        return "~"
    import pwd

    try:
        return pwd.getpwuid(caller[0]).pw_dir
    except KeyError:
        return "~"


def default_hf_cache() -> str:
    """Return the user's own Hugging Face folder, as `huggingface_hub` finds it; it can start with
    `~`.
    """
    cache = os.environ.get("XDG_CACHE_HOME") or f"{caller_home()}/.cache"
    return os.environ.get("HF_HOME") or f"{cache}/huggingface"


def hf_hub_cache() -> str:
    """Return the folder of models and data sets, if it is not in the Hugging Face folder."""
    return os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE") or ""


def hf_token_file() -> str:
    """Return the file with the user's token for Hugging Face, if a variable names one."""
    path = os.path.expanduser(os.environ.get("HF_TOKEN_PATH", ""))  # noqa: PTH111  # as the library
    return path if os.path.isfile(path) else ""  # noqa: PTH113  # a string


def hf_settings() -> tuple[str, ...]:
    """Return the names of those variables that decide where models come from and that are set."""
    return tuple(name for name in ("HF_ENDPOINT", "HF_HUB_OFFLINE") if os.environ.get(name))
