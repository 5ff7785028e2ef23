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

from dynamo_container.docker import engine, process
from dynamo_container.docker.command import Command
from dynamo_container.images import report
from dynamo_container.images.plan import BuildPlan
from dynamo_container.images.records import Event, Records, Vertex, seconds

_WIDTH: Final = 100
# The number of lines of its output that are shown if a step fails.
_LOG_LINES: Final = 50


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

    def feed(self, data: bytes) -> None:
        """Process the next part of the stream."""
        text = self._decoder.decode(data)
        if self.progress == "rawjson":
            self.show(text)
        for event in self.records.feed(text):
            self._show_event(event)

    def close(self) -> None:
        """Process the end of the stream."""
        for event in self.records.close():
            self._show_event(event)

    def _show_event(self, event: Event) -> None:
        if self.progress == "rawjson":
            return
        if event.vertex is None:
            self.show(f"{event.text}\n")
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
            self.show(f"{name}\n")
        elif event.kind == "done":
            self.show(f"{name}: {'cached' if step.cached else f'{seconds([step]):.1f} s'}\n")

    def _show_failure(self, step: Vertex) -> None:
        if self.progress != "plain":
            self._show_indented(step.log.splitlines()[-_LOG_LINES:])
        self.show(f"{_one_line(step)}: {step.error}\n")

    def _show_indented(self, lines: list[str]) -> None:
        for line in lines:
            self.show(f"  {line}\n")


def _one_line(step: Vertex) -> str:
    line = " ".join(step.name.split())
    return line if len(line) <= _WIDTH else f"{line[: _WIDTH - 3]}..."


def build(
    plan: BuildPlan, command: Command, file: Path, show: Callable[[str], None]
) -> tuple[int, tuple[tuple[str, ...], ...]]:
    """Run the command that builds the plan, and write the report, even if the build fails.

    Args:
        plan: what is built.
        command: of `bake.command`.
        file: the report's.
        show: prints progress.

    Returns:
        docker's exit status, and the rows of a table of the images.
    """
    watcher = Watcher(Records([target.name for target in plan.targets]), plan.progress, show)
    started = time.monotonic()
    status = process.stream(command, watcher.feed)
    watcher.close()
    elapsed = time.monotonic() - started
    built = {} if status else _built_images(plan)
    document = report.report(plan, watcher.records, built, status=status, elapsed=elapsed)
    file.write_text(document.as_json(), encoding="utf-8")
    return status, report.rows(plan, watcher.records, built)


def _built_images(plan: BuildPlan) -> dict[str, report.BuiltImage]:
    """Return the images' digests from buildx's metadata file, and their sizes from the engine.

    The file is deleted.
    """
    path = Path(plan.metadata_file)
    metadata = json.loads(path.read_text(encoding="utf-8"))
    path.unlink()
    built = {}
    for image in plan.images:
        info = engine.inspect_image(image.tags[0]) if plan.outputs.load else None
        built[image.target] = report.BuiltImage(
            digest=metadata.get(image.target, {}).get("containerimage.digest"),
            size=info.size if info else None,
        )
    return built
