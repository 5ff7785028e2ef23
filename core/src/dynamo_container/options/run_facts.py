# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What was found out for one run: see `facts`."""

from __future__ import annotations

from dataclasses import dataclass

from dynamo_container.model.facts import NO_ENGINE, EngineInfo, ImageInfo, SharedFolder
from dynamo_container.model.values import Notice
from dynamo_container.options.facts import Caller


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
        folders: those of the mounted folders of the caller that the container is to write to.
        env_files: the files of `--env-file`, each with the names of its variables.
        built_here: whether the caller built the image on this machine.
        trusted: whether the image may get what is the caller's own.
        project: the folder of the caller's project; empty for none.
        terminal: whether standard input and output are a terminal.
        notices: what was assumed.
    """

    framework: str = ""
    image: str = ""
    target: str = ""
    engine: EngineInfo = NO_ENGINE
    image_info: ImageInfo | None = None
    caller: Caller = Caller()  # noqa: RUF009  # frozen
    workspace: str = ""
    folders: tuple[SharedFolder, ...] = ()
    env_files: tuple[tuple[str, tuple[str, ...]], ...] = ()
    built_here: bool = False
    trusted: bool = False
    project: str = ""
    terminal: bool = False
    notices: tuple[Notice, ...] = ()
