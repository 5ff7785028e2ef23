# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""A Dockerfile as its instructions: as much of it as the contract speaks of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_HEREDOC: Final = re.compile(r"<<-?\s*([\"']?)([A-Za-z_]\w*)\1")
_FROM: Final = re.compile(r"(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """One instruction.

    Attributes:
        word: `FROM`, `USER`, in upper case.
        rest: what comes after it, continued lines joined.
        line: the number of its first line, from 1.
    """

    word: str
    rest: str
    line: int


def instructions(dockerfile: Path) -> tuple[Instruction, ...]:
    """The instructions of a Dockerfile, in order."""
    return tuple(_instructions(dockerfile.read_text(encoding="utf-8").splitlines()))


def _instructions(lines: list[str]) -> Iterator[Instruction]:
    number = 0
    while number < len(lines):
        first = number
        text, number = _joined(lines, number)
        word, _, rest = text.strip().partition(" ")
        if not word or word.startswith("#"):
            continue
        for _, end in _HEREDOC.findall(rest):
            while number < len(lines) and lines[number].strip() != end:
                number += 1
            number += 1
        yield Instruction(word=word.upper(), rest=rest.strip(), line=first + 1)


def _joined(lines: list[str], number: int) -> tuple[str, int]:
    """A line with those that continue it, less comments between them; the number of the next."""
    text = lines[number]
    while text.endswith("\\") and number + 1 < len(lines):
        number += 1
        following = lines[number]
        if not following.lstrip().startswith("#"):
            text = f"{text[:-1].rstrip()} {following.strip()}"
    return text, number + 1


def users(dockerfile: Path, target: str) -> tuple[Instruction, ...]:
    """The `USER` instructions that an image of this target has gone through, in order."""
    by_stage: dict[str, tuple[Instruction, ...]] = {}
    name = ""
    for one in instructions(dockerfile):
        if one.word == "FROM" and (found := _FROM.match(one.rest)):
            name = (found[2] or "").lower()
            by_stage[name] = by_stage.get(found[1].lower(), ())
        elif one.word == "USER" and name:
            by_stage[name] = (*by_stage[name], one)
    return by_stage.get(target.lower(), ())
