# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Read BuildKit's records of a build: which steps ran, which were cached, how long they took.

`docker buildx bake --progress rawjson` writes them on standard error: a sequence of JSON objects
(`SolveStatus` of github.com/moby/buildkit/client), each on several lines if buildx is 0.13, with
lines of buildx's own text in between.

A vertex that several targets share is recorded by each of them, but under a name that comes from
one of them. The prefix that buildx puts before the name says which target recorded it.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Literal

# `[runtime 2/7] RUN ...`: a step of a Dockerfile; other text may precede the number.
_STEP: Final = re.compile(r"\[(?:.* )?(\d+)/(\d+)\] (?!FROM )(.*)", re.DOTALL)
# An engine that pushes what it has built records that as `pushing ... with docker`.
_EXPORT: Final = re.compile(r"(?:\[[^\]]*\] )?(?:exporting (?:to|cache)\b|pushing )")
# What each build does for itself, before its first step, by the builder's clock.
_BEGINNING: Final = "internal] load build definition"
_PREFIX: Final = re.compile(r"\[(\S+?)[ \]]")


@dataclass(slots=True, kw_only=True)
class Observation:
    """What one target recorded about a vertex; times are seconds since 1970."""

    started: float = 0.0
    completed: float = 0.0
    cached: bool = False


@dataclass(slots=True, kw_only=True)
class Transfer:
    """Something that a vertex downloads, exports or pushes, such as a layer: in bytes.

    Attributes:
        current: how much has been transferred.
        total: how much there is; 0 if unknown.
    """

    current: int = 0
    total: int = 0


@dataclass(slots=True, kw_only=True)
class Vertex:
    """A node of BuildKit's graph.

    Attributes:
        digest: its identifier.
        name: as BuildKit shows it.
        inputs: the digests of the vertexes that it waits for.
        observations: what each target recorded about it.
        error: why it failed; empty if it did not.
        log: its output.
        line: the last line of the output if it is not complete yet.
        transfers: what it downloads, exports or pushes, by name.
    """

    digest: str
    name: str = ""
    inputs: tuple[str, ...] = ()
    observations: dict[str, Observation] = field(default_factory=dict)
    error: str = ""
    log: str = ""
    line: str = ""
    transfers: dict[str, Transfer] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The Dockerfile's instruction on one line; empty for `FROM` and if it is not a step."""
        match = _STEP.fullmatch(self.name)
        return " ".join(match[3].split()) if match else ""

    @property
    def number(self) -> int:
        """The number of the step in its stage; 0 if the vertex is not a step."""
        match = _STEP.fullmatch(self.name)
        return int(match[1]) if match else 0

    @property
    def last_number(self) -> int:
        """The number of the last step in its stage; 0 if the vertex is not a step."""
        match = _STEP.fullmatch(self.name)
        return int(match[2]) if match else 0

    @property
    def transferred(self) -> tuple[int, int]:
        """How many bytes it has transferred, and how many there are; 0 for each that is unknown."""
        transfers = [
            one for name, one in self.transfers.items() if not name.startswith("extracting")
        ]
        return sum(one.current for one in transfers), sum(one.total for one in transfers)

    @property
    def exports(self) -> bool:
        """Whether it exports an image or a cache."""
        return bool(_EXPORT.match(self.name))

    @property
    def done(self) -> bool:
        """Whether it has ended, successfully or not."""
        return bool(self.error) or any(entry.completed for entry in self.observations.values())

    @property
    def started(self) -> float:
        """When it started, in seconds since 1970; 0 if it has not."""
        return min(
            (entry.started for entry in self.observations.values() if entry.started), default=0.0
        )

    @property
    def cached(self) -> bool:
        """Whether it has ended, and every target took it from the cache."""
        ended = [entry for entry in self.observations.values() if entry.completed]
        return bool(ended) and all(entry.cached for entry in ended)

    @property
    def cache_hit(self) -> bool:
        """Whether any target took it from the cache, even if it has not ended."""
        return any(entry.cached for entry in self.observations.values())

    @property
    def span(self) -> tuple[float, float]:
        """When it started, and when it ended."""
        entries = self.observations.values()
        started = [entry.started for entry in entries if entry.started]
        return min(started, default=0.0), max(entry.completed for entry in entries)


@dataclass(frozen=True, slots=True)
class Event:
    """A vertex started, ended, printed something or has a warning; or buildx printed a line."""

    kind: Literal["started", "done", "log", "warning", "text"]
    vertex: Vertex | None = None
    text: str = ""


