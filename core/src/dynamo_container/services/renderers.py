# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The formats that `export` can write: each is a pure function from a plan to files."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from dynamo_container.model.requests import Discovery
from dynamo_container.services.plan import ServePlan


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportOptions:
    """What the user says about the files, as opposed to what is served.

    Attributes:
        home: the caller's home folder; paths in it are written so that they fit every user.
    """

    home: str = ""


class Renderer(Protocol):
    """The function `render` of a format's module."""

    def __call__(self, plan: ServePlan, options: ExportOptions) -> dict[str, str]:
        """Return the files, each by its path below the folder."""


# The module of each format, in this package.
RENDERERS: Final[Mapping[str, str]] = {"compose": "compose"}
# How services find each other if the user does not say; `file` for other formats.
DISCOVERY: Final[Mapping[str, Discovery]] = {}


def render(form: str, plan: ServePlan, options: ExportOptions) -> dict[str, str]:
    """Return the files of a format, each by its path below the folder.

    Args:
        form: one of `RENDERERS`.
        plan: of the services.
        options: of the format.

    Raises:
        UsageError: the format cannot express the plan.
    """
    module = importlib.import_module(f"{__package__}.{RENDERERS[form]}")
    function: Renderer = module.render
    return function(plan, options)
