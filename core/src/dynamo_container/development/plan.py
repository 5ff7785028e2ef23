# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The frozen plan of a container to develop in."""

from __future__ import annotations

from typing import NamedTuple

from dynamo_container.containers.plan import RunPlan
from dynamo_container.model.values import EnvVar


class Settings(NamedTuple):
    """What a container to develop in gets besides what any container gets.

    Attributes:
        source: the folder that is developed.
        workdir: the folder below `source` in which commands run; empty for `source` itself.
        checkout: whether the folder is a Dynamo checkout, which is built in place.
        rust: the Rust release that the checkout names; empty for any.
        ca_bundle: a file of certificates; empty for none.
        env: variables for downloads, in the container for good.
        secrets: variables with credentials, which each command gets and no container keeps.
    """

    source: str
    workdir: str = ""
    checkout: bool = True
    rust: str = ""
    ca_bundle: str = ""
    env: tuple[EnvVar, ...] = ()
    secrets: tuple[tuple[str, str], ...] = ()


class DevPlan(NamedTuple):
    """A container to develop in.

    Attributes:
        container: as it is created; it sleeps, and commands run in it.
        framework: of its image; empty for none.
        settings: what it was planned with.
        arguments: what it is created with, to compare with an existing container.
        caches: the folders of caches in the container.
        session: variables that each command gets from the caller's environment.
        workdir: the folder in the container in which commands run.
    """

    container: RunPlan
    framework: str
    settings: Settings
    arguments: tuple[str, ...]
    caches: tuple[str, ...]
    session: tuple[EnvVar, ...]
    workdir: str
