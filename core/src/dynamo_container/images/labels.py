# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The labels of an image: those of plugins, and those by which the core describes the image."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from dynamo_container.errors import PluginError
from dynamo_container.model.names import (
    CUDA,
    CUDA_DEVICE,
    CUDA_LABEL,
    DEVICE_LABEL,
    DYNAMO,
    DYNAMO_LABEL,
    ENGINE_IMAGE_LABEL,
    FRAMEWORK_LABEL,
    HOME_LABEL,
    LABELS,
    PINS_LABEL,
    PLAN_LABEL,
    PLUGINS_LABEL,
    TARGET_LABEL,
    USER_LABEL,
)
from dynamo_container.model.provenance import CORE, Contribution, Resolved, merge
from dynamo_container.model.requests import BuildRequest
from dynamo_container.model.values import Label
from dynamo_container.plugins import hookspecs
from dynamo_container.plugins.registry import Registry

if TYPE_CHECKING:
    from dynamo_container.images.contributions import Contributions

# The keys of the Open Container Initiative's image specification.
_OCI: Final = "org.opencontainers.image."


def merge_labels(registry: Registry, request: BuildRequest) -> tuple[Resolved[Label], ...]:
    """Merge the labels of plugins, and the user and home that the framework states.

    Raises:
        PluginError: a plugin contributes the label for the plan's hash.
        ConflictError: two plugins contribute different values.
    """
    own = registry.call(hookspecs.dynamo_container_labels, request)
    for label in own:
        if label.value.key == PLAN_LABEL:
            raise PluginError(
                f"{label.source.with_location} contributes the label {PLAN_LABEL}, which the core "
                "sets to the plan's hash",
                "this is a fault in the plugin: update it, or report it to its author",
            )
    return _merge([*own, *_framework_labels(registry, request, own)])


def _framework_labels(
    registry: Registry, request: BuildRequest, own: tuple[Contribution[Label], ...]
) -> Iterator[Contribution[Label]]:
    """The user and the home that the framework states, unless its plugin has labels for them."""
    given = {(label.source.name, label.value.key) for label in own}
    for entry in registry.call_for(request.framework, hookspecs.dynamo_container_framework):
        for key, value in ((USER_LABEL, entry.value.user), (HOME_LABEL, entry.value.home)):
            if (entry.source.name, key) not in given:
                yield Contribution(value=Label(key=key, value=value), source=entry.source)


def _merge(labels: list[Contribution[Label]]) -> tuple[Resolved[Label], ...]:
    return merge(
        "label",
        labels,
        key=lambda label: label.key,
        hint="{without}",
        describe=lambda label: label.value,
    )


def image_labels(image: Contributions, base: str) -> tuple[Resolved[Label], ...]:
    """Return all labels of an image.

    Args:
        image: what is contributed to it.
        base: the image that it starts from in the end.
    """
    request = image.request
    version = image.pin(DYNAMO)
    own = {
        # An engine's image that only the builder pulls may have labels of ours. A label cannot be
        # deleted, but one without a value counts as none.
        **dict.fromkeys(_inherited(request), ""),
        f"{_OCI}title": f"Dynamo {request.framework} {request.target}",
        f"{_OCI}version": version,
        f"{_OCI}revision": request.checkout.commit if request.checkout else "",
        f"{_OCI}base.name": base.partition("@")[0],
        f"{_OCI}base.digest": base.partition("@")[2],
        FRAMEWORK_LABEL: request.framework,
        TARGET_LABEL: request.target,
        DYNAMO_LABEL: version,
        CUDA_LABEL: image.pin(CUDA),
        DEVICE_LABEL: "" if image.device == CUDA_DEVICE else image.device,
        ENGINE_IMAGE_LABEL: request.engine_image or "",
        PINS_LABEL: _pins(image),
        PLUGINS_LABEL: ", ".join(image.plugins),
    }
    defaults = [
        Contribution(value=Label(key=key, value=value), source=CORE)
        for key, value in own.items()
        if value or key in _inherited(request)
    ]
    winners = [
        Contribution(value=label.value, source=source)
        for label in image.labels
        for source in label.sources
    ]
    return _merge([*defaults, *winners, *(low for label in image.labels for low in label.shadowed)])


def _inherited(request: BuildRequest) -> frozenset[str]:
    """The labels of ours that an image can get from one of others."""
    return frozenset(LABELS) - {PLAN_LABEL} if request.engine_image else frozenset()


def _pins(image: Contributions) -> str:
    """What is installed with Dynamo, and the CUDA versions, for `check` to compare."""
    checkout = image.request.checkout
    pins = [
        # The installed version is that of the wheel, which has no commit.
        replace(pin.value, version=checkout.release)
        if checkout and pin.key == DYNAMO
        else pin.value
        for pin in image.pins
    ]
    argument = next((pin.build_arg for pin in pins if pin.name == DYNAMO), None)
    return " ".join(
        f"{pin.name}=={pin.version}"
        for pin in pins
        if pin.kind == "cuda" or pin.build_arg == argument
    )
