# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Run a build, show BuildKit's records as they come, and keep them for a report.

Besides `docker`, this is where a build's process starts; everything else in `images` is pure.
"""

from __future__ import annotations

import codecs
import json
import os
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from dynamo_container.docker import engine, process, signals
from dynamo_container.docker.command import Command
from dynamo_container.host import files
from dynamo_container.images import faults, progress, report
from dynamo_container.images.plan import BuildPlan
from dynamo_container.images.records import Event, Records, Vertex, seconds

_WIDTH: Final = 100
# The number of lines of its output that are shown if a step fails.
_LOG_LINES: Final = 30
# How much is kept of what docker prints by itself: the errors are at its end.
_KEPT_BYTES: Final = 65536
_KEPT_LINES: Final = 100
_STANDARD_ERROR: Final = 2
# A terminal shows a new state after this time at the earliest.
_FRAME_SECONDS: Final = 0.1
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
    _warnings: set[str] = field(default_factory=set)
    _text: deque[str] = field(default_factory=lambda: deque(maxlen=_KEPT_LINES))

    @property
    def output(self) -> faults.Output:
        """What is known about why the build failed."""
        failed = [one for one in self.records.vertexes.values() if progress.is_failure(one)]
        logs = [line for one in failed for line in one.log.splitlines()[-_LOG_LINES:]]
        return faults.Output(
            "\n".join([*(one.error for one in failed), *self._text]), "\n".join(logs)
        )

    def feed(self, data: bytes) -> None:
        """Process the next part of the stream."""
        text = self._decoder.decode(data)
        if self.progress == "rawjson":
            self.show(text)
        for event in self.records.feed(text):
            self._keep_text(event)
            self._show_event(event)

    def tick(self) -> None:
        """Show what is waited for, if nothing was shown for some time. Called once a second."""
        now = time.monotonic()
        if self.progress in ("rawjson", "quiet") or now - self._shown < _SILENCE_SECONDS:
            return
        for step in self.records.running():
            elapsed = time.time() - step.started
            self._print(f"{_one_line(step)}: running for {elapsed:.0f} s")
        self._shown = now

    def show_second_attempt(self, fault: faults.Fault) -> None:
        """Show that the build, which has failed for this fault, starts again."""
        if self.progress != "quiet":
            self._print(_second_attempt(fault))

    def _print(self, text: str) -> None:
        """Print a line; if it has several, the others look like output."""
        self._shown = time.monotonic()
        first, *others = text.splitlines() or [""]
        self.show(f"{first}\n")
        self._show_indented(others)

    def close(self) -> None:
        """Process the end of the stream."""
        for event in self.records.close():
            self._keep_text(event)
            self._show_event(event)

    def _keep_text(self, event: Event) -> None:
        if event.kind == "text":
            self._text.append(event.text)

    def _show_event(self, event: Event) -> None:
        if self.progress == "rawjson":
            return
        if event.kind == "text" or event.vertex is None:
            self._print(event.text)
            return
        if event.kind == "warning":
            self._show_warning(event.text)
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
            self._print(name)
        elif event.kind == "done":
            self._print(f"{name}: {'cached' if step.cached else f'{seconds([step]):.1f} s'}")

    def _show_warning(self, text: str) -> None:
        if text not in self._warnings and self.progress != "quiet":
            self._warnings.add(text)
            self._print(f"warning: {text}")

    def _show_failure(self, step: Vertex) -> None:
        if self.progress != "plain":
            self._show_indented(step.log.splitlines()[-_LOG_LINES:])
        self._print(f"{_one_line(step)}: {step.error}")

    def _show_indented(self, lines: list[str]) -> None:
        for line in lines:
            self._print(f"  {line}")


class Screen(Protocol):
    """The lines at the end of a terminal that change."""

    @property
    def size(self) -> tuple[int, int]:
        """The number of columns and of lines that fit."""

    def draw(self, lines: Sequence[str]) -> None:
        """Replace the lines."""

    def above(self, text: str) -> None:
        """Print text above them, for good."""

    def close(self) -> None:
        """Leave the lines as they are."""


@dataclass(slots=True, kw_only=True)
class LiveWatcher(Watcher):
    """Shows a build at a terminal: a line for each stage, which changes.

    Attributes:
        screen: the terminal.
    """

    screen: Screen
    _drawn: float = 0.0

    def feed(self, data: bytes) -> None:
        """Process the next part of the stream."""
        Watcher.feed(self, data)
        if time.monotonic() - self._drawn >= _FRAME_SECONDS:
            self._draw()

    def tick(self) -> None:
        """Show the times of what runs. Called once a second."""
        self._draw()

    def close(self) -> None:
        """Process the end of the stream, and leave what is shown."""
        Watcher.close(self)
        self._draw(whole=True)
        self.screen.close()

    def _draw(self, *, whole: bool = False) -> None:
        self._drawn = time.monotonic()
        width, height = self.screen.size
        height = 0 if whole else height
        self.screen.draw(progress.frame(self.records, time.time(), width=width, height=height))

    def _show_step(self, event: Event, step: Vertex) -> None:
        """Show nothing: the line of its stage does."""

    def _show_failure(self, step: Vertex) -> None:
        if progress.is_failure(step):
            Watcher._show_failure(self, step)  # noqa: SLF001


def _one_line(step: Vertex) -> str:
    line = " ".join(step.name.split())
    return line if len(line) <= _WIDTH else f"{line[: _WIDTH - 3]}..."


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A build that has ended.

    Attributes:
        status: docker's exit status.
        rows: a table of the images.
        elapsed: how long it took, in seconds.
        output: for the reason of a failure.
        problem: why the report could not be written; empty if it was.
    """

    status: int
    rows: tuple[tuple[str, ...], ...]
    elapsed: float
    output: faults.Output
    problem: str = ""


