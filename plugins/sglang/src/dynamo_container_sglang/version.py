# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Another version of SGLang than the one that Dynamo requires."""

from __future__ import annotations

from dynamo_container.api import (
    BuildRequest,
    Pin,
    ReleaseChoice,
    UsageError,
    exact_version,
    replace,
)


def requested_wheel(request: BuildRequest, release: ReleaseChoice) -> Pin | None:
    """Return the SGLang that the user names; None if Dynamo's own requirement decides."""
    if not (version := request.option("sglang_version")):
        return None
    if request.checkout:
        raise UsageError(
            "--sglang-version cannot be used with a checkout, which states the version it requires",
            "remove the option, or build a release: --dynamo-version VERSION",
        )
    version = exact_version("--sglang-version", version)
    return replace(release.wheel("sglang"), version=version, location="")
