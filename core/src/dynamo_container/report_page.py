# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The report of a build as one page of HTML, which needs no network and no script."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from dynamo_container import explain, report_sizes
from dynamo_container.images import diagram, drawing
from dynamo_container.images.critical_path import critical_path
from dynamo_container.images.plan import BuildPlan
from dynamo_container.images.progress import duration, in_words, is_failure
from dynamo_container.images.records import Records, Vertex
from dynamo_container.images.report import BuildReport, ImageReport
from dynamo_container.model.text import byte_size
from dynamo_container.report_sizes import Measured, escaped

_STYLE: Final = """\
:root { color-scheme: light dark; --text: #1b1b1b; --page: #fff; --soft: #595959; --line: #d0d0d0;
  --ran: #3b6fb6; --cached: #8a8a8a; --failed: #b3261e; --waits: #e8e8e8 }
@media (prefers-color-scheme: dark) { :root { --text: #ececec; --page: #16181c; --soft: #b0b0b0;
  --line: #444; --ran: #79a7e3; --cached: #8f8f8f; --failed: #ff8a80; --waits: #2c2f36 } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--text); background: var(--page);
  max-width: 75rem; margin: 0 auto; padding: 1rem }
h1 { font-size: 1.5rem } h2 { font-size: 1.2rem; margin-top: 2.5rem }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid var(--line);
  vertical-align: top; overflow-wrap: anywhere }
td code { overflow-wrap: normal; white-space: nowrap }
td.number, th.number { text-align: right; white-space: nowrap }
.wide { overflow-x: auto } .soft { color: var(--soft) } .failed { color: var(--failed) }
code { font: .85rem ui-monospace, monospace }
.step { display: grid; grid-template-columns: minmax(8rem, 22rem) 1fr 6rem; gap: .75rem;
  align-items: center; border-bottom: 1px solid var(--line); padding: .15rem 0 }
.step.critical { border-left: 4px solid var(--text); padding-left: .5rem }
.step code { overflow-wrap: anywhere }
.track { position: relative; height: .9rem; background: var(--waits) }
.bar { position: absolute; top: 0; bottom: 0; min-width: 2px; background: var(--ran) }
.bar.cached { background: var(--cached) } .bar.failed { background: var(--failed) }
@media (max-width: 40rem) { .step { grid-template-columns: 1fr 5rem }
  .step .track { grid-column: 1 / 3; grid-row: 2 } }"""


def page(
    plan: BuildPlan, report: BuildReport, records: Records, sizes: Iterable[Measured] = ()
) -> str:
    """Return the page of a build.

    Args:
        plan: what was built.
        report: what it did.
        records: BuildKit's, which the report was made of.
        sizes: of the parts of the images.
    """
    state = "failed" if report.status else "succeeded"
    path = critical_path(records)
    title = f"Build of {', '.join(dict.fromkeys(image.framework for image in report.images))}"
    parts = [
        "<!DOCTYPE html>",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escaped(title)}</title><style>{_STYLE}\n{report_sizes.STYLE}</style></head><body><main>",
        f"<h1>{escaped(title)}</h1>",
        (
            f'<p class="{"failed" if report.status else "soft"}">It {state} after '
            f"{duration(report.seconds)}.</p>"
        ),
        *_images(report.images),
        *report_sizes.section(sizes),
        *_timeline(plan, records, path),
        *_critical_path(records, path, report.seconds),
        "<h2>Stages</h2>",
        f'<div class="wide" tabindex="0">{drawing.svg(diagram.diagram(plan))}</div>',
        *_plan(plan),
        "</main></body></html>",
    ]
    return "\n".join([*parts, ""])


