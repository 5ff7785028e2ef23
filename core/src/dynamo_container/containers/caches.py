# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The caches of development that outlive a container."""

from __future__ import annotations

from typing import Final

# The name of each, and its folder in the developer's home. `create-developer` creates the folders,
# so that a new volume belongs to the developer.
CACHES: Final = (
    ("cargo-registry", ".cargo/registry"),
    ("cargo-git", ".cargo/git"),
    ("pre-commit", ".cache/pre-commit"),
    ("sccache", ".cache/sccache"),
    ("uv", ".cache/uv"),
)
