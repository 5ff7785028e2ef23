# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Packages that import their modules when a name of one is first used (PEP 562).

A dataclass takes about a millisecond to compile, and no command needs all of them.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterable, Mapping


def attributes(package: str, modules: Mapping[str, Iterable[str]]) -> Callable[[str], object]:
    """Return the `__getattr__` of a package.

    The package imports the same names under `TYPE_CHECKING`, for type checkers and editors.

    Args:
        package: its name.
        modules: full names of modules, each with the names that the package takes from it.
    """
    origins = {name: module for module, names in modules.items() for name in names}

    def get(name: str) -> object:
        if name not in origins:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value: object = getattr(importlib.import_module(origins[name]), name)
        setattr(sys.modules[package], name, value)
        return value

    return get
