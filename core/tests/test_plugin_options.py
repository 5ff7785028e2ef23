# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The values of the plugins' own options, which the command line and the test kit share."""

from __future__ import annotations

from pathlib import Path

import pytest
from dynamo_container.api import Option, UsageError
from dynamo_container.options.plugin_options import option_values

REF = Option(flag="--acme-ref", help="x")
JOBS = Option(flag="--acme-jobs", help="x", type="int", default=4)
PATCH = Option(flag="--acme-patch", help="x", type="path")
FAST = Option(flag="--acme-fast", help="x", type="flag")
MODE = Option(flag="--acme-mode", help="x", choices=("a", "b"), default="a")
LORA = Option(flag="--acme-lora", help="x", repeatable=True)
OPTIONS = (REF, JOBS, PATCH, FAST, MODE, LORA)


def values(**given: object) -> dict[str, object]:
    return dict(option_values(OPTIONS, {f"acme_{name}": value for name, value in given.items()}))


def test_defaults_are_values_and_omitted_options_have_none():
    defaults = {"acme_jobs": 4, "acme_mode": "a"}

    assert values() == defaults
    assert values(ref=None, fast=False, lora=()) == defaults


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("ref", "", ""),
        ("jobs", 0, 0),
        ("jobs", "8", 8),
        ("fast", True, True),
        ("mode", "b", "b"),
        ("lora", "one", ("one",)),
        ("lora", ["one", "two"], ("one", "two")),
    ],
)
def test_a_value_has_the_type_of_its_option(name, given, expected):
    assert values(**{name: given})[f"acme_{name}"] == expected


def test_a_path_becomes_absolute():
    assert values(patch="fix.patch")["acme_patch"] == str(Path.cwd() / "fix.patch")


def test_values_are_sorted_by_destination():
    assert [name for name, _ in option_values(OPTIONS, {"acme_ref": "x"})] == [
        "acme_jobs",
        "acme_mode",
        "acme_ref",
    ]


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [("mode", "c", "--acme-mode 'c' is not valid"), ("jobs", "many", "is not an integer")],
)
def test_a_value_that_does_not_fit_is_a_usage_error(name, given, message):
    with pytest.raises(UsageError, match=message):
        values(**{name: given})
