# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Registries of plugins, for tests."""

from __future__ import annotations

from dynamo_container.model.provenance import Contribution
from dynamo_container.model.requests import BuildRequest
from dynamo_container.model.values import BuildArg
from dynamo_container.plugins import hookspecs
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


def build_args(registry: Registry) -> tuple[Contribution[BuildArg], ...]:
    """Return the build arguments that frameworks and overlays of a test contribute: not those of
    `images`, which is always there.
    """
    found = registry.call(hookspecs.dynamo_container_build_args, REQUEST)
    return tuple(one for one in found if one.source.name != "images")
