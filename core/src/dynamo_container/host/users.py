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
    """Return the user's own Hugging Face cache; it can start with `~`."""
    return os.environ.get("HF_HOME") or f"{caller_home()}/.cache/huggingface"
