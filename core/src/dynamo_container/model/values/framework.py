# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What a plugin says about its framework, its own options, and to the user."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from dynamo_container.model.names import CUDA_DEVICE
from dynamo_container.model.values.validation import LONG_FLAG, require

Feature = Literal["cuda", "engine-image", "kvbm", "source"]
OptionValue = str | int | bool | tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Framework:
    """A framework plugin's description of itself.

    Attributes:
        summary: one line for lists.
        homepage: a URL.
        default_target: the stage that `build` builds if no target is given.
        user: the user of its runtime image, such as `ubuntu`; becomes the image's label.
        home: that user's home folder in the image; becomes the image's label.
        supports: the optional features that its hooks implement. An option that selects one which
            is not listed is refused: `cuda` (`--cuda-version`), `engine-image` (`--engine-image`),
            `kvbm` (`--enable-kvbm`), `source` (builds from a Dynamo checkout).
        devices: the devices (`--device`) that its engine can be built for, the default first.
            Further plugins can provide an engine for others: see `Device.frameworks`.
        needs_gpu: whether its containers are of little use without a GPU, or another accelerator.
            If so, a run without one has a warning.
    """

    summary: str
    homepage: str = ""
    default_target: str = "dev"
    user: str = "ubuntu"
    home: str = "/home/ubuntu"
    supports: tuple[Feature, ...] = ()
    devices: tuple[str, ...] = (CUDA_DEVICE,)
    needs_gpu: bool = True

    def __post_init__(self) -> None:
        require(self.home.startswith("/"), f"home {self.home!r} is not an absolute path")
        require(self.devices, "a framework requires at least one device, such as 'cpu'")


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """A plugin's own command-line option.

    Attributes:
        flag: such as `--vllm-ref`; hooks read it as `request.option("vllm_ref")`.
        help: one line for `--help`.
        metavar: the placeholder for the value in `--help`.
        type: `text`; `path` (completed by shells, and made absolute); `int`; or `flag`, which takes
            no value.
        choices: the allowed values of a `text`; empty for any.
        default: the value if the option is not given; None for no value.
        repeatable: whether the option can be given several times; its value is then a tuple.
        stages: names of the stages that the option affects. If none of them is part of a build,
            giving the option is an error. Empty: it affects every build of the framework.
        harmless: whether every project file may set it. Otherwise the caller must trust the file:
            the value can reach outside, such as a path, a URL or an image.
    """

    flag: str
    help: str
    metavar: str = "TEXT"
    type: Literal["text", "path", "int", "flag"] = "text"
    choices: tuple[str, ...] = ()
    default: str | int | None = None
    repeatable: bool = False
    stages: tuple[str, ...] = ()
    harmless: bool = False

    def __post_init__(self) -> None:
        require(
            re.fullmatch(LONG_FLAG, self.flag),
            f"{self.flag!r} is not a valid option, such as '--vllm-ref'",
        )
        require(self.help, f"option {self.flag!r} requires a help text")
        require(
            self.type == "text" or not self.choices,
            f"option {self.flag!r}: only an option of type 'text' can have choices",
        )
        require(
            not (self.type == "flag" and (self.repeatable or self.default is not None)),
            f"option {self.flag!r} of type 'flag' cannot be repeatable or have a default",
        )

    @property
    def destination(self) -> str:
        """The name by which `request.option()` finds the value."""
        return self.flag[2:].replace("-", "_")


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A line for the user about the plan: something was assumed, omitted or is untested.

    Attributes:
        text: the line.
        warning: whether the user probably does not want this; then `--quiet` shows it too.
    """

    text: str
    warning: bool = False
