# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""A lock: what images are made of, by hash."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedImage:
    """An image that a lock is for.

    Attributes:
        framework, target, cuda, device: which image it is; empty if it has no CUDA version, and for
            NVIDIA's GPUs.
        plan: hash of the plan without a lock, as in the label.
        plugins: distributions with versions.
        values: what the plan requested, such as `("pin ai-dynamo", "1.6.1")`.
    """

    framework: str
    target: str
    cuda: str = ""
    device: str = ""
    plan: str = ""
    plugins: tuple[str, ...] = ()
    values: tuple[tuple[str, str], ...] = ()

    @property
    def identity(self) -> tuple[str, str, str, str]:
        """What distinguishes it from the other images of a lock."""
        return self.framework, self.target, self.cuda, self.device

    @property
    def variant(self) -> tuple[str, str, str]:
        """What its stages are for, whatever the target."""
        return self.framework, self.cuda, self.device


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedBase:
    """An image from outside.

    Attributes:
        image: its reference.
        digest: of its manifest, or of its list of platforms; empty if only an engine has it.
        id: of an image that only an engine has; else empty.
        platforms: the digest of the manifest of each platform, if known.
    """

    image: str
    digest: str = ""
    id: str = ""
    platforms: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedTool:
    """A tool that builds with: the hashes of its wheels, one for each platform."""

    name: str
    version: str
    hashes: tuple[str, ...]

    @property
    def requirement(self) -> str:
        """The tool as pip takes it."""
        hashes = (f" --hash=sha256:{one}" for one in self.hashes)
        return f"{self.name}=={self.version}{''.join(hashes)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedPackage:
    """A package of the distribution."""

    name: str
    architecture: str
    version: str
    sha256: str

    def __str__(self) -> str:
        return f"{self.name}:{self.architecture}={self.version}#{self.sha256}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedPackages:
    """The packages of the distribution that a stage installs on a platform."""

    framework: str
    cuda: str = ""
    device: str = ""
    platform: str
    stage: str
    packages: tuple[LockedPackage, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedWheel:
    """A package of Python.

    Attributes:
        name, version: of the package.
        file, sha256: what is installed.
        index: that had it.
        size: of the file, in bytes; 0 if the index does not state it.
        uploaded: the date of the file, such as `2026-08-28`; empty if the index does not state it.
        via: the packages that require it; none if the image itself does.
    """

    name: str
    version: str
    file: str
    sha256: str
    index: str = ""
    size: int = 0
    uploaded: str = ""
    via: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedWheels:
    """The packages of Python that a stage resolves or installs for a platform."""

    framework: str
    cuda: str = ""
    device: str = ""
    platform: str
    stage: str = "wheels"
    python: str
    wheels: tuple[LockedWheel, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """A lock.

    Attributes:
        path: of its file.
        created: when, such as `2026-11-26T08:00:00Z`: the time of everything in the images.
        moving: while a lock is moved on: the Python packages that move, and those that they require
            if they have to. The others keep their versions. None in every other case.
    """

    path: str
    created: str
    images: tuple[LockedImage, ...] = ()
    bases: tuple[LockedBase, ...] = ()
    tools: tuple[LockedTool, ...] = ()
    packages: tuple[LockedPackages, ...] = ()
    wheels: tuple[LockedWheels, ...] = ()
    moving: tuple[str, ...] | None = None

    @property
    def epoch(self) -> int:
        """The time as `SOURCE_DATE_EPOCH` has it."""
        moment = datetime.strptime(self.created, "%Y-%m-%dT%H:%M:%SZ")  # noqa: DTZ007  # below
        return int(moment.replace(tzinfo=UTC).timestamp())

    def summary(self) -> str:
        """Return what it has, in numbers."""
        wheels = {wheel.name for one in self.wheels for wheel in one.wheels}
        packages = {package.name for one in self.packages for package in one.packages}
        number = len(self.bases)
        return (
            f"{len(wheels)} Python packages, {len(packages)} system packages, "
            f"{number} base image{'s' if number != 1 else ''}"
        )

    def base(self, image: str) -> LockedBase | None:
        """Return what is locked for an image from outside."""
        return next((base for base in self.bases if base.image == image), None)
