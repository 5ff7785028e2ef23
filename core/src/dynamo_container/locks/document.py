# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The file `dynamo-container.lock`: its schema, and how it is read and written."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta
from msgspec.structs import asdict

from dynamo_container.errors import UsageError
from dynamo_container.model.credentials import hide
from dynamo_container.model.lock import (
    Lock,
    LockedBase,
    LockedImage,
    LockedPackage,
    LockedPackages,
    LockedTool,
    LockedWheel,
    LockedWheels,
)

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

FILE: Final = "dynamo-container.lock"
# The version of the document's form, described in docs/locks.md; new keys do not change it.
SCHEMA: Final = 1
_HEADING: Final = """\
# What the images of this project are made of. Written by: dynamo-container lock
# To move on: dynamo-container update. See docs/locks.md; edit nothing by hand.
"""
_AGAIN: Final = "write it again: dynamo-container lock; to build without it: --lock none"
# Everything that becomes part of a command has a form that cannot be anything else.
_NAME: Final = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
_STAGE: Final = r"^[a-z0-9][a-z0-9_-]*$"
_VERSION: Final = r"^[A-Za-z0-9][A-Za-z0-9.+!_-]*$"
_HASH: Final = r"^[0-9a-f]{64}$"
_DIGEST: Final = r"^sha256:[0-9a-f]{64}$"
_IMAGE: Final = r"^[A-Za-z0-9][A-Za-z0-9./:@_-]*$"
_PLATFORM: Final = r"^linux/[a-z0-9]+(/v[0-9]+)?$"
_MOMENT: Final = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$"
_PACKAGE: Final = (
    r"^([a-z0-9][a-z0-9+.-]*):([a-z0-9-]+)=([A-Za-z0-9][A-Za-z0-9.+:~-]*) sha256:([0-9a-f]{64})$"
)

Name = Annotated[str, Meta(pattern=_NAME)]
StageName = Annotated[str, Meta(pattern=_STAGE)]
Version = Annotated[str, Meta(pattern=_VERSION)]
Hash = Annotated[str, Meta(pattern=_HASH)]
Digest = Annotated[str, Meta(pattern=_DIGEST)]
ImageName = Annotated[str, Meta(pattern=_IMAGE)]
Platform = Annotated[str, Meta(pattern=_PLATFORM)]
Package = Annotated[
    str,
    Meta(
        pattern=_PACKAGE,
        description="NAME:ARCHITECTURE=VERSION sha256:HASH of a package of the distribution.",
    ),
]


class ImageRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An image that the lock is for."""

    framework: Name
    target: StageName
    cuda: Annotated[str, Meta(description="Its CUDA version, if it has one.")] = ""
    device: Annotated[str, Meta(description="Its device, if not an NVIDIA GPU.")] = ""
    plan: Annotated[Digest, Meta(description="The hash of the plan that was locked.")]
    plugins: Annotated[
        tuple[str, ...], Meta(description="The plugins that contributed to it, with versions.")
    ] = ()
    values: Annotated[
        dict[str, str], Meta(description="What was requested: pins, arguments, base images.")
    ] = {}


class BaseRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An image from outside that the images are made of."""

    image: ImageName
    digest: Annotated[
        Digest | Literal[""], Meta(description="Of its manifest or list of platforms.")
    ] = ""
    id: Annotated[
        Digest | Literal[""], Meta(description="Of an image that only the engine has.")
    ] = ""
    platforms: Annotated[
        dict[Platform, Digest], Meta(description="The manifest of each platform.")
    ] = {}


class ToolRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A tool that builds with."""

    name: Name
    version: Version
    sha256: Annotated[tuple[Hash, ...], Meta(description="Of its wheel for each platform.")]


class PackagesRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The packages of the distribution that a stage installs."""

    framework: Name
    cuda: str = ""
    device: str = ""
    stage: StageName
    platform: Platform
    apt: tuple[Package, ...] = ()


class WheelRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A package of Python."""

    name: Name
    version: Version
    file: Annotated[
        str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+!%-]*$", description="That is installed.")
    ]
    sha256: Hash
    index: Annotated[
        str, Meta(description="The index that had it. For people: a build uses its own index.")
    ] = ""
    size: Annotated[int, Meta(ge=0, description="Of the file, in bytes.")] = 0
    uploaded: Annotated[str, Meta(description="The date of the file.")] = ""
    via: Annotated[tuple[Name, ...], Meta(description="The packages that require it.")] = ()


class WheelsRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The packages of Python that an image gets from a stage."""

    framework: Name
    cuda: str = ""
    device: str = ""
    platform: Platform
    stage: StageName = "wheels"
    python: Annotated[str, Meta(pattern=r"^3\.\d+$")]
    packages: tuple[WheelRow, ...] = ()


class LockDocument(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A lock of dynamo-container."""

    schema: Annotated[Literal[1], Meta(description="The version of this form.")]
    created: Annotated[
        str,
        Meta(pattern=_MOMENT, description="When; the time of everything in the images, too."),
    ]
    image: Annotated[tuple[ImageRow, ...], Meta(min_length=1)]
    base: tuple[BaseRow, ...] = ()
    tool: tuple[ToolRow, ...] = ()
    packages: tuple[PackagesRow, ...] = ()
    wheels: tuple[WheelsRow, ...] = ()


def schema() -> dict[str, Any]:
    """Return the JSON Schema of the file."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The lock of dynamo-container",
        **msgspec.json.schema(LockDocument),
    }


