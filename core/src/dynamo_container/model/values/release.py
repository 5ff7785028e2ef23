# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The rows of a plugin's release table."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from dynamo_container.model.values.build import Override, Pin
from dynamo_container.model.values.kernels import Kernels, numbers
from dynamo_container.model.values.validation import require

_CUDA_VERSION: Final = r"[1-9][0-9]*\.[0-9]+"
# The oldest major version of NVIDIA's driver for each major version of CUDA:
# https://docs.nvidia.com/deploy/cuda-compatibility/
_DRIVERS: Final = {"11": "450", "12": "525", "13": "580"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CudaImages:
    """The images for one CUDA version of a release.

    Attributes:
        version: the CUDA version, such as `13.0`.
        runtime: the image that `runtime` starts from.
        devel: the image with the whole toolkit, for compiling.
        torch: the CUDA version that the release's PyTorch is built for; empty if unknown.
        kernels: for which GPUs the release's packages hold native code; empty if unknown.
    """

    version: str
    runtime: str
    devel: str = ""
    torch: str = ""
    kernels: tuple[Kernels, ...] = ()

    def __post_init__(self) -> None:
        require(
            re.fullmatch(_CUDA_VERSION, self.version),
            f"{self.version!r} is not a valid CUDA version, such as '13.0'",
        )

    @property
    def gpus(self) -> tuple[str, ...]:
        """The compute capabilities for which every package has machine code; empty if unknown."""
        codes = [set(one.architectures) for one in self.kernels]
        return tuple(sorted(set.intersection(*codes) if codes else (), key=numbers))

    @property
    def driver(self) -> str:
        """The oldest major version of NVIDIA's driver that runs it; empty if unknown."""
        return _DRIVERS.get(self.version.partition(".")[0], "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """How a row of a release table was proven.

    Attributes:
        date: when, such as `2026-11-26`.
        resolved: the architectures for which its packages were found, such as `aarch64`.
        installed: the architectures on which its image was built and checked.
        packages: how many packages it has.
        megabytes: the size of that image, with its base image; 0 if none was built.
    """

    date: str
    resolved: tuple[str, ...] = ()
    installed: tuple[str, ...] = ()
    packages: int = 0
    megabytes: int = 0

    def as_toml(self) -> str:
        """Return the value of the key `checked` of a row."""
        size = f", megabytes = {self.megabytes}" if self.megabytes else ""
        resolved, installed = (
            ", ".join(f'"{platform}"' for platform in platforms)
            for platforms in (self.resolved, self.installed)
        )
        return (
            f"{{ date = {self.date}, resolved = [{resolved}], installed = [{installed}], "
            f"packages = {self.packages}{size} }}"
        )

    def summary(self) -> str:
        """Return it for people: `2026-11-26 (built on x86_64, resolved for aarch64)`."""
        parts = []
        if self.installed:
            parts.append(f"built on {', '.join(self.installed)}")
        if others := [platform for platform in self.resolved if platform not in self.installed]:
            parts.append(f"resolved for {', '.join(others)}")
        return f"{self.date} ({'; '.join(parts)})" if parts else self.date


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceRelease:
    """What a release is built with for a device other than NVIDIA GPUs.

    Attributes:
        device: as `--device` names it, such as `cpu`.
        wheels: what is installed besides Dynamo, instead of the release's own wheels.
        overrides: instead of the release's own; see `Override`.
    """

    device: str
    wheels: tuple[Pin, ...] = ()
    overrides: tuple[Override, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseExtra:
    """A part of Dynamo that images leave out unless the user asks for it.

    Attributes:
        extra: as `--extra` names it, such as `planner`.
        wheels: what is installed in addition.
        overrides: instead of the release's own for the same packages; see `Override`.
        modules: Python modules that `check` imports in an image with this part.
    """

    extra: str
    wheels: tuple[Pin, ...] = ()
    overrides: tuple[Override, ...] = ()
    modules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A row of a plugin's release table: a Dynamo release and what it is built with.

    Attributes:
        dynamo: the Dynamo release, such as `1.4.2`.
        released: its date, such as `2026-08-28`.
        wheels: the wheels that it was tested with.
        overrides: see `Override`.
        cuda: the CUDA versions that it can be built for, the default first; empty if it needs no
            CUDA.
        devices: the other devices that it can be built for.
        extras: the parts of Dynamo that are installed only if the user asks for them.
        python: the Python version of its images.
        deprecated: parts that Dynamo has deprecated, which are installed only if the user asks for
            them: `kvbm`.
        default: whether it is built if the user does not name a release.
        checked: whether the plugin's author has built and checked it.
        evidence: how; None if it is not known.
        location: `file:line` of the row; empty if it is not in a file. Not compared.
    """

    dynamo: str
    released: str
    wheels: tuple[Pin, ...] = ()
    overrides: tuple[Override, ...] = ()
    cuda: tuple[CudaImages, ...] = ()
    devices: tuple[DeviceRelease, ...] = ()
    extras: tuple[ReleaseExtra, ...] = ()
    python: str = "3.12"
    deprecated: tuple[str, ...] = ()
    default: bool = False
    checked: bool = False
    evidence: Evidence | None = None
    location: str = field(default="", compare=False, repr=False)

    def for_device(self, device: str) -> DeviceRelease | None:
        """Return what it is built with for a device; None if it cannot be built for it."""
        return next((entry for entry in self.devices if entry.device == device), None)