@dataclass(slots=True)
class Records:
    """The records of one build, read while it runs.

    Attributes:
        targets: names of the targets that are built, each after those below it.
        vertexes: by digest, in the order in which they appeared.
        began: when the build began, in seconds since 1970; 0 if that is not known. A step that
            another build was running already counts from here on.
    """

    targets: Sequence[str]
    vertexes: dict[str, Vertex] = field(default_factory=dict)
    began: float = 0.0
    _rest: str = ""

    def running(self) -> list[Vertex]:
        """Return the steps that run at the moment; if there is none, whatever else does."""
        running = [one for one in self.vertexes.values() if one.started and not one.done]
        return [one for one in running if one.text or one.exports] or running

    def feed(self, text: str) -> Iterator[Event]:
        """Read the next part of the stream, which may be cut anywhere; yield what happened."""
        rest = self._rest + text
        while rest := rest.lstrip("\r\n"):
            if rest.startswith("{"):
                try:
                    record, end = json.JSONDecoder().raw_decode(rest)
                except ValueError:
                    break  # the object is not complete yet
            else:
                end = rest.find("\n")
                if end < 0:
                    break
                record = rest[:end]
            rest = rest[end:]
            yield from self._take(record)
        self._rest = rest

    def close(self) -> Iterator[Event]:
        """Read the end of the stream; yield lines that were not complete."""
        rest, self._rest = self._rest.rstrip(), ""
        for vertex in self.vertexes.values():
            yield from _last_line(vertex)
        if rest:
            yield Event("text", text=rest)

    def _take(self, record: str | dict[str, Any]) -> Iterator[Event]:
        if isinstance(record, str):
            yield Event("text", text=record)
            return
        for entry in record.get("vertexes") or ():
            yield from self._take_vertex(entry)
        for entry in record.get("logs") or ():
            yield from self._take_log(entry)
        for entry in record.get("statuses") or ():
            self._take_status(entry)
        for entry in record.get("warnings") or ():
            text = base64.b64decode(entry.get("short") or "").decode(errors="replace")
            yield Event("warning", self.vertexes.get(entry.get("vertex", "")), text)

    def _take_status(self, record: Mapping[str, Any]) -> None:
        if vertex := self.vertexes.get(record.get("vertex", "")):
            transfer = vertex.transfers.setdefault(str(record.get("id", "")), Transfer())
            transfer.current = max(transfer.current, record.get("current") or 0)
            transfer.total = max(transfer.total, record.get("total") or 0)

    def _take_log(self, record: Mapping[str, Any]) -> Iterator[Event]:
        vertex = self.vertexes.get(record.get("vertex", ""))
        text = base64.b64decode(record.get("data") or "").decode(errors="replace")
        if vertex and text:
            # A line may come in several parts.
            before, newline, rest = (vertex.line + text).rpartition("\n")
            vertex.log += text
            vertex.line = rest
            if newline:
                yield Event("log", vertex, before + newline)

    def _take_vertex(self, record: Mapping[str, Any]) -> Iterator[Event]:
        vertex = self.vertexes.setdefault(record["digest"], Vertex(digest=record["digest"]))
        vertex.name = vertex.name or record.get("name", "")
        vertex.inputs = vertex.inputs or tuple(record.get("inputs") or ())
        was_started = any(entry.started for entry in vertex.observations.values())
        was_done = vertex.done
        target = self._target(record.get("name", ""))
        entry = vertex.observations.setdefault(target, Observation())
        entry.cached = entry.cached or bool(record.get("cached"))
        started, completed = self._times(record)
        entry.started = min(filter(None, (entry.started, started)), default=0.0)
        entry.completed = max(entry.completed, completed)
        vertex.error = vertex.error or record.get("error", "")
        if entry.started and not was_started:
            yield Event("started", vertex)
        if vertex.done and not was_done:
            yield from _last_line(vertex)
            yield Event("done", vertex)

    def _times(self, record: Mapping[str, Any]) -> tuple[float, float]:
        """Return when a vertex started and ended for this build; 0 if it has not."""
        started, completed = _seconds(record.get("started")), _seconds(record.get("completed"))
        if _BEGINNING in record.get("name", ""):
            self.began = self.began or started
        return started and max(started, self.began), completed and max(completed, self.began)

    def _target(self, name: str) -> str:
        """Return the target in a name's prefix, which buildx omits if there is only one target."""
        if len(self.targets) == 1:
            return self.targets[0]
        match = _PREFIX.match(name)
        return match[1] if match and match[1] in self.targets else ""

    def owner(self, vertex: Vertex) -> str:
        """Return the lowest target that recorded a vertex; empty if none did."""
        return next((name for name in self.targets if name in vertex.observations), "")

    def steps(self, target: str) -> list[Vertex]:
        """Return the steps of a target that have ended, including those of the targets below it."""
        steps = [
            vertex
            for vertex in self.vertexes.values()
            if vertex.text and vertex.done and target in vertex.observations
        ]
        return sorted(steps, key=lambda step: step.number)

    def own_steps(self, target: str) -> list[Vertex]:
        """Return the steps of a target's own Dockerfile that have ended."""
        below = set(self.targets[: self.targets.index(target)])
        return [step for step in self.steps(target) if not below & set(step.observations)]

    def exports(self, target: str) -> list[Vertex]:
        """Return the vertexes that export a target's image and its cache."""
        vertexes = self.vertexes.values()
        return [vertex for vertex in vertexes if vertex.exports and target in vertex.observations]


def _last_line(vertex: Vertex) -> Iterator[Event]:
    """Yield the incomplete last line of a vertex that will print nothing more."""
    if vertex.line:
        line, vertex.line = vertex.line, ""
        yield Event("log", vertex, line)


def seconds(vertexes: Iterable[Vertex]) -> float:
    """Return for how long at least one of the vertexes ran."""
    total = end = 0.0
    spans = (vertex.span for vertex in vertexes if vertex.done and not vertex.cached)
    for started, completed in sorted(spans):
        total += max(0.0, completed - max(started, end))
        end = max(end, completed)
    return total


def _seconds(moment: str | None) -> float:
    """Parse a time as Go writes it: RFC 3339, up to nine digits of a second; 0 if missing."""
    if not moment:
        return 0.0
    whole, _, fraction = moment.rstrip("Z").partition(".")
    time = datetime.strptime(whole, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC)
    return time.timestamp() + float(f"0.{fraction or 0}")
