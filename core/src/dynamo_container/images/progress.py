# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What a terminal shows of a build that runs: a line for each stage. Everything here is pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from dynamo_container.images.records import Records, Vertex, seconds
from dynamo_container.model.text import byte_size

DONE: Final = "\N{CHECK MARK}"
FAILED: Final = "\N{MULTIPLICATION X}"
_SPINNER: Final = "|/-\\"
# Fewer bytes take no time.
_WORTH_SHOWING: Final = 1_000_000
_MINUTE: Final = 60
# The least that is shown of what a step does, in columns.
_SHORTEST: Final = 12
# What BuildKit records as the error of a step that it stops because another one failed.
_CANCELLED: Final = "context canceled"
_BRANCH: Final = "    "
# The options of an instruction, such as `--mount=type=bind,...`.
_OPTIONS: Final = re.compile(r"^(RUN|COPY|ADD)((?: --[a-z]+(?:=\S+)?)+) ")
# The scripts of the shared stages have names that say what they do.
_SCRIPT: Final = re.compile(r"^RUN (?:\S*/)?opt/tools/(?:bin/)?(\S+).*")


@dataclass(frozen=True, slots=True, kw_only=True)
class StageState:
    """What is known about a stage while it is built.

    Attributes:
        name: of the target.
        steps: its own steps that have begun.
        exports: what it has exported or pushed.
        running: what runs: steps, downloads of base images, exports.
        failed: the step that failed; None if none has.
        cancelled: whether a step was stopped because one of another stage failed.
    """

    name: str
    steps: tuple[Vertex, ...]
    exports: tuple[Vertex, ...]
    running: tuple[Vertex, ...]
    failed: Vertex | None
    cancelled: bool


def stages(records: Records) -> Iterator[StageState]:
    """Yield the stages that have begun, each after those below it."""
    own: dict[str, list[Vertex]] = {name: [] for name in records.targets}
    for vertex in records.vertexes.values():
        if vertex.started and (owner := records.owner(vertex)):
            own[owner].append(vertex)
    for name, vertexes in own.items():
        steps = tuple(vertex for vertex in vertexes if vertex.text)
        running = tuple(vertex for vertex in vertexes if not vertex.done and not vertex.cache_hit)
        exports = tuple(vertex for vertex in vertexes if vertex.exports)
        if steps or exports or any(one.transferred[0] for one in running):
            failed = next((one for one in vertexes if is_failure(one)), None)
            cancelled = any(_CANCELLED in one.error for one in vertexes)
            yield StageState(
                name=name,
                steps=steps,
                exports=exports,
                running=running,
                failed=failed,
                cancelled=cancelled,
            )


def is_failure(vertex: Vertex) -> bool:
    """Whether a vertex failed by itself: when one does, those that run are cancelled."""
    return bool(vertex.error) and _CANCELLED not in vertex.error


def frame(records: Records, now: float, *, width: int = 100, height: int = 0) -> list[str]:
    """Return the lines that show a build.

    Args:
        records: what BuildKit has recorded so far.
        now: in seconds since 1970.
        width: how many columns there are; what a step does is cut, so that its time fits.
        height: how many lines there can be; 0 for any number. The stages that do nothing at the
            moment are omitted first.
    """
    states = list(stages(records))
    column = max((len(state.name) for state in states), default=0)
    blocks = [list(_lines(state, column, now, width)) for state in states]
    if height and sum(map(len, blocks)) > height:
        busy = [block for state, block in zip(states, blocks, strict=True) if state.running]
        lines = [line for block in busy for line in block][: height - 1]
        return [*lines, f"  {len(states) - len(busy)} more stages"]
    return [line for block in blocks for line in block]


def _lines(state: StageState, column: int, now: float, width: int) -> Iterator[str]:
    name, margin = state.name.ljust(column), " " * (column + 2)
    room = width - len(margin) - 2
    if state.failed:
        yield f"{FAILED} {name}  {step_number(state.failed)}{in_words(state.failed)}"
    elif state.running:
        mark = _SPINNER[int(now) % len(_SPINNER)]
        first, *others = state.running
        yield f"{mark} {name}  {_running(first, now, room)}"
        for vertex in others:
            yield f"{margin}  {_running(vertex, now, room)}"
        if line := last_line(first):
            yield f"{margin}{_BRANCH}{line}"
    elif state.cancelled:
        yield f"  {name}  cancelled"
    else:
        yield f"{DONE} {name}  {_summary(state)}"


def _running(vertex: Vertex, now: float, room: int) -> str:
    details = "  ".join([*_bytes(vertex, now), duration(now - vertex.started)])
    words = f"{step_number(vertex)}{in_words(vertex)}"
    limit = max(room - len(details) - 2, _SHORTEST)
    if len(words) > limit:
        words = f"{words[: limit - 3]}..."
    return f"{words}  {details}"


def _bytes(vertex: Vertex, now: float) -> Iterator[str]:
    current, total = vertex.transferred
    if current >= _WORTH_SHOWING:
        of = f" of {byte_size(total)}" if total > current else ""
        rate = current / max(now - vertex.started, 1.0)
        yield f"{byte_size(current)}{of}, {byte_size(rate)}/s"


def _summary(state: StageState) -> str:
    """Return how many steps there were, how long they took, and how long the export took."""
    cached = sum(step.cached for step in state.steps)
    number = len(state.steps)
    parts = [f"{number} step{'s' if number != 1 else ''}"] if number else []
    if number and cached == number:
        parts = [f"{parts[0]}, cached"]
    elif number:
        some = f", {cached} cached" if cached else ""
        parts = [f"{parts[0]}{some}", duration(seconds(state.steps))]
    if state.exports:
        parts.append(f"exported in {duration(seconds(state.exports))}")
    return "  ".join(parts)


def step_number(vertex: Vertex) -> str:
    """Return `3/8 ` for a step, and nothing for another vertex."""
    return f"{vertex.number}/{vertex.last_number} " if vertex.number else ""


def in_words(vertex: Vertex) -> str:
    """Return what a vertex does, without the options of the instruction."""
    text = vertex.text or " ".join(vertex.name.partition("] ")[2].split()) or vertex.name
    text = _OPTIONS.sub(r"\1 ", text)
    if match := _SCRIPT.match(text):
        return match[1].replace("-", " ")
    return text.removeprefix("RUN ").replace("FROM ", "download ")


def last_line(vertex: Vertex) -> str:
    """Return the last line of a step's output that is not empty."""
    end = (vertex.log[-2000:]).rstrip()
    return end.replace("\r", "\n").rpartition("\n")[2].strip()


def duration(elapsed: float) -> str:
    """Return a time, such as `4.2 s` or `1 min 20 s`."""
    if elapsed < _MINUTE:
        return f"{max(elapsed, 0):.1f} s"
    minutes, rest = divmod(round(elapsed), _MINUTE)
    return f"{minutes} min {rest:02} s"
