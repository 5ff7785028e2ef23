# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Who may write to the folders that containers share with this machine."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator

from dynamo_container.host.users import sudo_caller
from dynamo_container.model.facts import SharedFolder

# The folder of models below the Hugging Face cache: a container that ran as root may have made it.
_HUB = "hub"
_ACCESS_LIST = "system.posix_acl_access"


def collect(folders: Iterable[tuple[str, str]]) -> Iterator[SharedFolder]:
    """Yield facts about folders, each of which is given with what it is.

    Nothing is known about a folder with an access control list, or one that this user cannot see.
    A folder that does not exist is created for the caller before the container starts.
    """
    for path, what in folders:
        yield from _folder(path, what)
        hub = os.path.join(path, _HUB)  # noqa: PTH118  # a string
        if os.path.isdir(hub):  # noqa: PTH112  # a folder that cannot be read is none
            yield from _folder(hub, what)


def _folder(path: str, what: str) -> Iterator[SharedFolder]:
    try:
        if _ACCESS_LIST in os.listxattr(path):
            return
        status = os.stat(path)  # noqa: PTH116  # a string
    except FileNotFoundError:
        uid, gid = sudo_caller() or (os.getuid(), os.getgid())
        mask = os.umask(0)
        os.umask(mask)
        yield SharedFolder(path=path, what=what, uid=uid, gid=gid, mode=0o777 & ~mask)
    except OSError:
        return
    else:
        mode = stat.S_IMODE(status.st_mode)
        yield SharedFolder(path=path, what=what, uid=status.st_uid, gid=status.st_gid, mode=mode)
