# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Frozen dataclasses that are made quickly.

The standard library compiles six functions for each dataclass, in half a millisecond and more; some
sixty of them are on the way to a dry run. These here share their functions. To a type checker, and
to `fields()`, `replace()`, `asdict()`, `copy` and `pickle`, they are what
`@dataclass(frozen=True, slots=True, kw_only=True)` makes; there is no other kind here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__all__ = ["dataclass", "replace"]

if TYPE_CHECKING:
    from dataclasses import dataclass, replace
else:
    import dataclasses
    from inspect import get_annotations

    _ABSENT = object()

    def dataclass(*, frozen, slots, kw_only):
        """The standard library's decorator, for frozen classes with slots and keywords."""
        if not (frozen and slots and kw_only):
            raise TypeError("the other kinds of dataclasses are the standard library's")
        return _made

    def replace(value, /, **changes):
        """The same value with these changes."""
        kind = type(value)
        return kind(**{name: getattr(value, name) for name in kind.__frozen__} | changes)

    def _made(kind):
        own = get_annotations(kind)
        namespace = {
            name: member
            for name, member in vars(kind).items()
            if name not in own and name not in ("__dict__", "__weakref__")
        }
        defaults = {name: vars(kind)[name] for name in own if name in vars(kind)}
        inherited = [vars(base).get("__frozen__", {}) for base in reversed(kind.__mro__[1:])]
        spec = {name: default for base in inherited for name, default in base.items()}
        spec |= {name: defaults.get(name, _ABSENT) for name in own}
        return type(kind)(
            kind.__name__,
            kind.__bases__,
            {
                **_SHARED,
                **namespace,
                "__slots__": tuple(own),
                "__frozen__": spec,
                "__qualname__": kind.__qualname__,
            },
        )

    def _init(self, /, **given):
        spec = self.__frozen__
        for name, default in spec.items():
            value = given.pop(name, default)
            if value is _ABSENT or type(value) is dataclasses.Field:
                value = _default(self, name, value)
            _set(self, name, value)
        if given:
            raise TypeError(
                f"{type(self).__name__}() got an unexpected keyword argument {min(given)!r}"
            )
        if (check := getattr(self, "__post_init__", None)) is not None:
            check()

    _set = object.__setattr__

    def _default(self, name, field):
        if field is not _ABSENT:
            if field.default is not dataclasses.MISSING:
                return field.default
            if field.default_factory is not dataclasses.MISSING:
                return field.default_factory()
        raise TypeError(f"{type(self).__name__}() is missing the keyword argument {name!r}")

    def _values(self):
        return tuple(getattr(self, name) for name in self.__frozen__)

    def _eq(self, other):
        if other.__class__ is not self.__class__:
            return NotImplemented
        return _values(self) == _values(other)

    def _hash(self):
        return hash(_values(self))

    def _repr(self):
        told = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__frozen__)
        return f"{type(self).__qualname__}({told})"

    def _setattr(self, name, _value):
        raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")

    def _delattr(self, name):
        raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")

    def _setstate(self, state):
        for name, value in zip(self.__frozen__, state, strict=True):
            _set(self, name, value)

    class _Standard:
        """What the standard library asks of a dataclass, made by itself when somebody asks."""

        def __set_name__(self, _owner, name):
            self.name = name

        def __get__(self, _value, kind):
            return getattr(_standard(kind), self.name)

    class _Signature(_Standard):
        def __get__(self, _value, kind):
            import inspect

            return inspect.signature(_standard(kind))

    def _standard(kind):
        """The standard library's dataclass with the same fields."""
        types = {}
        for base in reversed(kind.__mro__):
            types |= get_annotations(base) if "__frozen__" in vars(base) else {}
        fields = [
            (name, types[name]) if default is _ABSENT else (name, types[name], default)
            for name, default in kind.__frozen__.items()
        ]
        return dataclasses.make_dataclass(kind.__name__, fields, frozen=True, kw_only=True)

    _SHARED = {
        "__init__": _init,
        "__eq__": _eq,
        "__hash__": _hash,
        "__repr__": _repr,
        "__setattr__": _setattr,
        "__delattr__": _delattr,
        "__getstate__": _values,
        "__setstate__": _setstate,
        "__replace__": replace,
        "__match_args__": (),
        "__dataclass_fields__": _Standard(),
        "__dataclass_params__": _Standard(),
        "__signature__": _Signature(),
    }
