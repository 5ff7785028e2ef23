# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Whether this machine's NVIDIA driver can run an image, told before anything starts."""

from __future__ import annotations

from typing import Final

from packaging.version import InvalidVersion, Version

from dynamo_container.errors import MachineError
from dynamo_container.model.facts import DriverInfo

# The last minor version of CUDA's major ones: what somebody with an older driver builds for.
_LAST_MINOR: Final = {11: "11.8", 12: "12.9"}


def warning(cuda: str, minimum: str, driver: DriverInfo) -> str:
    """What is to be said to the user; empty where the driver is new enough.

    A driver runs every minor version of the CUDA that it is of, and all older ones
    (https://docs.nvidia.com/deploy/cuda-compatibility/).

    Args:
        cuda: the image's CUDA version, as its label says.
        minimum: the oldest driver that the image runs on, as its label says; empty for unknown.
        driver: the machine's.

    Raises:
        MachineError: the driver is too old.
    """
    try:
        wanted, has = Version(cuda), Version(driver.cuda)
        oldest, version = Version(minimum or "0"), Version(driver.version)
    except InvalidVersion as error:
        known = f"the driver {driver.version} and the image's CUDA {cuda}"
        return f"not checked: {known} ({error})"
    if version >= oldest and has.major >= wanted.major:
        return ""
    needs = f"driver {minimum} or newer" if minimum else f"a driver for CUDA {wanted.major}"
    raise MachineError(
        f"the image has CUDA {cuda} and needs {needs}; "
        f"this machine's driver {driver.version} is for CUDA up to {driver.cuda}",
        f"build the image with --cuda-version {_LAST_MINOR.get(has.major, driver.cuda)} "
        "(dynamo-container releases tells which Dynamo has it), upgrade the driver, "
        "or try it with --no-preflight",
    )
