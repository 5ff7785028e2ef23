# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Run a build, show BuildKit's records as they come, and keep them for a report.

Besides `docker`, this is where a build's process starts; everything else in `images` is pure.
"""

from __future__ import annotations

import codecs
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from dynamo_container.docker import engine, process, signals
from dynamo_container.docker.command import Command
from dynamo_container.host import files
from dynamo_container.images import report
from dynamo_container.images.plan import BuildPlan
from dynamo_container.images.records import Event, Records, Vertex, seconds

_WIDTH: Final = 100
# The number of lines of its output that are shown if a step fails.
_LOG_LINES: Final = 50
# After this time without a line, the steps that run are shown.
_SILENCE_SECONDS: Final = 10.0


@dataclass(slots=True)
class Watcher:
    """Reads the output of buildx, keeps the records, and shows what happens.

    Attributes:
        records: what BuildKit has recorded so far.
        progress: as `--progress`: `quiet` shows only failures, `plain` all output of steps,
            `rawjson` the records themselves.
        show: prints a string; no newline is added.
    """

    records: Records
    progress: str
    show: Callable[[str], None]
    _decoder: codecs.IncrementalDecoder = field(
        default_factory=lambda: codecs.getincrementaldecoder("utf-8")("replace")
    )
    _shown: float = field(default_factory=time.monotonic)

    def feed(self, data: bytes) -> None:
        """Process the next part of the stream."""
        text = self._decoder.decode(data)
        if self.progress == "rawjson":
            self.show(text)
        for event in self.records.feed(text):
            self._show_event(event)

    def tick(self) -> None:
        """Show what is waited for, if nothing was shown for some time. Called once a second."""
        now = time.monotonic()
        if self.progress in ("rawjson", "quiet") or now - self._shown < _SILENCE_SECONDS:
            return
        for step in self.records.running():
            elapsed = time.time() - step.started
            self._print(f"{_one_line(step)}: running for {elapsed:.0f} s\n")
        self._shown = now

    def _print(self, text: str) -> None:
        self._shown = time.monotonic()
        self.show(text)

    def close(self) -> None:
        """Process the end of the stream."""
        for event in self.records.close():
            self._show_event(event)

    def _show_event(self, event: Event) -> None:
        if self.progress == "rawjson":
            return
        if event.vertex is None:
            self._print(f"{event.text}\n")
            return
        # Any other vertex may fail without harm, such as a cache that does not exist yet.
        relevant = bool(event.vertex.text or event.vertex.exports)
        failed = event.kind == "done" and event.vertex.error
        if failed and (relevant or self.progress != "quiet"):
            self._show_failure(event.vertex)
        elif relevant and self.progress != "quiet":
            self._show_step(event, event.vertex)

    def _show_step(self, event: Event, step: Vertex) -> None:
        name = _one_line(step)
        if event.kind == "log" and self.progress == "plain":
            self._show_indented(event.text.splitlines())
        elif event.kind == "started" and not step.cache_hit:
            self._print(f"{name}\n")
        elif event.kind == "done":
            self._print(f"{name}: {'cached' if step.cached else f'{seconds([step]):.1f} s'}\n")

    def _show_failure(self, step: Vertex) -> None:
        if self.progress != "plain":
            self._show_indented(step.log.splitlines()[-_LOG_LINES:])
        self._print(f"{_one_line(step)}: {step.error}\n")

    def _show_indented(self, lines: list[str]) -> None:
        for line in lines:
            self._print(f"  {line}\n")


def _one_line(step: Vertex) -> str:
    line = " ".join(step.name.split())
    return line if len(line) <= _WIDTH else f"{line[: _WIDTH - 3]}..."


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A build that has ended.

    Attributes:
        status: docker's exit status.
        rows: a table of the images.
        problem: why the report could not be written; empty if it was.
    """

    status: int
    rows: tuple[tuple[str, ...], ...]
    problem: str = ""


def build(plan: BuildPlan, command: Command, file: Path, show: Callable[[str], None]) -> Watched:
    """Run the command that builds the plan, and write the report, even if the build fails.

    Args:
        plan: what is built.
        command: of `bake.command`.
        file: the report's.
        show: prints progress.
    """
    watcher = Watcher(Records([target.name for target in plan.targets]), plan.progress, show)
    started = time.monotonic()
    with signals.raised():
        try:
            status = process.stream(command, watcher.feed, watcher.tick)
            watcher.close()
            elapsed = time.monotonic() - started
            built = {} if status else _built_images(plan)
        finally:
            Path(plan.metadata_file).unlink(missing_ok=True)
    document = report.report(plan, watcher.records, built, status=status, elapsed=elapsed)
    rows = report.rows(plan, watcher.records, built)
    try:
        files.write(file, document.as_json())
    except OSError as error:
        return Watched(status=status, rows=rows, problem=error.strerror or str(error))
    return Watched(status=status, rows=rows)


def _built_images(plan: BuildPlan) -> dict[str, report.BuiltImage]:
    """Return the images' digests from buildx's metadata file, and their sizes from the engine."""
    metadata = _metadata(plan)
    built = {}
    for image in plan.images:
        info = engine.inspect_image(image.tags[0]) if plan.outputs.load else None
        built[image.target] = report.BuiltImage(
            digest=metadata.get(image.target, {}).get("containerimage.digest"),
            size=info.size if info else None,
        )
    return built


def _metadata(plan: BuildPlan) -> dict[str, dict[str, str]]:
    """Return buildx's metadata; nothing if it could not be written, as on a full disk."""
    try:
        metadata: dict[str, dict[str, str]] = json.loads(Path(plan.metadata_file).read_bytes())
    except (OSError, ValueError):
        return {}
    return metadata
