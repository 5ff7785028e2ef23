# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Whom a local-dev is for."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import click

from dynamo_container.errors import UsageError
from dynamo_container.host.users import sudo_caller
from dynamo_container.model.names import LOCAL_DEV_TARGET

_LARGEST_ID: Final = 2**32 - 2


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Whom a local-dev is for, and where those IDs come from."""

    uid: int | None = None
    gid: int | None = None
    origins: tuple[tuple[str, str], ...] = ()


def user_from(ctx: click.Context, targets: Iterable[str]) -> User:
    """The IDs that were given, else the caller's own: behind sudo, of who called it."""
    given = {flag: ctx.params[flag] for flag in ("uid", "gid") if ctx.params[flag] is not None}
    if LOCAL_DEV_TARGET not in targets:
        for flag in given:
            raise UsageError(
                f"--{flag} means nothing without --target {LOCAL_DEV_TARGET}",
                "add it, or leave this out",
            )
        return User()
    # Group 0 is no developer's own: then it is the group that goes by the UID's number.
    caller = sudo_caller() or (os.getuid(), os.getgid())
    uid = given.get("uid", caller[0])
    gid = given.get("gid", caller[1] or uid)
    for flag, value in (("uid", uid), ("gid", gid)):
        if value == 0:
            raise UsageError(
                f"--{flag} 0 is root, and {LOCAL_DEV_TARGET} is for who is not root",
                f"say whom: --{flag} N; or develop as root: --target dev",
            )
        if not 0 < value <= _LARGEST_ID:
            raise UsageError(f"--{flag} {value} is no ID", f"it may be 1 to {_LARGEST_ID}")
    origins = {"uid": "the caller's own", "gid": "the caller's own" if caller[1] else "as the UID"}
    said = tuple((f"--{flag}", origin) for flag, origin in origins.items() if flag not in given)
    return User(uid=uid, gid=gid, origins=said)
