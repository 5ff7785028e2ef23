# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The versions of an image: what plugins pin, and what the user decides about Dynamo and CUDA."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from dynamo_container.errors import UsageError
from dynamo_container.model.names import CUDA, DYNAMO
from dynamo_container.model.provenance import Contribution, Layer, Resolved, merge
from dynamo_container.model.requests import BuildRequest, BuildSettings
from dynamo_container.model.values import BuildArg, Pin
from dynamo_container.plugins import hookspecs
from dynamo_container.plugins.registry import Registry


def merge_pins(registry: Registry, request: BuildRequest) -> tuple[Resolved[Pin], ...]:
    """Merge the pins of one image.

    Raises:
        UsageError: the user decides about a version that no plugin pins.
        ConflictError, PluginError: see `contributions.collect`.
    """
    pins = registry.call(hookspecs.dynamo_container_pins, request)
    return merge(
        "pin",
        [*pins, *_user_pins(pins, request)],
        key=lambda pin: pin.name,
        hint="{without}; and ask their authors which version is right",
        describe=lambda pin: pin.version,
    )


def _user_pins(
    pins: tuple[Contribution[Pin], ...], request: BuildRequest
) -> Iterator[Contribution[Pin]]:
    dynamo = [pin.value for pin in pins if pin.value.name == DYNAMO]
    if request.checkout:
        for pin in dynamo[:1]:
            value = replace(pin, version=request.checkout.version, location="")
            yield Contribution(value=value, source=request.source("--source"))
    elif request.dynamo_version:
        if not dynamo:
            raise UsageError(
                f"--dynamo-version cannot be used with {request.framework!r}: "
                f"its plugin does not install {DYNAMO}",
                "omit it",
            )
        value = replace(dynamo[0], version=request.dynamo_version, location="")
        yield Contribution(value=value, source=request.source("--dynamo-version"))
    if request.cuda_version:
        yield _user_cuda([pin for pin in pins if pin.value.name == CUDA], request)


def _user_cuda(pins: list[Contribution[Pin]], request: BuildRequest) -> Contribution[Pin]:
    """The requested CUDA version, if a plugin has chosen it: base images and packages depend on it,
    so the core cannot replace one version by another.
    """
    if not pins:
        raise UsageError(
            f"--cuda-version cannot be used with {request.framework!r}, which has no CUDA version",
            "omit it, or build that framework separately",
        )
    for pin in pins:
        if pin.value.version == request.cuda_version:
            return Contribution(value=pin.value, source=request.source("--cuda-version"))
    raise UsageError(
        f"{request.framework!r} cannot be built with CUDA {request.cuda_version}: "
        f"{pins[0].source} has {pins[0].value.version}",
        f"omit --cuda-version, or: --cuda-version {pins[0].value.version}",
    )


def pin_args(
    pins: Iterable[Resolved[Pin]], request: BuildRequest, settings: BuildSettings
) -> Iterator[Contribution[BuildArg]]:
    """Yield the build arguments that carry pins.

    The version of Dynamo from a checkout is only in its wheel: in an argument, each commit would
    resolve everything again. The user's decision about a pin gives way to the user's own value of
    the argument.
    """
    given = dict(settings.build_args)
    by_arg: dict[str, list[Resolved[Pin]]] = {}
    for pin in pins:
        if pin.value.build_arg:
            by_arg.setdefault(pin.value.build_arg, []).append(pin)
    for name, sharing in by_arg.items():
        value = " ".join(_requirement(pin, request) for pin in sharing)
        for source in sorted({source for pin in sharing for source in pin.sources}, key=str):
            if not (name in given and source.layer is Layer.USER):
                yield Contribution(value=BuildArg(name=name, value=value), source=source)


def _requirement(pin: Resolved[Pin], request: BuildRequest) -> str:
    requirement = pin.value.requirement
    from_checkout = request.checkout and pin.key == DYNAMO
    return requirement.partition("==")[0] if from_checkout else requirement
