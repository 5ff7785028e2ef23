# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Prove a row: resolve it for every platform, build its image, and run all checks in it."""

from __future__ import annotations

import uuid
from datetime import date

from dynamo_container.docker import engine, process
from dynamo_container.docker.command import PYTHON, Command
from dynamo_container.errors import WorkFailedError
from dynamo_container.maintenance.resolution import PLATFORMS, Answer, resolve
from dynamo_container.maintenance.rows import question_of
from dynamo_container.model.values import Evidence
from dynamo_container.plugins.registry import Registry


def resolve_everywhere(registry: Registry, framework: str, release: str) -> tuple[Answer, ...]:
    """Resolve a release's packages on each platform, with the arguments of its plan."""
    question = question_of(registry, framework, release)
    return tuple(resolve(question, platform) for platform in PLATFORMS)


def build_and_check(framework: str, release: str) -> int:
    """Build the runtime image of a release, run its checks, and delete it.

    The options of `build` can be set as usual, in the environment or the project file.

    Returns:
        The size of the image, in bytes.

    Raises:
        WorkFailedError: the build or a check failed.
    """
    tag = f"dynamo-container-verify/{framework}:{uuid.uuid4().hex[:12]}"
    build = ("build", framework, "--target", "runtime", "--dynamo-version", release)
    try:
        for words in ((*build, "--tag", tag, "--no-latest"), ("check", tag)):
            status = process.run(Command(argv=(*PYTHON, "-m", "dynamo_container", *words)))
            if status:
                raise WorkFailedError(
                    f"{framework} with Dynamo {release} is not proven: {words[0]} failed",
                    "see the output above",
                )
        image = engine.inspect_image(tag)
        return image.size if image else 0
    finally:
        process.capture("docker", "image", "rm", "--force", tag)


def evidence(answers: tuple[Answer, ...], size: int, today: date) -> Evidence:
    """Return what was proven: the packages of each platform, and an image of `size` bytes; 0 if
    none was built.
    """
    import platform

    resolved = tuple(answer.platform for answer in answers if answer)
    return Evidence(
        date=today.isoformat(),
        resolved=resolved,
        installed=(platform.machine(),) if size else (),
        packages=max((len(answer.packages) for answer in answers), default=0),
        megabytes=round(size / 1e6),
    )
