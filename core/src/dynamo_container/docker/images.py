# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The images of an engine that have our labels, listed and deleted by its command."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from dynamo_container.docker import engine, process, program
from dynamo_container.docker.errors import no_engine, no_podman, reading_answer
from dynamo_container.errors import EngineError, WorkFailedError
from dynamo_container.model.names import FRAMEWORK_LABEL

# Deleting the layers of a large image takes minutes on a busy disk.
_REMOVE_SECONDS = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedImage:
    """An image with our labels.

    Attributes:
        id: `sha256:...`.
        tags: its names; none if a later build took them.
        labels: sorted by key.
        size: in bytes, with the layers that it shares with others.
        created: in seconds since 1970; 0 if unknown.
    """

    id: str
    tags: tuple[str, ...]
    labels: tuple[tuple[str, str], ...]
    size: int
    created: float

    def label(self, key: str) -> str:
        """Return a label; empty if the image does not have it."""
        return dict(self.labels).get(key, "")

    @property
    def name(self) -> str:
        """Its first name; the start of its ID if it has none."""
        return self.tags[0] if self.tags else self.short_id

    @property
    def short_id(self) -> str:
        """The start of its ID."""
        return self.id.partition(":")[2][:12]


@reading_answer()
def list_images() -> tuple[ListedImage, ...]:
    """Return the images that have the label of a framework, the newest first.

    Raises:
        EngineError: no engine answers.
    """
    label = f"label={FRAMEWORK_LABEL}"
    listed = _capture("image", "ls", "--all", "--quiet", "--no-trunc", "--filter", label)
    ids = tuple(dict.fromkeys(listed.split()))
    images = [_image(one) for one in _inspect(ids)] if ids else []
    return tuple(sorted(images, key=lambda one: (-one.created, one.tags)))


@reading_answer()
def _inspect(ids: tuple[str, ...]) -> list[dict[str, Any]]:
    """Inspect images. One that has just been deleted makes the command fail, but not its output."""
    completed = process.capture(program.selected(), "image", "inspect", *ids)
    if completed.returncode:
        engine.require()
    inspected: list[dict[str, Any]] = json.loads(completed.stdout or "[]")
    return inspected


def _image(document: dict[str, Any]) -> ListedImage:
    number = str(document["Id"])
    return ListedImage(
        id=number if ":" in number else f"sha256:{number}",  # podman's has no prefix
        tags=tuple(sorted(document.get("RepoTags") or ())),
        labels=tuple(sorted(((document.get("Config") or {}).get("Labels") or {}).items())),
        size=int(document.get("Size") or 0),
        created=_seconds(document.get("Created") or ""),
    )


def _seconds(moment: str) -> float:
    try:
        time = datetime.fromisoformat(moment)
    except ValueError:
        return 0.0
    return max(0.0, (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp())


def containers_of(image: ListedImage) -> tuple[str, ...]:
    """Return the names of the containers, running or not, that use an image or one built on it.

    Raises:
        EngineError: no engine answers.
    """
    names = _capture("ps", "--all", "--filter", f"ancestor={image.id}", "--format", "{{.Names}}")
    return tuple(names.split())


def remove(image: ListedImage) -> tuple[str, ...]:
    """Delete an image with the names that it was listed with, if it still has them: since then, a
    build can have given them to another image, or somebody another name to this one.

    Returns:
        The names that were deleted, or its short ID; nothing if it is gone, or only has others.

    Raises:
        EngineError: no engine answers.
        WorkFailedError: the engine refuses it.
    """
    now = [_image(one) for one in _inspect((image.id,))]
    names = tuple(name for name in image.tags if now and name in now[0].tags)
    if not now or (now[0].tags and not names):
        return ()
    # By name, one after the other, because an ID with several names would have to be forced.
    command = (program.selected(), "image", "rm", *(names or (image.id,)))
    completed = process.capture(*command, timeout=_REMOVE_SECONDS)
    if completed.returncode and "no such image" not in completed.stderr.lower():
        engine.require()
        reason = (completed.stderr.strip().splitlines() or ["no reason is given"])[-1]
        raise WorkFailedError(
            f"the image {image.name} cannot be deleted: {reason}",
            f"see: {command[0]} ps --all; or try: {command[0]} image rm {image.name}",
        )
    return names or (image.short_id,)


def exists(image: ListedImage) -> bool:
    """Whether the engine has an image that was listed."""
    return bool(_inspect((image.id,)))


def _capture(*words: str) -> str:
    completed = process.capture(program.selected(), *words)
    if completed.returncode:
        raise _no_answer(completed.stderr)
    return completed.stdout


def _no_answer(reason: str) -> EngineError:
    return no_podman(reason) if program.is_podman() else no_engine(reason)
