# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The release that a request gets, and what each hook says about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from dynamo_container.model.names import (
    CUDA,
    CUDA_VERSION,
    DERIVED,
    DRIVER_LABEL,
    DYNAMO,
    ENABLE_KVBM,
    EXTRAS_LABEL,
    KERNELS_LABEL,
    REQUIREMENTS,
    RESOLVE_AS_OF,
    RUNTIME_STAGE,
    TORCH_CUDA,
)
from dynamo_container.model.values import (
    BaseImage,
    BuildArg,
    CudaImages,
    DeviceRelease,
    Label,
    Notice,
    Override,
    Pin,
    Release,
    ReleaseExtra,
    SystemPackage,
)
from dynamo_container.plugins import release_extras

KVBM: Final = "kvbm"
# From this release on, Dynamo needs neither etcd to discover services nor NATS to send requests.
_SELF_SUFFICIENT: Final = "0.8"
# Dynamo's compiled part, which ai-dynamo requires in exactly its own version.
_RUNTIME: Final = "ai-dynamo-runtime"
_CUDA_TOOLKIT: Final = "cuda-toolkit"
_SERVICES: Final = ("etcd-server", "nats-server")
# A release's own packages appear over two days.
SETTLING: Final = timedelta(days=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseChoice:
    """The release that a request gets, and what is installed with it.

    Attributes:
        dynamo: the Dynamo release.
        row: its row in the table; if it has none, the row of the nearest older release.
        exact: whether the row is for this very release and Dynamo is installed from wheels.
        cuda: the images for the chosen CUDA version; None if the release needs no CUDA.
        device: what is installed for the requested device, if that is not an NVIDIA GPU; then there
            are neither Dynamo's extras nor KVBM, which are for those.
        wheels: the wheels of the row.
        overrides: requirements that replace what packages require: those of an exact row, and
            what was added by `overriding()`.
        extras: the parts of Dynamo that the user asks for, whose wheels and overrides are included.
        kvbm: whether Dynamo's block manager is installed too.
        beside: whether the engine is that of an image of others, beside which Dynamo is installed.
        from_checkout: whether Dynamo is compiled from a checkout.
        skipped_default: the table's default release, if it was not chosen because it cannot be
            built for the requested CUDA version; else empty.
        named: the release that the user named, if its wheels are those of a post release; else
            empty.
    """

    dynamo: str
    row: Release
    exact: bool
    cuda: CudaImages | None
    device: DeviceRelease | None = None
    wheels: tuple[Pin, ...] = ()
    overrides: tuple[Override, ...] = ()
    extras: tuple[ReleaseExtra, ...] = ()
    kvbm: bool = False
    beside: bool = False
    from_checkout: bool = False
    skipped_default: str = ""
    named: str = ""

    def wheel(self, name: str) -> Pin:
        """Return the row's pin of a wheel.

        Raises:
            KeyError: the row has no such wheel.
        """
        return {pin.name: pin for pin in self.wheels}[name]

    def without(self, *wheels: str) -> ReleaseChoice:
        """Return a copy that does not pin these wheels, given by name. What is installed instead of
        them can have code for other GPUs than the row says.
        """
        kept = tuple(pin for pin in self.wheels if pin.name not in wheels)
        if kept == self.wheels or not self.cuda:
            return replace(self, wheels=kept)
        return replace(self, wheels=kept, cuda=replace(self.cuda, kernels=()))

    def overriding(self, *requirements: str) -> ReleaseChoice:
        """Return a copy with further requirements that replace what packages require."""
        added = (Override(requirement=requirement) for requirement in requirements)
        return replace(self, overrides=(*self.overrides, *added))

    def for_device(self, device: DeviceRelease) -> ReleaseChoice:
        """Return a copy for a device other than NVIDIA GPUs."""
        wheels, overrides = device.wheels, device.overrides
        return replace(
            self, cuda=None, device=device, wheels=wheels, overrides=overrides, kvbm=False
        )

    def with_extras(self, extras: tuple[ReleaseExtra, ...]) -> ReleaseChoice:
        """Return a copy with further parts of Dynamo."""
        overrides = release_extras.replacing(self.overrides, extras)
        return replace(self, extras=extras, overrides=overrides)

    def beside_engine(self) -> ReleaseChoice:
        """Return a copy for an image of others that has the engine and, if any, CUDA."""
        # Dynamo's extras, which also require NIXL, are for NVIDIA GPUs.
        nixl = (pin for pin in self.wheels if self.device and pin.name.startswith("nixl"))
        return replace(self, cuda=None, wheels=tuple(nixl), kvbm=False, beside=True)

    def base_images(self, stage: str = RUNTIME_STAGE) -> Iterator[BaseImage]:
        """Yield the image with the CUDA libraries that a stage starts from; if any."""
        if self.cuda:
            yield BaseImage(stage=stage, image=self.cuda.runtime, location=self.row.location)

    def toolkit_images(self, stage: str) -> Iterator[BaseImage]:
        """Yield the image with the CUDA toolkit that a compiling stage starts from, if any."""
        if self.cuda and self.cuda.devel:
            yield BaseImage(stage=stage, image=self.cuda.devel, location=self.row.location)

    def pins(self, extras: tuple[str, ...] = ()) -> Iterator[Pin]:
        """Yield Dynamo with these extras, the wheels of the row, KVBM, and CUDA.

        Dynamo's extras pin an engine themselves, so the row's wheels are left out if the row is of
        another release. Without extras nothing else would pin them, so they are kept.
        """
        location = self.row.location if self.exact else ""
        yield Pin(
            name=DYNAMO,
            version=self.dynamo,
            extras=() if self.device else extras,
            build_arg=REQUIREMENTS,
            location=location,
        )
        if self.exact or self.device or not extras:
            yield from self.wheels
        for extra in self.extras:
            yield from extra.wheels
        if self.kvbm and not self.from_checkout:
            version = self._kvbm_version()
            yield Pin(name=KVBM, version=version, build_arg=REQUIREMENTS, location=location)
        if self.cuda:
            yield from self._cuda_pins(self.cuda)

    @property
    def derived(self) -> bool:
        """Whether the table has no row of the release, so that its wheels decide what is built."""
        return not self.exact and not self.from_checkout

    @property
    def _base_of_row(self) -> str:
        return "" if self.beside else f"the base image is that of {self.row.dynamo}, "

    def _following(self) -> Iterator[str]:
        """Yield the packages whose versions are those that other packages require: Dynamo's own,
        and with its extras CUDA's toolkit, which PyTorch pins.
        """
        if not self.from_checkout:
            yield _RUNTIME
        for pin in self.wheels:
            if pin.name == _CUDA_TOOLKIT:
                yield pin.requirement.partition("==")[0]

    def _kvbm_version(self) -> str:
        """Return the release's own version, or that of the row: some post releases have no KVBM."""
        stated = [pin.version for pin in self.row.wheels if pin.name == KVBM and self.exact]
        return stated[0] if stated else self.dynamo

    def _cuda_pins(self, cuda: CudaImages) -> Iterator[Pin]:
        place = self.row.location
        yield Pin(
            name=CUDA, version=cuda.version, kind="cuda", build_arg=CUDA_VERSION, location=place
        )
        if self.exact and cuda.torch:
            yield Pin(name=TORCH_CUDA, version=cuda.torch, kind="cuda", location=place)

    def build_args(self) -> Iterator[BuildArg]:
        """Yield the date as of which packages are resolved (two days after the release), whose
        packages follow Dynamo's own requirements, and whether a checkout is compiled with KVBM.
        """
        if not (self.exact or self.beside) and (following := " ".join(self._following())):
            yield BuildArg(name=DERIVED, value=following)
        if self.exact:
            yield BuildArg(name=RESOLVE_AS_OF, value=settled(self.row.released))
        if self.from_checkout:
            yield BuildArg(name=ENABLE_KVBM, value="true" if self.kvbm else "false")

    def system_packages(self) -> Iterator[SystemPackage]:
        """Yield the services that an old release needs in its image."""
        if is_before(self.dynamo, _SELF_SUFFICIENT):
            for name in _SERVICES:
                yield SystemPackage(name=name)

    def labels(self) -> Iterator[Label]:
        """Yield the labels with the oldest driver that can run the image, with the GPUs for which
        its packages hold code, if they are known, and with the parts of Dynamo that the user asks
        for.
        """
        if self.cuda and self.cuda.driver:
            yield Label(key=DRIVER_LABEL, value=self.cuda.driver)
        if self.cuda and self.cuda.kernels and self.exact:
            promises = " ".join(kernels.promise for kernels in self.cuda.kernels)
            yield Label(key=KERNELS_LABEL, value=promises)
        if self.extras:
            names = " ".join(extra.extra for extra in self.extras)
            yield Label(key=EXTRAS_LABEL, value=names)

    def notices(self) -> Iterator[Notice]:
        """Yield what the user should know: the release is not the one that was named, or not in the
        table; or KVBM is deprecated.
        """
        if self.named:
            yield Notice(text=f"Dynamo {self.named} was published as {self.dynamo}")
        if self.kvbm and KVBM in self.row.deprecated:
            yield Notice(
                text=f"Dynamo {self.dynamo} is built with KVBM, which Dynamo has deprecated"
            )
        if self.skipped_default and self.cuda:
            yield Notice(
                text=f"Dynamo {self.dynamo} is the newest release for CUDA {self.cuda.version}; "
                f"the default, {self.skipped_default}, cannot be built for it"
            )
        if self.derived:
            yield Notice(
                warning=True,
                text=f"Dynamo {self.dynamo} is not in the plugin's release table: its own wheels "
                f"select the packages, {self._base_of_row}and packages "
                "are resolved as of today (--resolve-as-of DATE for another day)",
            )


def settled(released: str) -> str:
    """Return the time as of which the packages of a release are resolved, by its date."""
    return f"{date.fromisoformat(released) + SETTLING}T00:00:00Z"


def is_before(release: str, other: str) -> bool:
    """Whether a Dynamo release is older than another."""
    from packaging.version import Version

    return Version(release) < Version(other)
