# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Notices about settings of other tools that a user could expect a build to read.

They are not read, because they are about this machine: an index on 127.0.0.1, a user's own token,
another Python. What a build depends on is in its options, and the same everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator

from dynamo_container.host import tool_settings
from dynamo_container.model.values import Notice
from dynamo_container.options.records import BuildOptions
from dynamo_container.options.secrets import INDEX_VARIABLE


def notices(options: BuildOptions) -> Iterator[Notice]:
    """Yield a notice for each kind of setting that has no effect on a build."""
    if options.dev_image:
        return
    if not options.index_url and (found := tuple(tool_settings.indexes())):
        yield _not_read(f"the package index of {_list(found)}", f"--index-url, or {INDEX_VARIABLE}")
    if _sends_no_credentials(options) and (file := tool_settings.netrc()):
        yield _not_read(file, f"--secret id=netrc,src={file}")
    if options.use_sccache and options.sccache_bucket and (names := tool_settings.sccache()):
        yield _not_read(_list(names), "export the keys of the bucket: AWS_ACCESS_KEY_ID, ...")


def _sends_no_credentials(options: BuildOptions) -> bool:
    """Whether an index of the user's is used without a password or a netrc file."""
    index = options.index_url
    return bool(index and not index.secret) and "netrc" not in {one.id for one in options.secret}


def _not_read(what: str, instead: str) -> Notice:
    return Notice(text=f"{what} is not used by builds; instead: {instead}")


def _list(names: tuple[str, ...]) -> str:
    return " and ".join(names)
