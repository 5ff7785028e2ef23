# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The schema of the file `releases.toml`, and what is wrong with a file that does not follow it.

It is a module of its own because it imports msgspec: see `release_reader`.
"""

from __future__ import annotations

import re
import tomllib
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from dynamo_container.errors import PluginError
from dynamo_container.model.values import Release
from dynamo_container.plugins import release_reader

_PLACE: Final = re.compile(r"release\[(\d+)\]\.?(.*)")
# What a string with a pattern is, for messages and for the schema.
_EXPECTED: Final = {
    release_reader.RELEASE: "a Dynamo release, such as 1.4.2",
    release_reader.WHEEL: "a package with one exact version, such as acme[tools]==1.2.3",
    release_reader.REQUIREMENT: "a requirement, such as nixl[cu13]==1.3.2",
    release_reader.CUDA: "a CUDA version, such as 13.0",
    release_reader.PYTHON: "a Python version, such as 3.12",
    release_reader.DEVICE: "a device, such as cpu",
    release_reader.EXTRA: "a part of Dynamo, such as planner",
    release_reader.MODULE: "a Python module, such as dynamo.planner",
    release_reader.ARCHITECTURE: "a GPU architecture, such as 9.0 or 12.0+PTX",
}
_META: Final = [Meta(pattern=pattern, description=text) for pattern, text in _EXPECTED.items()]

Version = Annotated[str, _META[0]]
Wheel = Annotated[str, _META[1]]
Requirement = Annotated[str, _META[2]]
CudaVersion = Annotated[str, _META[3]]
PythonVersion = Annotated[str, _META[4]]
Module = Annotated[str, _META[7]]
Architecture = Annotated[str, _META[8]]


class CudaRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The images for one CUDA version."""

    version: CudaVersion
    runtime: Annotated[str, Meta(description="The image that the serving image starts from.")]
    devel: Annotated[
        str, Meta(description="The image with the whole toolkit, for compiling the engine.")
    ] = ""
    torch: Annotated[
        str, Meta(description="The CUDA version that PyTorch's wheel is built for, if known.")
    ] = ""
    kernels: Annotated[
        dict[str, tuple[Architecture, ...]],
        Meta(description="The GPU architectures for which packages have code; see `check`."),
    ] = {}


class OverrideRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A requirement that replaces what packages require, and why."""

    requirement: Requirement
    reason: Annotated[str, Meta(description="Why, in a few words; `check` shows it.")]


class EvidenceRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a row was proven; `dynamo-container releases --verify` writes it."""

    date: Annotated[date, Meta(description="When.")]
    resolved: Annotated[
        tuple[str, ...], Meta(description="Architectures for which the packages were found.")
    ] = ()
    installed: Annotated[
        tuple[str, ...],
        Meta(description="Architectures on which the image was built and checked."),
    ] = ()
    packages: Annotated[int, Meta(description="The number of packages.")] = 0
    megabytes: Annotated[int, Meta(description="The size of the image.")] = 0


class DeviceRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the release is built with for a device other than NVIDIA GPUs."""

    device: Annotated[
        str,
        Meta(
            pattern=release_reader.DEVICE,
            description="The device, as `--device` names it, such as cpu.",
        ),
    ]
    wheels: Annotated[
        tuple[Wheel, ...], Meta(description="The packages, instead of the release's own.")
    ]
    overrides: Annotated[
        tuple[OverrideRow | Requirement, ...],
        Meta(description="Requirements that replace what packages require, instead of its own."),
    ] = ()


class ExtraRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of Dynamo that images leave out unless the user asks for it."""

    extra: Annotated[
        str,
        Meta(
            pattern=release_reader.EXTRA,
            description="The part, as `--extra` names it, such as planner.",
        ),
    ]
    wheels: Annotated[tuple[Wheel, ...], Meta(description="The packages to add.")] = ()
    overrides: Annotated[
        tuple[OverrideRow | Requirement, ...],
        Meta(description="Requirements that replace what packages require, and the release's own."),
    ] = ()
    modules: Annotated[
        tuple[Module, ...], Meta(description="Python modules that `check` imports.")
    ] = ()


class ReleaseRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A Dynamo release, and what its images are built with."""

    dynamo: Version
    released: Annotated[date, Meta(description="The date of the release, without quotes.")]
    wheels: Annotated[
        tuple[Wheel, ...], Meta(description="The packages that the release was tested with.")
    ] = ()
    overrides: Annotated[
        tuple[OverrideRow | Requirement, ...],
        Meta(description="Requirements that replace what packages require."),
    ] = ()
    cuda: Annotated[
        tuple[CudaRow, ...],
        Meta(description="The CUDA versions that it can be built for, the default first."),
    ] = ()
    device: Annotated[
        tuple[DeviceRow, ...], Meta(description="Other devices that it can be built for.")
    ] = ()
    extra: Annotated[
        tuple[ExtraRow, ...],
        Meta(description="Parts of Dynamo that are installed only if the user asks for them."),
    ] = ()
    python: PythonVersion = "3.12"
    deprecated: Annotated[
        tuple[Literal["kvbm"], ...],
        Meta(description="Deprecated parts, which are installed only if the user asks for them."),
    ] = ()
    checked: Annotated[
        bool | EvidenceRow,
        Meta(description="Whether the plugin's author has built and checked the image, and how."),
    ] = False


class ReleaseDocument(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The release table of a dynamo-container plugin."""

    default: Annotated[
        Version, Meta(description="The release that is built if the user does not name one.")
    ]
    release: Annotated[tuple[ReleaseRow, ...], Meta(min_length=1, description="The releases.")]


def read(path: Path) -> tuple[str, tuple[Release, ...]]:
    """Return a table's default release, and its rows in the order of the file.

    Raises:
        PluginError: the file cannot be read, or is not a release table.
    """
    try:
        text = path.read_text(encoding="utf-8")
        document = msgspec.convert(tomllib.loads(text), ReleaseDocument)
    except OSError as error:
        raise _fault(f"{path} cannot be read: {error.strerror}") from error
    except msgspec.ValidationError as error:
        raise _invalid(path, text, str(error)) from error
    except ValueError as error:
        raise _fault(f"{path} is not valid TOML: {error}") from error
    if document.default not in {row.dynamo for row in document.release}:
        raise _fault(f"{path}: default: {document.default!r} is not one of its releases")
    rows = msgspec.to_builtins(document.release, builtin_types=(date,))
    return document.default, release_reader.releases(path, text, rows, document.default)


def schema() -> dict[str, Any]:
    """Return the JSON Schema of the file."""
    document = msgspec.json.schema(ReleaseDocument)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "dynamo-container release table",
        **document,
    }


def _invalid(path: Path, text: str, message: str) -> PluginError:
    """Turn msgspec's message, ``... - at `$.release[2].dynamo` ``, into an error with the line."""
    reason, _, place = message.partition(" - at `$")
    location, key = str(path), place.strip("`.")
    if match := _PLACE.fullmatch(key):
        location, key = release_reader.location(path, text, int(match[1])), match[2]
    return _fault(f"{location}: {f'{key}: ' if key else ''}{_reason(reason)}")


def _reason(reason: str) -> str:
    for pattern, expected in _EXPECTED.items():
        if repr(pattern) in reason:
            return f"expected {expected}"
    for theirs, ours in (
        ("Object missing required field", "missing key"),
        ("Object contains unknown field", "unknown key"),
    ):
        reason = reason.replace(theirs, ours)
    return f"{reason[0].lower()}{reason[1:]}"


def _fault(what: str) -> PluginError:
    return PluginError(
        what, "this is a fault in the plugin: fix its release table; see docs/releases.md"
    )
