# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`serve --build`: build the image first if the engine does not have it."""

from __future__ import annotations

from dynamo_container.cli.app import Session
from dynamo_container.cli.planning import build_repository
from dynamo_container.errors import WorkFailedError
from dynamo_container.model.names import RUNTIME_STAGE
from dynamo_container.options.collect import has_image
from dynamo_container.options.selection import select_framework
from dynamo_container.options.serve_records import ServeOptions
from dynamo_container.printing import print_command


def build_missing(session: Session, options: ServeOptions) -> None:
    """Build the framework's image if the engine has none; for a dry run, print the command.

    `build` runs as a program of its own, so that its variables and its table of the project file
    hold, as they do when a user runs it.

    Raises:
        WorkFailedError: the build failed.
    """
    from dynamo_container.docker import process
    from dynamo_container.docker.command import PYTHON, Command

    repository = build_repository(session)
    if has_image(options, session.registry, session.describe, repository):
        return
    framework = select_framework(session.registry, options)
    device = ("--device", options.device_kind) if options.device_kind else ()
    words = ("build", framework, "--target", options.target or RUNTIME_STAGE, *device)
    if options.dry_run:
        print_command(Command(argv=("dynamo-container", *words)))
        return
    command = Command(argv=(*PYTHON, "-m", "dynamo_container", *session.words, *words))
    if process.run(command, output=2):
        raise WorkFailedError(
            f"the image of {framework} could not be built", "see the output above"
        )
