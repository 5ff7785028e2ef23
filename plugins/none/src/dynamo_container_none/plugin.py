# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Dynamo without an engine."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from dynamo_container import api


class NoEngine(api.ServingPlugin):
    """Dynamo's own components."""

    name, folder = "none", Path(__file__).parent
    summary = "Dynamo without an engine: frontend, router, mocker"
    devices = ("cuda", "cpu")
    worker, worker_gpus = "dynamo.mocker", 0
    worker_model = ("--model-path", "--model-name")
    disaggregated = {  # noqa: RUF012  # the base class declares it
        "prefill": ("--disaggregation-mode", "prefill"),
        "decode": ("--disaggregation-mode", "decode"),
    }
    modules = (("dynamo.frontend", "dynamo.mocker", "dynamo.runtime"),)
    # NIXL's Python bindings require torch, and KVBM's wheel an older NIXL; see `release`.
    may_disagree = ("torch", "nixl")

    def release(self, request: api.BuildRequest) -> api.ReleaseChoice:
        """Leave out torch, and keep the NIXL of the row."""
        release = super().release(request)
        # Only NIXL's Python bindings require torch, which is 5 GB, and only engines use them.
        release = release.overriding("torch; python_version < '0'")
        if not release.kvbm:
            return release
        # KVBM's wheel often requires an older NIXL, by a wheel that selects one of several CUDAs.
        (nixl,) = (pin for pin in release.wheels if pin.name.startswith("nixl"))
        name, _, cuda = nixl.name.partition("-")
        requirement = f"{name}[{cuda}]=={nixl.version}" if cuda else nixl.requirement
        return release.overriding(requirement)


plugin: Final = NoEngine()
