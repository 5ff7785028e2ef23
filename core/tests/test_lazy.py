# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Packages that import a module when a name of it is first used."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from dynamo_container import api
from dynamo_container.model import facts, requests, values

PACKAGES = pytest.mark.parametrize(
    "package", [api, facts, requests, values], ids=lambda package: package.__name__
)


def declared(package: ModuleType) -> Iterator[tuple[str, str]]:
    """Yield module and name of each import that only type checkers see."""
    for node in ast.parse(Path(package.__file__ or "").read_text()).body:
        if isinstance(node, ast.If):
            for statement in node.body:
                assert isinstance(statement, ast.ImportFrom)
                yield from ((statement.module or "", alias.name) for alias in statement.names)


@PACKAGES
def test_a_name_that_type_checkers_know_exists(package):
    names = list(declared(package))

    assert names
    for module, name in names:
        assert getattr(package, name) is getattr(importlib.import_module(module), name)


@PACKAGES
def test_another_name_is_refused_as_by_any_module(package):
    with pytest.raises(AttributeError, match=f"^module '{package.__name__}' has no attribute 'X'$"):
        _ = package.X
    with pytest.raises(ImportError, match=r"^cannot import name 'X' from "):
        exec(f"from {package.__name__} import X")
