# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What was found out for one call before its request is made: values, collected by `collect`.

Those of a run are in `run_facts`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dynamo_container.model.names import DEV_TARGET

if TYPE_CHECKING:
    from dynamo_container.model.facts import Checkout, ImageInfo
    from dynamo_container.model.values import Notice


class Caller(NamedTuple):
    """The user who called, behind sudo the user who called sudo.

    Attributes:
        uid, gid: numeric IDs.
        home: the home folder.
        hf_cache: the Hugging Face cache.
        hf_hub: the folder of models and data sets, if it is elsewhere; else empty.
        hf_settings: names of variables that decide where models come from.
        host: the name of this machine.
    """

    uid: int = 1000
    gid: int = 1000
    home: str = ""
    hf_cache: str = ""
    hf_hub: str = ""
    hf_settings: tuple[str, ...] = ()
    hf_token: str = ""
    host: str = ""

    @property
    def owner(self) -> str:
        """Who owns the containers that the caller starts: `UID@HOST`; empty if unknown."""
        return f"{self.uid}@{self.host}" if self.host else ""


class BuildFacts(NamedTuple):
    """Facts for a build.

    Attributes:
        frameworks: the selected frameworks and the default target of each.
        checkout: the Dynamo checkout to compile; None for a build from wheels.
        caller: who called.
        environment: the variables that the options refer to, and those of proxies and of AWS that
            are set.
        dev_image: the image of `--dev-image`; None if none was named or the engine lacks it.
        dev_image_stage: the stage that the image of `--dev-image` replaces.
        docker_proxies: the proxies in docker's own configuration, if a provenance would publish
            them.
        engine_image: the image of `--engine-image`; None as for `dev_image`.
        platform: the builder's own platform, if a name needs it.
        archives: the folder for archives that podman loads; empty if docker gets the images.
        saved: whether docker's own store has the images first.
        notices: what was assumed.
    """

    frameworks: tuple[tuple[str, str], ...] = ()
    checkout: Checkout | None = None
    caller: Caller = Caller()
    environment: tuple[tuple[str, str], ...] = ()
    dev_image: ImageInfo | None = None
    dev_image_stage: str = DEV_TARGET
    docker_proxies: tuple[tuple[str, str], ...] = ()
    engine_image: ImageInfo | None = None
    platform: str = ""
    archives: str = ""
    saved: bool = False
    notices: tuple[Notice, ...] = ()

    @property
    def default_targets(self) -> tuple[str, ...]:
        """The default targets of the selected frameworks."""
        return tuple(target for _, target in self.frameworks)

    def variable(self, name: str) -> str:
        """Return an environment variable; empty if it is not set."""
        return dict(self.environment).get(name, "")
