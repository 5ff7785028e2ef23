# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What a release table has for devices other than NVIDIA GPUs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from dynamo_container.errors import UsageError
from dynamo_container.model.values import DeviceRelease

if TYPE_CHECKING:
    from dynamo_container.model.requests import BuildRequest
    from dynamo_container.model.values import Release


def devices(rows: Iterable[Release]) -> tuple[str, ...]:
    """Return the devices that rows name, each once."""
    return tuple(dict.fromkeys(entry.device for row in rows for entry in row.devices))


def find(
    request: BuildRequest, row: Release, dynamo: str, rows: Iterable[Release]
) -> DeviceRelease:
    """Return what is installed for the device of a request.

    Args:
        request: with a device.
        row: of the chosen release, or of the nearest older one.
        dynamo: the chosen release.
        rows: of the table.

    Returns:
        If no row names the device, only the release's NIXL, which also transfers without GPUs, and
        what the row leaves out: the plugin itself, or another one, has what the device needs.

    Raises:
        UsageError: the release cannot be built for the device, or with KVBM.
    """
    name = request.device
    releases = [other.dynamo for other in rows if other.for_device(name)]
    device = row.for_device(name)
    if releases and device is None:
        raise UsageError(
            f"{request.framework!r} with Dynamo {dynamo} cannot be built for the device {name!r}",
            f"for {name}: --dynamo-version {' or '.join(releases)}",
        )
    if request.enable_kvbm:
        raise UsageError(
            f"--enable-kvbm cannot be used with --device {name}: KVBM is for NVIDIA GPUs",
            "remove one of them",
        )
    return device or _of_another_plugin(name, row)


def _of_another_plugin(name: str, row: Release) -> DeviceRelease:
    return DeviceRelease(
        device=name,
        wheels=tuple(pin for pin in row.wheels if pin.name.startswith("nixl")),
        overrides=tuple(override for override in row.overrides if override.leaves_out),
    )
