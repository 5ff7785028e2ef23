# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The part of a build's page about sizes: the layers and the largest packages of each image."""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from dynamo_container.errors import DynamoContainerError
from dynamo_container.images.report import BuildReport
from dynamo_container.inventory.sizes import By, Sizes, measure
from dynamo_container.model.credentials import hide
from dynamo_container.model.text import printable

STYLE: Final = """\
.sizes { margin-bottom: 1.5rem } .sizes td:first-child { min-width: 12rem }
.sizes td.share { width: 14rem; min-width: 10rem } .share .bar { left: 0 }
.share .track { display: inline-block; width: 60% } .share .number { float: right }"""
_LISTED: Final = 12
_TITLES: Final[tuple[tuple[By, str], ...]] = (("layer", "Layers"), ("package", "Packages"))


class Measured(NamedTuple):
    """How big the parts of an image are.

    Attributes:
        image: its name.
        sizes: by layer, and by package.
        absent: why some of it is not known; empty if all is.
    """

    image: str
    sizes: tuple[Sizes, ...] = ()
    absent: str = ""


def measured(report: BuildReport, *, loaded: bool) -> tuple[Measured, ...]:
    """Measure the images of a build, as `size` does.

    Args:
        report: what the build did.
        loaded: whether its images went to the engine's own store.
    """
    if report.status:
        return ()
    return tuple(_measured(image.tags[0], loaded=loaded) for image in report.images)


def _measured(image: str, *, loaded: bool) -> Measured:
    if not loaded:
        return Measured(image, absent="the engine's own store does not have the image")
    found: list[Sizes] = []
    try:
        found.extend(measure(image, by) for by, _ in _TITLES)
    except DynamoContainerError as error:
        return Measured(image, tuple(found), absent=str(error))
    return Measured(image, tuple(found))


def section(images: Iterable[Measured]) -> Iterator[str]:
    """Yield the lines of the page: for each image, a table with bars by layer, and by package."""
    shown = tuple(images)
    if not shown:
        return
    yield '<h2 id="sizes">Sizes</h2><p class="soft">The sum is the size of all layers, as docker'
    yield f"reports it. Of many parts, the {_LISTED} largest are shown.</p>"
    for one in shown:
        yield f"<h3>{escaped(one.image)}</h3>"
        for sizes in one.sizes:
            yield from _table(sizes)
        if one.absent:
            what = "Packages" if one.sizes else "Sizes"
            yield f'<p class="soft">{what} are not measured: {escaped(one.absent)}.</p>'


def _table(sizes: Sizes) -> Iterator[str]:
    """Yield a table of the parts of an image, whose bars show their shares."""
    title = dict(_TITLES)[sizes.by]
    yield f'<div class="wide" tabindex="0"><table class="sizes"><tr><th>{title}</th>'
    yield '<th class="number">size</th><th>share</th></tr>'
    for part in sizes.largest(_LISTED):
        size, share = f"{part.size / 1e6:,.1f} MB", part.size / max(sizes.size, 1)
        yield (
            f'<tr><td>{escaped(part.name)}</td><td class="number">{size}</td>'
            f'<td class="share"><div class="track"><div class="bar ran" style="width:{share:.1%}">'
            f'</div></div><span class="number">{share:.1%}</span></td></tr>'
        )
    yield "</table></div>"


def escaped(text: str) -> str:
    """Return text as HTML that shows it, without credentials."""
    return html.escape(printable(hide(text)))
