# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Read the file `releases.toml`.

msgspec describes these files (`release_document`), and its messages say what is wrong with one. But
its import takes 20 ms of every dry run, while nearly all tables are valid. So a table is first read
with the checks of this module: what passes them is valid for msgspec too, and for the rest msgspec
decides.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final

from dynamo_container.model.names import REQUIREMENTS
from dynamo_container.model.values import (
    CudaImages,
    DeviceRelease,
    Evidence,
    Kernels,
    Override,
    Pin,
    Release,
    ReleaseExtra,
)

# The forms of strings.
RELEASE: Final = r"^\d+(\.\d+)+((a|b|rc|\.post|\.dev)\d+)*$"
WHEEL: Final = r"^[A-Za-z0-9._-]+(\[[A-Za-z0-9._,-]+\])?==[^=\s]+$"
REQUIREMENT: Final = r"^[A-Za-z0-9][^|]*$"
CUDA: Final = r"^[1-9]\d*\.\d+$"
PYTHON: Final = r"^3\.\d+$"
DEVICE: Final = r"^[a-z][a-z0-9]*$"
EXTRA: Final = r"^[a-z][a-z0-9-]*$"
MODULE: Final = r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$"
ARCHITECTURE: Final = r"^\d+\.\d(\+PTX)?$"

_ROW: Final = re.compile(r"^[ \t]*\[\[[ \t]*release[ \t]*\]\]", re.MULTILINE)


def read(path: Path) -> tuple[str, tuple[Release, ...]] | None:
    """Return a table's default release, and its rows in the order of the file.

    Returns:
        None if the file cannot be read, or does not pass the checks of this module.
    """
    try:
        text = path.read_text(encoding="utf-8")
        document = tomllib.loads(text)
    except (OSError, ValueError):
        return None
    if not _is_document(document):
        return None
    default, rows = document["default"], document["release"]
    if default not in {row["dynamo"] for row in rows}:
        return None
    return default, releases(path, text, rows, default)


def releases(
    path: Path, text: str, rows: Iterable[Mapping[str, Any]], default: str
) -> tuple[Release, ...]:
    """Return the releases of valid rows, each with the line of the file where it starts."""
    return tuple(
        _release(row, location(path, text, number), default) for number, row in enumerate(rows)
    )


def location(path: Path, text: str, row: int) -> str:
    """Return `file:line` of a row; the file alone if it is not written as `[[release]]`."""
    starts = [match.start() for match in _ROW.finditer(text)]
    line = text.count("\n", 0, starts[row]) + 1 if row < len(starts) else 0
    return f"{path}:{line}" if line else str(path)


def _release(row: Mapping[str, Any], place: str, default: str) -> Release:
    evidence = _evidence(row.get("checked"))
    return Release(
        dynamo=row["dynamo"],
        released=row["released"].isoformat(),
        wheels=tuple(_wheel(wheel, place) for wheel in row.get("wheels", ())),
        overrides=tuple(_override(override, place) for override in row.get("overrides", ())),
        cuda=tuple(map(_cuda, row.get("cuda", ()))),
        devices=tuple(_device(entry, place) for entry in row.get("device", ())),
        extras=tuple(_extra(entry, place) for entry in row.get("extra", ())),
        python=row.get("python", "3.12"),
        deprecated=tuple(row.get("deprecated", ())),
        default=row["dynamo"] == default,
        checked=bool(evidence.installed) if evidence else row.get("checked", False),
        evidence=evidence,
        location=place,
    )


def _cuda(row: Mapping[str, Any]) -> CudaImages:
    kernels = tuple(
        Kernels(package=package, architectures=tuple(architectures))
        for package, architectures in row.get("kernels", {}).items()
    )
    return CudaImages(**{**row, "kernels": kernels})


def _evidence(row: object) -> Evidence | None:
    if not isinstance(row, dict):
        return None
    lists = {key: tuple(row.get(key, ())) for key in ("resolved", "installed")}
    return Evidence(**{**row, **lists, "date": row["date"].isoformat()})


def _device(row: Mapping[str, Any], place: str) -> DeviceRelease:
    return DeviceRelease(
        device=row["device"],
        wheels=tuple(_wheel(wheel, place) for wheel in row["wheels"]),
        overrides=tuple(_override(override, place) for override in row.get("overrides", ())),
    )


def _extra(row: Mapping[str, Any], place: str) -> ReleaseExtra:
    return ReleaseExtra(
        extra=row["extra"],
        wheels=tuple(_wheel(wheel, place) for wheel in row.get("wheels", ())),
        overrides=tuple(_override(override, place) for override in row.get("overrides", ())),
        modules=tuple(row.get("modules", ())),
    )


def _override(row: Mapping[str, str] | str, place: str) -> Override:
    fields = {"requirement": row} if isinstance(row, str) else row
    return Override(**fields, location=place)


def _wheel(requirement: str, place: str) -> Pin:
    project, _, version = requirement.partition("==")
    name, _, extras = project.rstrip("]").partition("[")
    return Pin(
        name=name,
        version=version,
        extras=tuple(extras.split(",")) if extras else (),
        build_arg=REQUIREMENTS,
        location=place,
    )


Check = Callable[[object], bool]


def _a(kind: type) -> Check:
    return lambda value: type(value) is kind


def _text(pattern: str) -> Check:
    return lambda value: isinstance(value, str) and bool(re.search(pattern, value))


def _list(item: Check) -> Check:
    return lambda value: isinstance(value, list) and all(map(item, value))


def _table(required: dict[str, Check], optional: dict[str, Check]) -> Check:
    known = required | optional

    def check(value: object) -> bool:
        return (
            isinstance(value, dict)
            and required.keys() <= value.keys() <= known.keys()
            and all(known[key](item) for key, item in value.items())
        )

    return check


def _is_kernels(value: object) -> bool:
    return isinstance(value, dict) and all(map(_list(_text(ARCHITECTURE)), value.values()))


_is_cuda: Final = _table(
    {"version": _text(CUDA), "runtime": _a(str)},
    {"devel": _a(str), "torch": _a(str), "kernels": _is_kernels},
)
_is_requirement: Final = _text(REQUIREMENT)
_is_reasoned: Final = _table({"requirement": _is_requirement, "reason": _a(str)}, {})


_is_evidence: Final = _table(
    {"date": _a(date)},
    {
        "resolved": _list(_a(str)),
        "installed": _list(_a(str)),
        "packages": _a(int),
        "megabytes": _a(int),
    },
)


def _is_checked(value: object) -> bool:
    return isinstance(value, bool) or _is_evidence(value)


def _is_override(value: object) -> bool:
    return _is_requirement(value) or _is_reasoned(value)


_is_device: Final = _table(
    {"device": _text(DEVICE), "wheels": _list(_text(WHEEL))}, {"overrides": _list(_is_override)}
)
_is_extra: Final = _table(
    {"extra": _text(EXTRA)},
    {
        "wheels": _list(_text(WHEEL)),
        "overrides": _list(_is_override),
        "modules": _list(_text(MODULE)),
    },
)
_is_row: Final = _table(
    {"dynamo": _text(RELEASE), "released": _a(date)},
    {
        "wheels": _list(_text(WHEEL)),
        "overrides": _list(_is_override),
        "cuda": _list(_is_cuda),
        "device": _list(_is_device),
        "extra": _list(_is_extra),
        "python": _text(PYTHON),
        "deprecated": _list(_text(r"\Akvbm\Z")),
        "checked": _is_checked,
    },
)
_is_document: Final = _table({"default": _text(RELEASE), "release": _list(_is_row)}, {})
