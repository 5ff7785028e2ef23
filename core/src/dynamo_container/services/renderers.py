# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The formats that `export` can write: each is a pure function from a plan to files."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Final, Protocol

from dynamo_container.containers.visible import refuse_secrets
from dynamo_container.errors import UsageError
from dynamo_container.model.requests import Discovery
from dynamo_container.services.plan import ServePlan


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportOptions:
    """What the user says about the files, as opposed to what is served.

    Attributes:
        home: the caller's home folder; paths in it are written so that they fit every user.
        without_operator: whether the cluster does not have Dynamo's operator.
        pull_secrets: names of the Secrets that have the credentials of the image's registry.
        storage_class: of the volumes; empty for the cluster's default.
        model_storage: size of the volume for models.
    """

    home: str = ""
    without_operator: bool = False
    pull_secrets: tuple[str, ...] = ()
    storage_class: str = ""
    model_storage: str = "100Gi"


class Renderer(Protocol):
    """The function `render` of a format's module."""

    def __call__(self, plan: ServePlan, options: ExportOptions) -> dict[str, str]:
        """Return the files, each by its path below the folder."""


# The module of each format, in this package.
RENDERERS: Final[Mapping[str, str]] = {
    "compose": "compose",
    "kubernetes": "kubernetes",
    "quadlet": "quadlet",
    "slurm": "slurm",
}
# Options of one format, by field of ExportOptions.
_ONLY_FOR: Final[Mapping[str, str]] = {
    "without_operator": "kubernetes",
    "pull_secrets": "kubernetes",
    "storage_class": "kubernetes",
    "model_storage": "kubernetes",
}
_FLAGS: Final[Mapping[str, str]] = {"pull_secrets": "--pull-secret"}


def discovery(form: str, options: ExportOptions) -> Discovery:
    """Return how services find each other if the user does not say."""
    return "kubernetes" if form == "kubernetes" and not options.without_operator else "file"


def require_options(form: str, options: ExportOptions) -> None:
    """Require that the format has a use for each option.

    Raises:
        UsageError: it does not.
    """
    for field in fields(options):
        only = _ONLY_FOR.get(field.name, form)
        if only != form and getattr(options, field.name) != field.default:
            flag = _FLAGS.get(field.name) or f"--{field.name.replace('_', '-')}"
            raise UsageError(f"{flag} requires the format {only}, not {form}", "omit it")


def render(form: str, plan: ServePlan, options: ExportOptions) -> dict[str, str]:
    """Return the files of a format, each by its path below the folder.

    Args:
        form: one of `RENDERERS`.
        plan: of the services.
        options: of the format.

    Raises:
        UsageError: the format cannot express the plan, or would show a secret of it.
    """
    for service in plan.services:
        for container in service.containers:
            refuse_secrets(container)
    module = importlib.import_module(f"{__package__}.{RENDERERS[form]}")
    function: Renderer = module.render
    return function(plan, options)
