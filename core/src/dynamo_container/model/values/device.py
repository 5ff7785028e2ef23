# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Devices: the kinds of accelerators that engines run on, by the words of `--device`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from dynamo_container.model.values.run import EnvVar, RunFlag
from dynamo_container.model.values.validation import require

_NAME = r"[a-z][a-z0-9]*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A kind of accelerator, and what a container needs to use it: everything that starts
    containers reads this one value.

    Attributes:
        name: the word of `--device`, such as `rocm`.
        summary: one line for people, such as `AMD GPUs`.
        files: device files that the engine's machine must have, such as `/dev/kfd`.
        flags: of `docker run`, and of a Dev Container.
        env: variables of the container.
        resources: what a Kubernetes container requests, by name: `(("amd.com/gpu", "1"),)`.
        frameworks: names of the frameworks whose engine this plugin provides for the device. A
            framework states itself which devices its own plugin supports: `Framework.devices`.
    """

    name: str
    summary: str
    files: tuple[str, ...] = ()
    flags: tuple[RunFlag, ...] = ()
    env: tuple[EnvVar, ...] = ()
    resources: tuple[tuple[str, str], ...] = ()
    frameworks: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        require(
            re.fullmatch(_NAME, self.name), f"{self.name!r} is not a valid device, such as 'rocm'"
        )
        for file in self.files:
            require(file.startswith("/"), f"device {self.name!r}: {file!r} is not an absolute path")
