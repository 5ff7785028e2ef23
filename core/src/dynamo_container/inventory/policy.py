# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Ask the plugins whether an image may have what is in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from dynamo_container.errors import PolicyError
from dynamo_container.inventory import contents
from dynamo_container.model.requests.inventory import Inventory
from dynamo_container.plugins import hookspecs
from dynamo_container.plugins.registry import Registry

_HOOK = hookspecs.dynamo_container_inventory
_SHOWN = 3


def require(registry: Registry, framework: str, image: str) -> None:
    """Require that no plugin refuses an image for what is in it.

    Args:
        registry: with the framework loaded.
        framework: of the image.
        image: that the engine has. It is examined only if a plugin has a policy for inventories.

    Raises:
        PolicyError: a plugin refuses it.
        EngineError, MachineError, WorkFailedError: the image cannot be examined.
    """
    refusals = tuple(problems(registry, framework, lambda: contents.inventory(image)))
    if refusals:
        reasons, hints = zip(*refusals, strict=True)
        raise PolicyError(
            f"{image} is refused: {_text(reasons)}",
            next(filter(None, hints), f"see what is in it: dynamo-container sbom {image}"),
        )


def _text(reasons: tuple[str, ...]) -> str:
    more = len(reasons) - _SHOWN
    return "; ".join(reasons[:_SHOWN]) + (f"; and {more} more" if more > 0 else "")


def problems(
    registry: Registry, framework: str, examine: Callable[[], Inventory]
) -> Iterator[tuple[str, str]]:
    """Yield why plugins refuse an image, with the plugin's name, and what to do about it."""
    if any(plugin.implementation(_HOOK.__name__) for plugin in registry.plugins(framework)):
        for refusal in registry.call_for(framework, _HOOK, inventory=examine()):
            yield f"{refusal.value.reason} (policy of {refusal.source})", refusal.value.hint