def parse(path: str, content: bytes) -> Lock:
    """Return the lock in a file's content.

    Raises:
        UsageError: it is not valid.
    """
    from dynamo_container.model.toml import parse_toml

    try:
        table = parse_toml(content)
        # In a pattern, `$` is also before the end of the last line.
        if any(_strings_with_lines(table)):
            raise ValueError("a string has several lines")  # noqa: TRY301  # one message for all
        document = msgspec.convert(table, LockDocument)
    except ValueError as error:
        raise UsageError(f"{path} is not a valid lock: {error}", _AGAIN) from error
    lock = Lock(
        path=path,
        created=document.created,
        images=tuple(
            LockedImage(**asdict(row) | {"values": (*row.values.items(),)})
            for row in document.image
        ),
        bases=tuple(
            LockedBase(**asdict(row) | {"platforms": (*sorted(row.platforms.items()),)})
            for row in document.base
        ),
        tools=tuple(
            LockedTool(name=row.name, version=row.version, hashes=row.sha256)
            for row in document.tool
        ),
        packages=tuple(_packages(row) for row in document.packages),
        wheels=tuple(_wheels(row) for row in document.wheels),
    )
    _require_moment(lock)
    return lock


def _require_moment(lock: Lock) -> None:
    """Require a time that files can have: the pattern allows a 31st of February."""
    try:
        valid = lock.created.isascii() and lock.epoch >= 0
    except ValueError:
        valid = False
    if not valid:
        raise UsageError(
            f"{lock.path} is not a valid lock: {lock.created!r} is not a time that files can have",
            _AGAIN,
        )


def _strings_with_lines(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        value = [*value.keys(), *value.values()]
    if isinstance(value, list):
        for one in value:
            yield from _strings_with_lines(one)
    elif isinstance(value, str) and "\n" in value:
        yield value


def _packages(row: PackagesRow) -> LockedPackages:
    fields = asdict(row)
    packages = tuple(_package(text) for text in fields.pop("apt"))
    return LockedPackages(**fields, packages=packages)


def _package(text: str) -> LockedPackage:
    match = re.fullmatch(_PACKAGE, text)
    assert match, text  # the schema's pattern
    name, architecture, version, sha256 = match.groups()
    return LockedPackage(name=name, architecture=architecture, version=version, sha256=sha256)


def _wheels(row: WheelsRow) -> LockedWheels:
    fields = asdict(row)
    wheels = tuple(LockedWheel(**asdict(one)) for one in fields.pop("packages"))
    return LockedWheels(**fields, wheels=wheels)


def text(lock: Lock) -> str:
    """Return a lock as the text of its file: one line for everything that can change."""
    lines = [_HEADING, f"schema = {SCHEMA}", f'created = "{lock.created}"']
    for image in lock.images:
        # Values may come from the user's options.
        values = {key: hide(value) for key, value in image.values}
        lines += _table("image", _fields_of(image) | {"values": values})
    for base in lock.bases:
        lines += _table("base", _fields_of(base) | {"platforms": dict(base.platforms)})
    for tool in lock.tools:
        lines += _table("tool", _fields_of(tool, "hashes") | {"sha256": tool.hashes})
    for one in lock.packages:
        apt = [str(package).replace("#", " sha256:") for package in one.packages]
        lines += _table("packages", _fields_of(one, "packages") | {"apt": apt})
    for wheels in lock.wheels:
        rows = [_fields_of(one) | {"index": hide(one.index)} for one in wheels.wheels]
        lines += _table("wheels", _fields_of(wheels, "wheels") | {"packages": rows})
    return "\n".join([*lines, ""])


def _fields_of(record: DataclassInstance, *without: str) -> dict[str, Any]:
    names = (field.name for field in dataclasses.fields(record))
    return {name: getattr(record, name) for name in names if name not in without}


def _table(name: str, fields: Mapping[str, object]) -> Iterator[str]:
    """Yield the lines of a table of an array; empty values are left out."""
    yield ""
    yield f"[[{name}]]"
    tables = {key: value for key, value in fields.items() if isinstance(value, dict) and value}
    for key, value in fields.items():
        if value and key not in tables:
            yield f"{key} = {_value(value)}"
    for key, table in tables.items():
        yield ""
        yield f"[{name}.{key}]"
        yield from (f"{_string(entry)} = {_string(value)}" for entry, value in table.items())


def _value(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return f"[\n{''.join(f'    {_value(one)},{chr(10)}' for one in value)}]"
    if isinstance(value, dict):
        return f"{{ {_fields(value.items())} }}"
    return _string(value)


def _fields(fields: Iterable[tuple[str, object]]) -> str:
    return ", ".join(f"{key} = {_inline(value)}" for key, value in fields if value)


def _inline(value: object) -> str:
    """Return a value on one line."""
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(_string(one) for one in value)}]"
    return str(value) if isinstance(value, int) else _string(value)


def _string(value: object) -> str:
    """Return a TOML string, which has the escapes of JSON, and must not have surrogates or DEL."""
    return json.dumps(str(value)).replace("\x7f", "\\u007f")
