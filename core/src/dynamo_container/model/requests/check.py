# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""A request for the checks of an image."""

from __future__ import annotations

from dataclasses import dataclass

from dynamo_container.model import facts
from dynamo_container.model.names import CUDA_DEVICE, DEVICE_LABEL
from dynamo_container.model.requests.base import Request


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRequest(Request):
    """A request for the checks of one image.

    Attributes:
        framework: whose checks are run.
        image: its reference.
        image_info: what the engine reports about it.
        fast: whether checks that read all of the image should read less of it.
    """

    framework: str
    image: str
    image_info: facts.ImageInfo
    fast: bool = False

    @property
    def device(self) -> str:
        """The device that the image is for, from its label."""
        return self.image_info.label(DEVICE_LABEL) or CUDA_DEVICE
