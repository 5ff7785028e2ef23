# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Our frozen dataclasses, held to the standard library's: whatever one does, the other does."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
from typing import Any, Generic, TypeVar

import pytest
from dynamo_container import frozen, values

T = TypeVar("T")


class Checked:
    __slots__ = ()

    def __post_init__(self) -> None:
        if getattr(self, "name", "") == "bad":
            raise ValueError("bad")


def classes(dataclass: Any) -> tuple[Any, ...]:
    """The same classes, made by either."""

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Base(Checked):
        """Its text."""

        name: str
        many: tuple[str, ...] = ()

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Derived(Base):
        number: int = 3
        default: str = dataclasses.field(default="d")
        made: list[int] = dataclasses.field(default_factory=list)

        @property
        def double(self) -> int:
            return 2 * self.number

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Box(Generic[T]):
        value: T

    return Base, Derived, Box


PAIRS = list(zip(classes(frozen.dataclass), classes(dataclasses.dataclass), strict=True))
OURS, THEIRS = zip(*PAIRS, strict=True)


def outcome(function, *arguments, **keywords):
    """What a call gives, or the kind of its error."""
    try:
        return function(*arguments, **keywords)
    except (TypeError, ValueError) as error:
        return type(error)


@pytest.mark.parametrize("base", [OURS, THEIRS], ids=["ours", "theirs"])
def test_what_holds_for_both(base):
    plain, derived, box = base
    one: Any = derived(name="a", number=4)

    assert (one.name, one.many, one.number, one.default, one.made) == ("a", (), 4, "d", [])
    assert one.double == 8
    assert one.made is not derived(name="a").made
    assert one == derived(name="a", number=4)
    assert one != derived(name="b", number=4)
    assert plain(name="a") != one
    assert hash(plain(name="a")) == hash(plain(name="a"))
    assert repr(one).endswith("Derived(name='a', many=(), number=4, default='d', made=[])")
    assert dataclasses.is_dataclass(derived)
    assert [field.name for field in dataclasses.fields(derived)] == [
        "name", "many", "number", "default", "made",
    ]  # fmt: skip
    assert dataclasses.asdict(plain(name="a", many=("x",))) == {"name": "a", "many": ("x",)}
    assert dataclasses.replace(one, name="z").name == "z"
    assert str(inspect.signature(plain)).startswith("(*, name: 'str', many: 'tuple[str, ...]' = ()")
    assert copy.deepcopy(one) == copy.copy(one) == one
    assert plain.__doc__ == "Its text."
    assert not hasattr(one, "__dict__")
    assert box(value=1) == box(value=1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.name = "b"
    with pytest.raises(dataclasses.FrozenInstanceError):
        del one.name


@pytest.mark.parametrize(
    ("arguments", "keywords"),
    [((), {}), (("a",), {}), ((), {"name": "a", "nosuch": 1}), ((), {"name": "bad"})],
)
def test_what_is_wrong_is_wrong_for_both(arguments, keywords):
    for ours, theirs in PAIRS[:2]:
        found = outcome(ours, *arguments, **keywords)
        assert found == outcome(theirs, *arguments, **keywords)
        assert found in (TypeError, ValueError)


def test_ours_replaces_as_theirs_does_and_goes_through_pickle():
    label = values.Label(key="a", value="b")

    assert frozen.replace(label, value="c") == dataclasses.replace(label, value="c")
    assert pickle.loads(pickle.dumps(label)) == label
    with pytest.raises(ValueError, match="has a key"):
        frozen.replace(label, key="")


def test_there_is_no_other_kind():
    with pytest.raises(TypeError, match="standard library"):
        frozen.dataclass(frozen=False, slots=True, kw_only=True)
