# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""For which GPUs packages hold native code."""

from __future__ import annotations

import re
from dataclasses import dataclass

from dynamo_container.model.values.validation import require


@dataclass(frozen=True, slots=True, kw_only=True)
class Kernels:
    """The GPU architectures for which a package holds native code.

    Attributes:
        package: its name, such as `torch`.
        architectures: compute capabilities, such as `9.0`, or `12.0+PTX` for code that the driver
            compiles for newer GPUs.
    """

    package: str
    architectures: tuple[str, ...]

    def __post_init__(self) -> None:
        for name in self.architectures:
            require(
                re.fullmatch(r"\d+\.\d(\+PTX)?", name),
                f"{name!r} is not a valid GPU architecture, such as '9.0' or '12.0+PTX'",
            )

    @property
    def promise(self) -> str:
        """The value as the image's label has it: `torch=9.0,12.0+PTX`."""
        return f"{self.package}={','.join(self.architectures)}"

    def run_on(self, capability: str) -> bool:
        """Whether a GPU can run some of the code: machine code for its major architecture that is
        not newer than the GPU, or PTX that is not newer.
        """
        major, minor = numbers(capability)
        for name in self.architectures:
            own = numbers(name.removesuffix("+PTX"))
            if own <= (major, minor) and (own[0] == major or name.endswith("+PTX")):
                return True
        return False


def numbers(capability: str) -> tuple[int, int]:
    """Return a compute capability as numbers, such as `9.0`, to compare it."""
    major, _, minor = capability.partition(".")
    return int(major), int(minor)
