# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""How big the parts of an image are: by layer, package or folder."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final, Literal, TypeAlias

import msgspec

from dynamo_container.docker import process
from dynamo_container.docker.errors import reading_answer
from dynamo_container.inventory import program
from dynamo_container.model.text import aligned

By: TypeAlias = Literal["layer", "package", "folder"]
KINDS: Final[tuple[By, ...]] = ("layer", "package", "folder")
# The version of the JSON's form; new keys do not change it.
SCHEMA: Final = 1
# The name of what files of later layers replace or delete: it is in the image, but not seen.
REPLACED: Final = "replaced or deleted by later layers"
_LISTED: Final = 40
_LAYER: Final = "[{{json .Size}},{{json .CreatedBy}}]"
_Bytes: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class _Measured(msgspec.Struct, frozen=True):
    """What the program in the image reports: bytes by name."""

    packages: dict[str, _Bytes]
    folders: dict[str, _Bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of an image, and its size in bytes."""

    name: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """The parts of an image, largest first; their sum is the image's size."""

    image: str
    by: By
    size: int
    parts: tuple[Part, ...]

    def rows(self) -> list[str]:
        """Return a table for people: size, share and name, with what is small in one line."""
        lines = [(part.size, part.name) for part in self.largest(_LISTED)]
        cells = [
            (f"{size / 1e6:,.1f} MB", f"{size / max(self.size, 1):.1%}", name)
            for size, name in (*lines, (self.size, "in all"))
        ]
        return aligned(cells, right=(0, 1))

    def largest(self, count: int) -> tuple[Part, ...]:
        """Return the largest parts, and all others as one."""
        shown, rest = self.parts[:count], self.parts[count:]
        others = Part(name=f"{len(rest)} others", size=sum(part.size for part in rest))
        return (*shown, others) if rest else shown

    def document(self) -> dict[str, object]:
        """Return it for programs."""
        parts = [{"name": part.name, "bytes": part.size} for part in self.parts]
        return {
            "schema": SCHEMA, "image": self.image, "by": self.by, "bytes": self.size, "parts": parts
        }  # fmt: skip


def measure(image: str, by: By) -> Sizes:
    """Measure the parts of an image.

    Raises:
        EngineError: no engine answers.
        MachineError: the engine does not have the image, or no Python runs in it.
    """
    program.inspect(image)
    if by == "layer":
        return _sizes(image, by, _layers(image))
    measured = program.report(image, _Measured, "sizes_probe.py")
    found = measured.packages if by == "package" else measured.folders
    parts = [Part(name=name, size=size) for name, size in found.items()]
    total = total_of(image)
    visible = sum(found.values())
    if total > visible:
        parts.append(Part(name=REPLACED, size=total - visible))
    return _sizes(image, by, tuple(parts))


def total_of(image: str) -> int:
    """Return the size of an image: that of all its layers, as docker measures them."""
    return sum(part.size for part in _layers(image))


def differences(before: Sizes, after: Sizes) -> tuple[str, ...]:
    """Return what differs between two images in words, the largest difference first."""
    old, new = ({part.name: part.size for part in one.parts} for one in (before, after))
    changed = {name: new.get(name, 0) - old.get(name, 0) for name in {*old, *new}}
    ranked = sorted(
        (name for name, difference in changed.items() if difference),
        key=lambda name: (-abs(changed[name]), name),
    )
    cells = [(f"{changed[name] / 1e6:+,.1f} MB", _verb(name, old, new), name) for name in ranked]
    if before.size != after.size:
        cells.append((f"{(after.size - before.size) / 1e6:+,.1f} MB", "", "in all"))
    return tuple(aligned(cells, right=(0,)))


def _verb(name: str, old: Mapping[str, int], new: Mapping[str, int]) -> str:
    if name in old and name in new:
        return "changed"
    return "added" if name in new else "removed"


def _sizes(image: str, by: By, parts: tuple[Part, ...]) -> Sizes:
    ranked = tuple(
        sorted((part for part in parts if part.size), key=lambda part: (-part.size, part.name))
    )
    return Sizes(image=image, by=by, size=sum(part.size for part in ranked), parts=ranked)


@reading_answer()
def _layers(image: str) -> tuple[Part, ...]:
    """Return the layers, newest first, as docker measures them."""
    # As JSON: a step can have several lines, which must not look like other layers.
    words = ("docker", "image", "history", "--no-trunc", "--human=false", "--format", _LAYER)
    lines = process.capture(*words, image).stdout.split("\n")
    rows = [json.loads(line) for line in lines if line]
    return tuple(Part(name=step_name(step), size=int(size)) for size, step in rows)


def step_name(text: str) -> str:
    """Return what a layer's step runs, without its arguments and mounts."""
    words = re.sub(r"^(?:RUN )?(?:\|\d+ .*?(?=/bin/sh))?(?:/bin/sh -c )?", "", text)
    words = re.sub(r"# buildkit$", "", words)
    return re.sub(r"\s+", " ", words).strip()[:100] or "(base image)"
