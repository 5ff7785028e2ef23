# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What BuildKit records of a build: which steps ran, which came from the cache, how long they took.

It is what `docker buildx bake --progress rawjson` writes on standard error: one JSON object after
the other (`SolveStatus` of github.com/moby/buildkit/client), which buildx 0.13 spreads over lines;
in between, lines of text that are buildx's own.

A vertex that several targets share is recorded by each of them, under the name that one of them
gave it. What tells which targets it is in is the prefix that buildx writes before each name.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Literal

# `[runtime 2/7] RUN ...`: a step of a Dockerfile, less what stands before it in the brackets.
_STEP: Final = re.compile(r"\[(?:.* )?(\d+)/\d+\] (?!FROM )(.*)", re.DOTALL)
_EXPORT: Final = re.compile(r"(?:\[[^\]]*\] )?exporting (?:to|cache)\b")
_PREFIX: Final = re.compile(r"\[(\S+?)[ \]]")


@dataclass(slots=True, kw_only=True)
class Seen:
    """What one target saw of a vertex; times are seconds since 1970."""

    started: float = 0.0
    completed: float = 0.0
    cached: bool = False


@dataclass(slots=True, kw_only=True)
class Vertex:
    """A node of BuildKit's own graph.

    Attributes:
        digest: what it is known by.
        name: how BuildKit shows it.
        seen: what each target saw of it.
        error: why it failed; empty where it did not.
        log: what it printed.
        line: the end of that, where it is no whole line yet.
    """

    digest: str
    name: str = ""
    seen: dict[str, Seen] = field(default_factory=dict)
    error: str = ""
    log: str = ""
    line: str = ""

    @property
    def text(self) -> str:
        """The instruction of the Dockerfile in one line; empty where it is no step of one, or only
        `FROM`.
        """
        found = _STEP.fullmatch(self.name)
        return " ".join(found[2].split()) if found else ""

    @property
    def number(self) -> int:
        """Which step of its stage it is; 0 where it is none."""
        found = _STEP.fullmatch(self.name)
        return int(found[1]) if found else 0

    @property
    def exports(self) -> bool:
        """Whether it hands on what was built: an image, or a cache."""
        return bool(_EXPORT.match(self.name))

    @property
    def done(self) -> bool:
        """Whether it came to its end, well or not."""
        return bool(self.error) or any(one.completed for one in self.seen.values())

    @property
    def cached(self) -> bool:
        """Whether nobody had to run it."""
        ended = [one for one in self.seen.values() if one.completed]
        return bool(ended) and all(one.cached for one in ended)

    @property
    def found(self) -> bool:
        """Whether somebody found it in the cache, be it at its end or not."""
        return any(one.cached for one in self.seen.values())

    @property
    def span(self) -> tuple[float, float]:
        """From when to when it ran."""
        started = [one.started for one in self.seen.values() if one.started]
        return min(started, default=0.0), max(one.completed for one in self.seen.values())


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened: a vertex started, ended, or printed a text; or buildx did."""

    kind: Literal["started", "done", "log", "text"]
    vertex: Vertex | None = None
    text: str = ""


@dataclass(slots=True)
class Records:
    """The records of one build, as they come.

    Attributes:
        targets: names of the targets that are built, each below before what reads it.
        vertexes: by digest, in the order in which they appeared.
    """

    targets: Sequence[str]
    vertexes: dict[str, Vertex] = field(default_factory=dict)
    _rest: str = ""

    def feed(self, text: str) -> Iterator[Event]:
        """Take some more of the stream, cut anywhere; tell what happened."""
        rest = self._rest + text
        while rest := rest.lstrip("\r\n"):
            if rest.startswith("{"):
                try:
                    record, end = json.JSONDecoder().raw_decode(rest)
                except ValueError:
                    break  # there is more of it to come
            else:
                end = rest.find("\n")
                if end < 0:
                    break
                record = rest[:end]
            rest = rest[end:]
            yield from self._take(record)
        self._rest = rest

    def close(self) -> Iterator[Event]:
        """The stream is at its end: what was not a whole line is one."""
        rest, self._rest = self._rest.rstrip(), ""
        for vertex in self.vertexes.values():
            yield from _last_line(vertex)
        if rest:
            yield Event("text", text=rest)

    def _take(self, record: str | dict[str, Any]) -> Iterator[Event]:
        if isinstance(record, str):
            yield Event("text", text=record)
            return
        for one in record.get("vertexes") or ():
            yield from self._vertex(one)
        for one in record.get("logs") or ():
            vertex = self.vertexes.get(one.get("vertex", ""))
            text = base64.b64decode(one.get("data") or "").decode(errors="replace")
            if vertex and text:
                # A line may come in pieces.
                before, newline, rest = (vertex.line + text).rpartition("\n")
                vertex.log += text
                vertex.line = rest
                if newline:
                    yield Event("log", vertex, before + newline)

    def _vertex(self, record: Mapping[str, Any]) -> Iterator[Event]:
        vertex = self.vertexes.setdefault(record["digest"], Vertex(digest=record["digest"]))
        vertex.name = vertex.name or record.get("name", "")
        was_started, was_done = any(one.started for one in vertex.seen.values()), vertex.done
        seen = vertex.seen.setdefault(self._target(record.get("name", "")), Seen())
        seen.cached = seen.cached or bool(record.get("cached"))
        started, completed = _seconds(record.get("started")), _seconds(record.get("completed"))
        seen.started = min(filter(None, (seen.started, started)), default=0.0)
        seen.completed = max(seen.completed, completed)
        vertex.error = vertex.error or record.get("error", "")
        if seen.started and not was_started:
            yield Event("started", vertex)
        if vertex.done and not was_done:
            yield from _last_line(vertex)
            yield Event("done", vertex)

    def _target(self, name: str) -> str:
        """The target that a name's prefix says; buildx writes none where there is only one."""
        if len(self.targets) == 1:
            return self.targets[0]
        found = _PREFIX.match(name)
        return found[1] if found and found[1] in self.targets else ""

    def steps(self, target: str) -> list[Vertex]:
        """The steps that a target is made of, those of the targets below it included, as far as
        they came to an end.
        """
        steps = (one for one in self.vertexes.values() if one.text and target in one.seen)
        return sorted((one for one in steps if one.done), key=lambda one: one.number)

    def own_steps(self, target: str) -> list[Vertex]:
        """The steps of a target's own Dockerfile."""
        below = self.targets[: self.targets.index(target)]
        return [one for one in self.steps(target) if not set(below) & set(one.seen)]

    def exports(self, target: str) -> list[Vertex]:
        """What handed on a target's image, and its cache."""
        return [one for one in self.vertexes.values() if one.exports and target in one.seen]


def _last_line(vertex: Vertex) -> Iterator[Event]:
    """What a vertex printed without a newline, when no more of it is to be expected."""
    if vertex.line:
        line, vertex.line = vertex.line, ""
        yield Event("log", vertex, line)


def seconds(vertexes: Iterable[Vertex]) -> float:
    """For how long at least one of them ran."""
    total = end = 0.0
    for started, completed in sorted(one.span for one in vertexes if one.done and not one.cached):
        total += max(0.0, completed - max(started, end))
        end = max(end, completed)
    return total


def _seconds(moment: str | None) -> float:
    """Go's RFC 3339, which has up to nine digits of a second; 0 where there is none."""
    if not moment:
        return 0.0
    whole, _, fraction = moment.rstrip("Z").partition(".")
    day = datetime.strptime(whole, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC)
    return day.timestamp() + float(f"0.{fraction or 0}")
