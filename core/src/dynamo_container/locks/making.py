# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Make a lock: resolve what the images of a plan are made of, without building them."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from dynamo_container.docker import buildx
from dynamo_container.errors import WorkFailedError
from dynamo_container.images import bake, faults, watch
from dynamo_container.images.external import external_images
from dynamo_container.images.plan import BuildPlan, Target
from dynamo_container.locks import bases, targets
from dynamo_container.locks.fit import locked_image
from dynamo_container.model.lock import (
    Lock,
    LockedImage,
    LockedPackage,
    LockedPackages,
    LockedTool,
    LockedWheel,
    LockedWheels,
)

_PACKAGE: Final = re.compile(r"(\S+?):(\S+?)=([^#\s]+)#([0-9a-f]{64})")
_TOOL: Final = re.compile(r"^([\w.-]+)==(\S+)((?: --hash=sha256:[0-9a-f]{64})+)$", re.MULTILINE)


def make(
    plan: BuildPlan,
    hidden_env: tuple[tuple[str, str], ...],
    path: str,
    *,
    kept: Lock | None = None,
    resolving: BuildPlan | None = None,
) -> Lock:
    """Make a lock of a plan.

    Args:
        plan: without a lock.
        hidden_env: variables with secrets that the build needs.
        path: of the lock's file.
        kept: what does not move: base images, and the lock's time; None for nothing.
        resolving: the plan with what does not move; None for the same plan.

    Raises:
        UsageError: an image cannot be locked.
        WorkFailedError: the build failed.
        EngineError, MachineError: see `bases.locked`.
    """
    targets.require_lockable(plan)
    platforms = plan.outputs.platforms or _own_platform(plan)
    images = tuple(locked_image(image) for image in plan.images)
    found = {name for image in plan.images for name in external_images(plan.targets, image.target)}
    known = tuple(base for base in kept.bases if base.image in found) if kept else ()
    new = sorted(found - {base.image for base in known})
    locked_bases = (*known, *bases.locked(new, pull=plan.pull))
    with tempfile.TemporaryDirectory(prefix="dynamo-container-lock-") as name:
        folder = Path(name)
        _build(resolving or plan, folder, hidden_env)
        places = tuple(_places(resolving or plan, plan, folder, platforms))
        return Lock(
            path=path,
            created=kept.created if kept else datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            images=images,
            bases=tuple(sorted(locked_bases, key=lambda base: base.image)),
            tools=tuple(_tools(resolving or plan, folder, platforms)),
            packages=tuple(packages for place in places for packages in _packages(*place)),
            wheels=tuple(wheels for place in places for wheels in _wheels(*place)),
        )


def _own_platform(plan: BuildPlan) -> tuple[str, ...]:
    return buildx.inspect_builder(plan.outputs.builder).platforms[:1]


def _build(plan: BuildPlan, folder: Path, hidden_env: tuple[tuple[str, str], ...]) -> None:
    plain = plan._replace(metadata_file="")
    command = bake.command(plain, targets.definition(plain, folder))
    status, output = watch.pass_through(plan, replace(command, hidden_env=hidden_env))
    if status:
        buildx.require_buildx()
        raise WorkFailedError(
            f"the images could not be resolved (docker exited with status {status})",
            faults.hint(output, plan.outputs.builder) or "see the output above",
        )


# An image, one of its targets that state what a lock names, a platform, and the folder that was
# written for it.
_Place = tuple[LockedImage, Target, str, Path]


def _places(
    resolving: BuildPlan, plan: BuildPlan, folder: Path, platforms: tuple[str, ...]
) -> Iterator[_Place]:
    """Yield each variant's targets once, whatever the number of its images."""
    known: set[tuple[tuple[str, str, str], str]] = set()
    for image, original in zip(resolving.images, plan.images, strict=True):
        entry = locked_image(original)
        for target in targets.below(resolving, image):
            key = (entry.variant, target.name)
            if key in known or not targets.states_lock(target):
                continue
            known.add(key)
            for platform in platforms:
                yield entry, target, platform, _written(folder / target.name, platform, platforms)


def _written(folder: Path, platform: str, platforms: tuple[str, ...]) -> Path:
    """The folder of a platform, which buildx creates only if there are several."""
    return folder / platform.replace("/", "_") if len(platforms) > 1 else folder


def _tools(plan: BuildPlan, folder: Path, platforms: tuple[str, ...]) -> Iterator[LockedTool]:
    texts = {
        path.read_text(encoding="utf-8")
        for target in targets.stating(plan)
        if (path := _written(folder / target.name, platforms[0], platforms) / "tools.txt").is_file()
    }
    for name, version, hashes in sorted({found for text in texts for found in _TOOL.findall(text)}):
        yield LockedTool(
            name=name, version=version, hashes=tuple(re.findall(r"[0-9a-f]{64}", hashes))
        )


def _packages(
    image: LockedImage, target: Target, platform: str, folder: Path
) -> Iterator[LockedPackages]:
    file = folder / "packages.txt"
    words = file.read_text(encoding="utf-8").split() if file.is_file() else []
    found = sorted({match.groups() for word in words if (match := _PACKAGE.fullmatch(word))})
    if file.is_file():
        yield LockedPackages(
            framework=image.framework,
            cuda=image.cuda,
            device=image.device,
            stage=target.stage,
            platform=platform,
            packages=tuple(
                LockedPackage(name=name, architecture=architecture, version=version, sha256=sha256)
                for name, architecture, version, sha256 in found
            ),
        )


def _wheels(
    image: LockedImage, target: Target, platform: str, folder: Path
) -> Iterator[LockedWheels]:
    file = folder / "wheels.json"
    if not file.is_file():
        return
    document = json.loads(file.read_text(encoding="utf-8"))
    wheels = (LockedWheel(**{**one, "via": tuple(one["via"])}) for one in document["wheels"])
    yield LockedWheels(
        framework=image.framework,
        cuda=image.cuda,
        device=image.device,
        platform=platform,
        stage=target.stage,
        python=document["python"],
        wheels=tuple(sorted(wheels, key=lambda wheel: wheel.name)),
    )
