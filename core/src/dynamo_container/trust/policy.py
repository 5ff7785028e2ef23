# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The policy of this machine, a file that only root can write:

[plugins]
required = ["acme-policy"]
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

from dynamo_container.errors import PolicyError

# No option and no variable changes it.
PATH: Final = Path("/etc/dynamo-container/policy.toml")
_KEYS: Final = "it can have: [plugins] required = [NAME, ...]"


def required_plugins() -> tuple[str, ...]:
    """Return the names of the plugins that the policy requires; none if there is no policy.

    Raises:
        PolicyError: the file is not valid, or others than root can write to it.
    """
    if not os.path.lexists(PATH):
        return ()
    # Imported here: most machines have no policy.
    from dynamo_container.model.toml import parse_toml

    try:
        document = parse_toml(_read())
    except (OSError, ValueError) as error:
        raise _invalid(f"cannot be read: {error}") from error
    plugins = document.get("plugins", {})
    names = plugins.get("required", []) if isinstance(plugins, dict) else None
    if (
        not isinstance(names, list)
        or not all(isinstance(name, str) and name for name in names)
        or document.keys() - {"plugins"}
        or plugins.keys() - {"required"}
    ):
        raise _invalid(f"is not valid; {_KEYS}")
    return tuple(names)


def _read() -> bytes:
    """Return the content of the file, after a check of its owner through the same descriptor."""
    for folder in (PATH.parent, PATH.parent.parent):
        _require_root(folder, folder.stat())
    descriptor = os.open(PATH, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    with open(descriptor, "rb") as file:  # noqa: PTH123  # a descriptor
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise _invalid("is not a regular file")
        _require_root(PATH, status)
        return file.read()


def _require_root(path: Path, status: os.stat_result) -> None:
    writable = status.st_mode & stat.S_IWOTH or (status.st_mode & stat.S_IWGRP and status.st_gid)
    if status.st_uid or writable:
        raise _invalid(f"cannot be trusted: others than root can write to {path}")


def _invalid(problem: str) -> PolicyError:
    return PolicyError(
        f"the policy of this machine, {PATH}, {problem}", "ask the administrator of this machine"
    )
