# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Facts about the stages and Dockerfiles of the distribution under test."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from dynamo_container.images import dockerfile
from dynamo_container.images.dockerfile import users
from dynamo_container.model.names import EXTRA_PACKAGES, OVERRIDES, RUNTIME_STAGE
from dynamo_container.model.requests import BuildRequest
from dynamo_container.model.values import Stage
from dynamo_container.plugins import hookspecs
from dynamo_container.testing.subject import Subject

# By number: Kubernetes cannot check a name against runAsNonRoot. In a group of its own: group 0 can
# write what is installed.
USER: Final = "1000:1000"


def shipping_stages(subject: Subject) -> Iterator[Stage]:
    """Yield its own stages that an image that ships can end with: `runtime`, and those stacked on
    it.
    """
    stages = {stage.name: stage for stage in subject.dockerfile_stages()}
    for stage in stages.values():
        lowest = stage
        while lowest.extends in stages:
            lowest = stages[lowest.extends]
        if RUNTIME_STAGE in (lowest.name, lowest.extends):
            yield stage


def wrong_user(stage: Stage) -> tuple[str, str]:
    """Return the user of a stage's image and where it is set, such as `Dockerfile:12`.

    Returns:
        Two empty texts if the user is right, or if the stage keeps the user of the one that it
        extends.
    """
    assert stage.dockerfile
    instructions = users(stage.dockerfile, stage.target or stage.name)
    if instructions:
        user, place = instructions[-1].arguments, f"{stage.dockerfile}:{instructions[-1].line}"
    else:
        user, place = ("" if stage.extends else "root (no USER)"), str(stage.dockerfile)
    return ("", "") if user in ("", USER) else (user, place)


def requires_frontend(path: Path) -> bool:
    """Whether a Dockerfile selects a frontend image by a `# syntax=` line."""
    text = path.read_text(encoding="utf-8").lstrip()
    return text.lower().replace(" ", "").startswith("#syntax=")


def missing_stand_ins(stage: Stage) -> tuple[str, ...]:
    """Return the stages that a stage needs and its Dockerfile does not define."""
    assert stage.dockerfile
    targets = dockerfile.read(stage.dockerfile, stage.dockerfile.parent).targets
    needs = (*([stage.extends] if stage.extends else []), *stage.needs)
    return tuple(name for name in needs if name not in targets)


def undeclared_arguments(subject: Subject, request: BuildRequest) -> Iterator[tuple[str, str, str]]:
    """Yield its own build arguments that no Dockerfile declares: the hook, the argument's name, and
    the stage if it is for one.
    """
    declared = _declared_arguments(subject, request)
    for hook, name, stage in _build_arguments(subject, request):
        stages = [stage] if stage else list(declared)
        if not any(name in declared.get(stage, ()) for stage in stages):
            yield hook, name, stage


def _declared_arguments(subject: Subject, request: BuildRequest) -> dict[str, frozenset[str]]:
    """Return the arguments that each stage's Dockerfile declares, by the stage's name."""
    contributions = subject.registry.call(hookspecs.dynamo_container_stages, request)
    stages = (contribution.value for contribution in contributions)
    return {
        stage.name: dockerfile.read(stage.dockerfile, stage.dockerfile.parent).args
        for stage in stages
        if stage.dockerfile
    }


def _build_arguments(subject: Subject, request: BuildRequest) -> Iterator[tuple[str, str, str]]:
    for arg in subject.call(hookspecs.dynamo_container_build_args, request):
        yield "dynamo_container_build_args", arg.name, arg.stage
    for pin in subject.call(hookspecs.dynamo_container_pins, request):
        if pin.build_arg:
            yield "dynamo_container_pins", pin.build_arg, ""
    # The core passes these two as build arguments.
    if subject.call(hookspecs.dynamo_container_overrides, request):
        yield "dynamo_container_overrides", OVERRIDES, ""
    if subject.call(hookspecs.dynamo_container_system_packages, request):
        yield "dynamo_container_system_packages", EXTRA_PACKAGES, ""


def stage_files(subject: Subject, stage: Stage) -> frozenset[str]:
    """Return the files that a stage is built from, as paths in the distribution's wheel."""
    assert stage.dockerfile
    context = stage.context or stage.dockerfile.parent
    files = {stage.dockerfile, *(path for path in context.rglob("*") if path.is_file())}
    return frozenset(
        file.relative_to(Path(package).parent).as_posix()
        for package in subject.packages
        for file in files
        if file.is_relative_to(package) and "__pycache__" not in file.parts
    )


def find_hadolint() -> str | None:
    """Return the path of hadolint, from this Python's environment or the PATH."""
    folders = [str(Path(sys.executable).parent), *os.get_exec_path()]
    return shutil.which("hadolint", path=os.pathsep.join(folders))


def hadolint_findings(program: str, path: Path) -> str:
    """Return what hadolint reports about a Dockerfile; empty if nothing."""
    # DL3008: the versions of a distribution's packages are those of its image.
    command = [program, "--no-color", "--ignore", "DL3008", str(path)]
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    return (process.stdout + process.stderr).strip() if process.returncode else ""
