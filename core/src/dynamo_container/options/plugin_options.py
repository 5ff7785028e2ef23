# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The values of the plugins' own options, as requests have them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from dynamo_container.errors import UsageError
from dynamo_container.host.paths import absolute

if TYPE_CHECKING:
    from dynamo_container.model.values import Option, OptionValue


def option_values(
    options: Iterable[Option], given: Mapping[str, object]
) -> tuple[tuple[str, OptionValue], ...]:
    """Return the values that were given, else the defaults, by destination; no others.

    Args:
        options: the options of the plugins that take part.
        given: values by destination; None, False and the empty tuple are not values.

    Raises:
        UsageError: a value is not one of the option's choices, or not an integer.
    """
    values = ((one.destination, _value(one, given.get(one.destination))) for one in options)
    return tuple(sorted((name, value) for name, value in values if not _is_omitted(value)))


def _is_omitted(value: object) -> bool:
    # By identity: 0 is a value.
    return value is None or value is False or value == ()


def _value(option: Option, given: object) -> OptionValue:
    value = option.default if _is_omitted(given) else given
    if _is_omitted(value):
        return False
    if option.type == "flag":
        return True
    if option.repeatable:
        items = value if isinstance(value, (list, tuple)) else (value,)
        return tuple(_text(option, item) for item in items)
    return _number(option, value) if option.type == "int" else _text(option, value)


def _text(option: Option, value: object) -> str:
    text = str(value)
    if option.choices and text not in option.choices:
        raise UsageError(
            f"{option.flag} {text!r} is not valid", f"choose one of: {', '.join(option.choices)}"
        )
    return str(absolute(text)) if option.type == "path" else text


def _number(option: Option, value: object) -> int:
    try:
        return int(str(value))
    except ValueError:
        raise UsageError(f"{option.flag} {value!r} is not an integer", "for example: 8") from None