def _images(images: Iterable[ImageReport]) -> Iterator[str]:
    yield '<h2>Images</h2><div class="wide" tabindex="0"><table><tr><th>image</th>'
    yield '<th class="number">size</th><th class="number">steps</th>'
    yield '<th class="number">cached</th><th class="number">time</th></tr>'
    for image in images:
        size = byte_size(image.size) if image.size else "-"
        cells = (size, str(image.steps), str(image.cached), duration(image.seconds))
        numbers = "".join(f'<td class="number">{escaped(cell)}</td>' for cell in cells)
        names = "<br>".join(f"<code>{escaped(tag)}</code>" for tag in image.tags)
        yield f"<tr><td>{names}</td>{numbers}</tr>"
    yield "</table></div>"


def _timeline(plan: BuildPlan, records: Records, path: tuple[Vertex, ...]) -> Iterator[str]:
    """Yield the steps of each stage, with a bar from their start to their end."""
    vertexes = [one for one in records.vertexes.values() if one.done and one.started]
    shown = [one for one in vertexes if one.text or one.exports]
    start = min((one.span[0] for one in shown), default=0.0)
    end = max((one.span[1] for one in shown), default=start)
    yield '<h2>Timeline</h2><p class="soft">Blue: ran; gray: from the cache; red: failed; with an'
    yield "edge: on the critical path, which is below.</p>"
    critical = {one.digest for one in path}
    for target in plan.targets:
        own = [one for one in shown if records.owner(one) == target.name]
        if own:
            yield f"<h3>{escaped(target.name)}</h3>"
        for vertex in sorted(own, key=lambda one: one.span):
            yield _step(vertex, start, max(end - start, 0.001), critical=vertex.digest in critical)


def _step(vertex: Vertex, start: float, length: float, *, critical: bool) -> str:
    began, ended = vertex.span
    left, width = 100 * (began - start) / length, 100 * max(ended - began, 0) / length
    kind = "failed" if is_failure(vertex) else "cached" if vertex.cached else "ran"
    took = "cached" if vertex.cached else duration(ended - began)
    return (
        f'<div class="step{" critical" if critical else ""}">'
        f'<code title="{escaped(vertex.text or vertex.name)}">'
        f'{escaped(in_words(vertex))}</code><div class="track"><div class="bar {kind}" '
        f'style="left:{left:.2f}%;width:{width:.2f}%"></div></div>'
        f'<span class="{"failed" if kind == "failed" else "soft"}">{took}</span></div>'
    )


def _critical_path(records: Records, path: tuple[Vertex, ...], elapsed: float) -> Iterator[str]:
    """Yield the steps that decided how long the build took."""
    if not path:
        return
    took = sum(one.span[1] - one.span[0] for one in path)
    yield '<h2 id="critical-path">Critical path</h2><p class="soft">'
    yield f"Each step waited for the one before it. Together they ran for {duration(took)} of"
    yield f"{duration(elapsed)}. The build is faster only if these are.</p>"
    yield '<div class="wide" tabindex="0"><table><tr><th>step</th><th>stage</th>'
    yield '<th class="number">time</th></tr>'
    for one in path:
        yield (
            f"<tr><td>{escaped(in_words(one))}</td><td>{escaped(records.owner(one))}</td>"
            f'<td class="number">{duration(one.span[1] - one.span[0])}</td></tr>'
        )
    yield "</table></div>"


def _plan(plan: BuildPlan) -> Iterator[str]:
    """Yield each value of the plan, with its source and what it replaces."""
    for image in plan.images:
        yield f"<h2>Plan of {escaped(image.tags[0])}</h2>"
        yield '<div class="wide" tabindex="0"><table><tr><th>value</th><th>is</th>'
        yield "<th>from</th></tr>"
        for value in explain.values(image):
            sources = ", ".join(f"{one.name} ({one.layer})" for one in value.sources)
            replaced = "".join(
                f'<br><span class="soft">instead of {escaped(one.value)} '
                f"({escaped(one.source.name)})</span>"
                for one in value.shadowed
            )
            yield (
                f"<tr><td>{escaped(f'{value.kind} {value.key}')}</td>"
                f"<td><code>{escaped(value.value)}</code>{replaced}</td><td>{escaped(sources)}</td></tr>"
            )
        yield "</table></div>"
