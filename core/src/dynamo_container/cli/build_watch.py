# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""A build that is watched: BuildKit's records are told as they come, and kept for a report."""

from __future__ import annotations

import codecs
import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import click

from dynamo_container.docker import engine, process
from dynamo_container.docker.command import Command
from dynamo_container.images import report
from dynamo_container.images.plan import BuildPlan
from dynamo_container.images.records import Event, Records, Vertex, seconds

_WIDTH: Final = 100
# Of a step that failed, so much of what it printed is shown.
_LOG_LINES: Final = 50


@dataclass(slots=True)
class Watcher:
    """Takes what buildx says, keeps the records, and tells people what happens.

    Attributes:
        records: what BuildKit recorded so far.
        progress: as `--progress` says: `quiet` tells what went wrong and no more, `plain` all that
            steps print, `rawjson` the records as they are.
    """

    records: Records
    progress: str
    _decoder: codecs.IncrementalDecoder = field(
        default_factory=lambda: codecs.getincrementaldecoder("utf-8")("replace")
    )

    def take(self, data: bytes) -> None:
        """Take some more of the stream."""
        text = self._decoder.decode(data)
        if self.progress == "rawjson":
            click.echo(text, err=True, nl=False)
        for event in self.records.feed(text):
            self._tell(event)

    def close(self) -> None:
        """The stream is at its end."""
        for event in self.records.close():
            self._tell(event)

    def _tell(self, event: Event) -> None:
        if self.progress == "rawjson":
            return
        if event.vertex is None:
            click.echo(event.text, err=True)
            return
        # What is neither may fail without harm: a cache that nobody has written yet.
        works = bool(event.vertex.text or event.vertex.exports)
        if event.kind == "done" and event.vertex.error and (works or self.progress != "quiet"):
            self._tell_failure(event.vertex)
        elif works and self.progress != "quiet":
            self._tell_step(event, event.vertex)

    def _tell_step(self, event: Event, step: Vertex) -> None:
        name = _line(step)
        if event.kind == "log" and self.progress == "plain":
            for line in event.text.splitlines():
                click.echo(f"  {line}", err=True)
        elif event.kind == "started" and not step.found:
            click.echo(name, err=True)
        elif event.kind == "done":
            told = "cached" if step.cached else f"{seconds([step]):.1f} s"
            click.echo(f"{name}: {told}", err=True)

    def _tell_failure(self, step: Vertex) -> None:
        if self.progress != "plain":
            for line in step.log.splitlines()[-_LOG_LINES:]:
                click.echo(f"  {line}", err=True)
        click.echo(f"{_line(step)}: {step.error}", err=True)


def _line(step: Vertex) -> str:
    line = " ".join(step.name.split())
    return line if len(line) <= _WIDTH else f"{line[: _WIDTH - 3]}..."


def build(plan: BuildPlan, command: Command, file: Path) -> tuple[int, str]:
    """Run the command that builds the plan, and write the report, whether it succeeds or not.

    Returns:
        docker's exit status, and the table of the images.
    """
    watcher = Watcher(Records([target.name for target in plan.targets]), plan.progress)
    started = time.monotonic()
    status = process.stream(command, watcher.take)
    watcher.close()
    elapsed = time.monotonic() - started
    made = {} if status else _made(plan)
    document = report.document(plan, watcher.records, made, status=status, elapsed=elapsed)
    file.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return status, report.table(plan, watcher.records, made)


def _made(plan: BuildPlan) -> dict[str, report.Made]:
    """What buildx wrote of the images, which is not needed any more then, and the engine knows."""
    path = Path(plan.metadata_file)
    told = json.loads(path.read_text(encoding="utf-8"))
    path.unlink()
    found = {}
    for image in plan.images:
        facts = engine.inspect_image(image.tags[0]) if plan.outputs.load else None
        found[image.target] = report.Made(
            digest=told.get(image.target, {}).get("containerimage.digest"),
            size=facts.size if facts else None,
        )
    return found