def build(
    plan: BuildPlan,
    command: Command,
    file: Path | None,
    shown: str,
    as_text: Callable[[report.BuildReport, Records], str],
    show: Callable[[str], None],
    screen: Screen | None = None,
    finish: Callable[[], None] = lambda: None,
) -> Watched:
    """Run the command that builds the plan, and write the report, even if the build fails.

    If it fails for a fault that a second attempt gets past, there is one, and the report is about
    that: what had succeeded comes from the cache.

    Args:
        plan: what is built.
        command: of `bake.command`, with BuildKit's records as progress.
        file: the report's; None for none.
        as_text: the text of the report's file.
        shown: how much of the progress is shown; see `Watcher.progress`.
        show: prints progress.
        screen: shows it at a terminal; None without one.
        finish: called when the images are built.
    """

    def attempt() -> tuple[int, Watcher]:
        records = Records([target.name for target in plan.targets])
        watcher = (
            LiveWatcher(records=records, progress=shown, show=screen.above, screen=screen)
            if screen
            else Watcher(records, shown, show)
        )
        status = process.stream(command, watcher.feed, watcher.tick)
        watcher.close()
        return status, watcher

    started = time.monotonic()
    with signals.raised():
        try:
            status, watcher = attempt()
            if status and (fault := faults.passing(watcher.output)):
                watcher.show_second_attempt(fault)
                status, watcher = attempt()
            if not status:
                finish()
            elapsed = time.monotonic() - started
            built = {} if status else _built_images(plan)
        finally:
            if plan.metadata_file:
                Path(plan.metadata_file).unlink(missing_ok=True)
            if screen:
                screen.close()
    records = watcher.records
    document = report.report(plan, records, built, status=status, elapsed=elapsed)
    rows = report.rows(plan, records, built)
    return Watched(
        status=status,
        rows=rows,
        elapsed=elapsed,
        output=watcher.output,
        problem=_write(as_text(document, records), file),
    )


def pass_through(plan: BuildPlan, command: Command) -> tuple[int, faults.Output]:
    """Run a command of `bake.command` with docker's own progress.

    Docker draws at a terminal only if that is its own standard error, so nothing is known about a
    build that fails there. Else its output is the same if it passes through this process.

    If it fails for a fault that a second attempt gets past, there is one, unless docker draws.

    Returns:
        Docker's exit status, and what is known about why the build failed.
    """
    if plan.progress != "plain" and sys.stderr.isatty():
        return process.run(command), faults.Output()
    status, output = _pass_through(command)
    if status and (fault := faults.passing(output)):
        _write_error(f"{_second_attempt(fault)}\n".encode())
        status, output = _pass_through(command)
    return status, output


def _pass_through(command: Command) -> tuple[int, faults.Output]:
    kept = bytearray()

    def show(data: bytes) -> None:
        kept.extend(data)
        del kept[:-_KEPT_BYTES]
        _write_error(data)

    status = process.stream(command, show, lambda: None)
    return status, faults.from_plain(kept.decode(errors="replace"))


def _write_error(data: bytes) -> None:
    """Write bytes to standard error as they are."""
    while data:
        data = data[os.write(_STANDARD_ERROR, data) :]


def _second_attempt(fault: faults.Fault) -> str:
    return f"warning: the build failed for {fault.cause}; building again"


def _write(text: str, file: Path | None) -> str:
    """Write a report; return why that is not possible."""
    try:
        if file:
            files.write(file, text)
    except OSError as error:
        return error.strerror or str(error)
    return ""


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
