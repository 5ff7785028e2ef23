# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What was found out for one call before its request is made: values, collected by `collect`."""

from __future__ import annotations

from dataclasses import dataclass

from dynamo_container.model.facts import NO_ENGINE, Checkout, EngineInfo, ImageInfo
from dynamo_container.model.names import DEV_TARGET
from dynamo_container.model.values import Notice


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Caller:
    """The user who called, behind sudo the user who called sudo.

    Attributes:
        uid, gid: numeric IDs.
        home: the home folder.
        hf_cache: the Hugging Face cache.
    """

    uid: int = 1000
    gid: int = 1000
    home: str = ""
    hf_cache: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BuildFacts:
    """Facts for a build.

    Attributes:
        frameworks: the selected frameworks and the default target of each.
        checkout: the Dynamo checkout to compile; None for a build from wheels.
        caller: who called.
        environment: the variables that the options refer to, and those of proxies and of AWS that
            are set.
        dev_image: the image of `--dev-image`; None if none was named or the engine lacks it.
        dev_image_stage: the stage that the image of `--dev-image` replaces.
        platform: the builder's own platform, if a name needs it.
        notices: what was assumed.
    """

    frameworks: tuple[tuple[str, str], ...] = ()
    checkout: Checkout | None = None
    caller: Caller = Caller()
    environment: tuple[tuple[str, str], ...] = ()
    dev_image: ImageInfo | None = None
    dev_image_stage: str = DEV_TARGET
    platform: str = ""
    notices: tuple[Notice, ...] = ()

    @property
    def default_targets(self) -> tuple[str, ...]:
        """The default targets of the selected frameworks."""
        return tuple(target for _, target in self.frameworks)

    def variable(self, name: str) -> str:
        """Return an environment variable; empty if it is not set."""
        return dict(self.environment).get(name, "")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RunFacts:
    """Facts for a run.

    Attributes:
        framework: the framework that the user or the image's label names; empty for none.
        image: the image's reference.
        target: the framework's target that the image is of; empty if an image was named.
        engine: the engine.
        image_info: the image; None if the engine does not have it or does not answer.
        caller: who called.
        workspace: the folder of `--mount-workspace`; empty for none.
        terminal: whether standard input and output are a terminal.
        notices: what was assumed.
    """

    framework: str = ""
    image: str = ""
    target: str = ""
    engine: EngineInfo = NO_ENGINE
    image_info: ImageInfo | None = None
    caller: Caller = Caller()
    workspace: str = ""
    terminal: bool = False
    notices: tuple[Notice, ...] = ()
