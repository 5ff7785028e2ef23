# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Check that this machine's NVIDIA driver can run an image, before anything starts."""

from __future__ import annotations

from typing import Final

from packaging.version import InvalidVersion, Version

from dynamo_container.errors import MachineError
from dynamo_container.model.facts import DriverInfo
from dynamo_container.model.values import Kernels

# The last minor version of each major CUDA version: what to build for if the driver is older.
_LAST_MINOR: Final = {11: "11.8", 12: "12.9"}


def check_driver(cuda: str, minimum: str, driver: DriverInfo) -> str:
    """Return a warning if the driver cannot be compared; empty if it is new enough.

    A driver supports all minor versions of its CUDA version, and all older ones
    (https://docs.nvidia.com/deploy/cuda-compatibility/).

    Args:
        cuda: the image's CUDA version, from its label.
        minimum: the oldest driver that can run the image, from its label; empty if unknown.
        driver: of this machine.

    Raises:
        MachineError: the driver is too old.
    """
    try:
        required, supported = Version(cuda), Version(driver.cuda)
        oldest, version = Version(minimum or "0"), Version(driver.version)
    except InvalidVersion as error:
        return f"driver {driver.version} was not compared with the image's CUDA {cuda}: {error}"
    if version >= oldest and supported.major >= required.major:
        return ""
    requires = f"driver {minimum} or newer" if minimum else f"a driver for CUDA {required.major}"
    raise MachineError(
        f"the image has CUDA {cuda} and requires {requires}; "
        f"this machine's driver {driver.version} supports CUDA up to {driver.cuda}",
        f"build the image with --cuda-version {_LAST_MINOR.get(supported.major, driver.cuda)} "
        "(for the Dynamo releases that have it: dynamo-container releases), upgrade the driver, "
        "or skip this check: --no-preflight",
    )


def check_kernels(label: str, driver: DriverInfo) -> str:
    """Return a warning if some of this machine's GPUs cannot run the image's native code.

    Release tables have the architectures of the wheels for x86_64, so other machines are not
    compared: wheels for aarch64 have code for other GPUs.

    Args:
        label: the image's label with the architectures of its packages; empty if unknown.
        driver: of this machine.

    Raises:
        MachineError: none of the GPUs can.
    """
    lacking = {}
    for gpu in driver.gpus if driver.machine == "x86_64" else ():
        if not gpu.capability:
            continue
        packages = [one.package for one in _kernels(label) if not one.run_on(gpu.capability)]
        if packages:
            name = f"sm_{gpu.capability.replace('.', '')} ({gpu.name})"
            lacking[name] = f"no kernels for {name} in {', '.join(packages)}"
    texts = "; ".join(lacking.values())
    if not lacking or len(lacking) < len({gpu.name for gpu in driver.gpus}):
        return texts and f"{texts}: select other GPUs with --gpus"
    raise MachineError(
        f"the image has {texts}",
        "build a newer Dynamo (dynamo-container releases), or skip this check: --no-preflight",
    )


def _kernels(label: str) -> list[Kernels]:
    """Return the values of a label; none if it is not ours."""
    try:
        return [
            Kernels(package=package, architectures=tuple(architectures.split(",")))
            for package, _, architectures in (word.partition("=") for word in label.split())
        ]
    except ValueError:
        return []
