# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Check that the fields of a dataclass have the types that their annotations declare."""

from __future__ import annotations

import dataclasses
import functools
import types
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints


def wrong_field(value: object) -> str:
    """Describe the first field whose value does not have its declared type; empty if all do.

    Args:
        value: an instance of a dataclass whose annotations consist of classes, unions, literals and
            homogeneous tuples.
    """
    for name, hint in _hints(type(value)).items():  # type: ignore[arg-type]  # a type is hashable
        field = getattr(value, name)
        if not _matches(field, hint):
            return f"{name} is {field!r}, which is not {describe(hint)}"
    return ""


@functools.cache
def _hints(kind: type[Any]) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in dataclasses.fields(kind)}


def _matches(value: object, hint: Any) -> bool:
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return any(_matches(value, choice) for choice in get_args(hint))
    if origin is Literal:
        return value in get_args(hint)
    if origin is tuple:
        return isinstance(value, tuple) and _match_items(value, get_args(hint))
    if hint is int and isinstance(value, bool):
        return False
    matches = isinstance(value, hint)
    return matches and not (dataclasses.is_dataclass(hint) and wrong_field(value))


def _match_items(values: tuple[object, ...], hints: tuple[Any, ...]) -> bool:
    """Whether items have the types of `tuple[X, ...]`, or of `tuple[X, Y]`, which has two."""
    if hints[-1] is Ellipsis:
        return all(_matches(item, hints[0]) for item in values)
    return len(values) == len(hints) and all(map(_matches, values, hints))


def describe(hint: Any) -> str:
    """Describe a type for people: `a tuple of str`, `'text' or 'flag'`."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return " or ".join(describe(choice) for choice in arguments)
    if origin is Literal:
        return " or ".join(map(repr, arguments))
    if origin is tuple:
        items = (
            describe(one) if get_origin(one) else one.__name__
            for one in arguments
            if one is not Ellipsis
        )
        return f"a tuple of {' and '.join(items)}"
    if hint is types.NoneType:
        return "None"
    article = "an" if hint.__name__[0] in "aeiou" else "a"
    return f"{article} {hint.__name__}"
