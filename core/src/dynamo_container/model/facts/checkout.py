# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What was found out about a checkout of Dynamo's repository."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """A checkout of Dynamo's repository.

    Attributes:
        path: absolute.
        release: the Dynamo release that it is or will become, such as `0.6.1`; plugins choose a row
            of their release tables by it.
        version: the version for tags and labels: the release if its tag is checked out, else
            `0.6.1.dev.COMMIT`.
        commit: the full hash; empty without git.
        digest: SHA-256 that identifies the content without reading all of it: of the commit and of
            the files that git tracks, else of the version.
        rust: the Rust release in its `rust-toolchain.toml`, such as `1.90.0`; empty if it has none.
        unknown: what could not be found out about it, and why; lines for the user.
    """

    path: Path
    release: str
    version: str
    commit: str = ""
    digest: str = ""
    rust: str = ""
    unknown: tuple[str, ...] = ()
