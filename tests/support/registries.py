# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Registries of plugins, for tests."""

from __future__ import annotations

from dynamo_container.model.requests import BuildRequest
from dynamo_container.plugins.registry import Registry

REQUEST = BuildRequest(framework="acme", target="runtime")


HOOK = """
from dynamo_container.api import *

@hookimpl
def dynamo_container_build_args(request):
"""


def registry_of(*names: str) -> Registry:
    """Return a registry in which only these plugins are installed."""
    installed = Registry.discover().candidates
    return Registry(candidate for candidate in installed if candidate.name in names)


def loaded(*frameworks: str) -> Registry:
    """Return a registry that has loaded these frameworks and the overlays."""
    registry = Registry.discover()
    registry.load(*frameworks)
    return registry
