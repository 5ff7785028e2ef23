# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Ask the plugins whether a merged plan is allowed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from dynamo_container.errors import PolicyError
from dynamo_container.plugins import hookspecs
from dynamo_container.plugins.registry import Registry

if TYPE_CHECKING:
    from dynamo_container.model.requests import PlanView


def verify(registry: Registry, framework: str, create_view: Callable[[], PlanView]) -> None:
    """Ask every plugin that contributes to a framework whether a plan is allowed.

    Args:
        registry: with the framework loaded.
        framework: of the plan.
        create_view: returns the plan; it is called only if a plugin verifies plans.

    Raises:
        PolicyError: one refuses it.
        PluginError: a hook failed.
    """
    hook = hookspecs.dynamo_container_verify
    if not any(plugin.implementation(hook.__name__) for plugin in registry.plugins(framework)):
        return
    for refusal in registry.call_for(framework, hook, plan=create_view()):
        raise PolicyError(
            f"{refusal.source} refuses this plan: {refusal.value.reason}",
            refusal.value.hint or f"see its policy: {refusal.source.location}",
        )
