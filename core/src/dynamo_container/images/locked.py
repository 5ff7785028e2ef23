# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What a lock decides about an image: base images by digest, and packages by version and hash."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Final, TypeVar

from dynamo_container.model.names import (
    CUDA,
    LOCKED_PACKAGES,
    LOCKED_SIZES,
    LOCKED_VERSIONS,
    LOCKED_WHEELS,
    SOURCE_DATE_EPOCH,
    UPGRADE,
)
from dynamo_container.model.provenance import Contribution, Layer, Resolved, Source
from dynamo_container.model.values import BaseImage, BuildArg, Pin, Stage

if TYPE_CHECKING:
    from dynamo_container.model.lock import Lock, LockedWheel, LockedWheels
    from dynamo_container.model.requests import BuildRequest

T = TypeVar("T", BaseImage, Stage)

# `uname -m` of a platform, for markers of requirements.
_MACHINES: Final = {"amd64": "x86_64", "arm64": "aarch64"}


class Locked:
    """A lock's part about one image; without a lock, nothing changes.

    Args:
        lock: None for none.
        request: of the image.
        pins: of the image.
    """

    def __init__(
        self, lock: Lock | None, request: BuildRequest, pins: tuple[Resolved[Pin], ...]
    ) -> None:
        self._lock = lock
        cuda = next((pin.value.version for pin in pins if pin.key == CUDA), "")
        self._variant = (request.framework, cuda, request.device)
        self._pins = pins
        path = lock.path if lock else ""
        self._source = Source(layer=Layer.USER, name="lock", distribution=path)

    def base_images(self, images: Iterable[Resolved[BaseImage]]) -> tuple[Resolved[BaseImage], ...]:
        """Return base images by digest."""
        return tuple(self._by_digest(image) for image in images)

    def stages(self, stages: Iterable[Resolved[Stage]]) -> tuple[Resolved[Stage], ...]:
        """Return stages; those that are images are by digest."""
        return tuple(self._by_digest(stage) for stage in stages)

    def _by_digest(self, original: Resolved[T]) -> Resolved[T]:
        image = original.value.image
        base = self._lock.base(image) if self._lock and image else None
        if not base or not base.digest or "@" in image:
            return original
        value = replace(original.value, image=f"{image}@{base.digest}")
        return original.replaced(value, (self._source,))

    def args(
        self, contributions: Iterable[Contribution[BuildArg]]
    ) -> Iterator[Contribution[BuildArg]]:
        """Yield build arguments, those of the lock instead of others of the same name."""
        own = {(arg.name, arg.stage): arg for arg in self._args()}
        for contribution in contributions:
            if (contribution.value.name, "") not in own:
                yield contribution
        for arg in own.values():
            yield Contribution(value=arg, source=self._source)

    def _args(self) -> Iterator[BuildArg]:
        if not self._lock:
            return
        yield BuildArg(name=SOURCE_DATE_EPOCH, value=str(self._lock.epoch))
        tools = {tool.name: tool for tool in self._lock.tools}
        for pin in self._pins:
            if pin.key in tools and pin.value.build_arg:
                yield BuildArg(name=pin.value.build_arg, value=tools[pin.key].requirement)
        mine = [one for one in self._lock.wheels if self._is_mine(one)]
        for stage in dict.fromkeys(one.stage for one in mine):
            yield from _wheels(stage, [one for one in mine if one.stage == stage], self._lock)
        for stage, words in self._packages().items():
            yield BuildArg(name=LOCKED_PACKAGES, value=" ".join(sorted(words)), stage=stage)

    def _is_mine(self, locked: LockedWheels) -> bool:
        return (locked.framework, locked.cuda, locked.device) == self._variant

    def _packages(self) -> dict[str, set[str]]:
        """The packages of the distribution, by stage: those of all platforms."""
        by_stage: dict[str, set[str]] = {}
        for one in self._lock.packages if self._lock else ():
            if (one.framework, one.cuda, one.device) == self._variant:
                # Not empty: a stage without packages is locked, too.
                known = by_stage.setdefault(one.stage, {"-"})
                known |= {str(package) for package in one.packages}
        return by_stage


def _wheels(stage: str, wheels: list[LockedWheels], lock: Lock) -> Iterator[BuildArg]:
    """Yield the arguments for the Python packages of a stage: exactly these, or, if the lock is
    moved on, the versions to keep.
    """
    if lock.moving is None:
        requirements = "|".join(_requirements(wheels))
        yield BuildArg(name=LOCKED_WHEELS, value=requirements, stage=stage)
        yield BuildArg(name=LOCKED_SIZES, value=" ".join(_sizes(wheels)), stage=stage)
        return
    versions = {f"{wheel.name}=={wheel.version}" for one in wheels for wheel in one.wheels}
    yield BuildArg(name=LOCKED_VERSIONS, value="|".join(sorted(versions)), stage=stage)
    yield BuildArg(name=UPGRADE, value=" ".join(lock.moving), stage=stage)


def _requirements(locked: list[LockedWheels]) -> Iterator[str]:
    """Yield the wheels of all platforms as requirements with hashes; with a marker if not every
    platform has the same version.
    """
    versions: dict[tuple[str, str], dict[str, LockedWheel]] = {}
    for one in locked:
        for wheel in one.wheels:
            versions.setdefault((wheel.name, wheel.version), {})[one.platform] = wheel
    for (name, version), wheels in sorted(versions.items()):
        machines = sorted({_MACHINES.get(name.split("/")[1], "") for name in wheels})
        condition = " or ".join(f"platform_machine == '{machine}'" for machine in machines)
        marker = f" ; {condition}" if len(wheels) < len(locked) else ""
        hashes = sorted({wheel.sha256 for wheel in wheels.values()})
        yield f"{name}=={version}{marker} {' '.join(f'--hash=sha256:{one}' for one in hashes)}"


def _sizes(locked: list[LockedWheels]) -> Iterator[str]:
    """Yield `NAME=BYTES` of the packages; the largest file of all platforms, so that the images
    of all of them have the same layers.
    """
    sizes: dict[str, int] = {}
    for wheel in (wheel for one in locked for wheel in one.wheels):
        sizes[wheel.name] = max(wheel.size, sizes.get(wheel.name, 0))
    return (f"{name}={size}" for name, size in sorted(sizes.items()) if size)
