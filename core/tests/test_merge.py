# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The merge: precedence, shadowed values, conflicts, and independence of order."""

from __future__ import annotations

import pytest
from dynamo_container.errors import ConflictError
from dynamo_container.model.provenance import Contribution, Layer, Source, merge
from dynamo_container.model.values import BuildArg
from hypothesis import given
from hypothesis import strategies as st


def said(name: str, value: str, layer: Layer, by: str) -> Contribution[BuildArg]:
    source = Source(layer=layer, name=by, distribution=f"acme-{by} 1.0", location=f"{by}.py:1")
    return Contribution(value=BuildArg(name=name, value=value), source=source)


def merged(*contributions: Contribution[BuildArg]):
    return merge(
        "build argument",
        contributions,
        key=lambda arg: arg.name,
        hint="decide with --build-arg {key}=VALUE",
        describe=lambda arg: arg.value,
    )


def test_a_higher_layer_wins_and_the_lower_one_stays_visible():
    (one,) = merged(
        said("A", "low", Layer.FRAMEWORK, "vllm"), said("A", "high", Layer.OVERLAY, "company")
    )

    assert one.value.value == "high"
    assert [(below.value.value, below.source.name) for below in one.shadowed] == [("low", "vllm")]


def test_equal_values_of_one_layer_keep_both_sources():
    (one,) = merged(said("A", "x", Layer.OVERLAY, "b"), said("A", "x", Layer.OVERLAY, "a"))

    assert [source.name for source in one.sources] == ["a", "b"]


def test_different_values_of_one_layer_are_a_conflict_that_names_both_and_the_way_out():
    with pytest.raises(ConflictError) as error:
        merged(said("A", "x", Layer.OVERLAY, "a"), said("A", "y", Layer.OVERLAY, "b"))

    assert error.value.exit_status == 5
    for word in (
        "acme-a 1.0",
        "a.py:1",
        "'x'",
        "acme-b 1.0",
        "b.py:1",
        "'y'",
        "--build-arg A=VALUE",
    ):
        assert word in str(error.value)


def test_a_conflict_below_the_winner_does_not_matter():
    (one,) = merged(
        said("A", "x", Layer.OVERLAY, "a"),
        said("A", "y", Layer.OVERLAY, "b"),
        said("A", "z", Layer.USER, "--build-arg"),
    )

    assert one.value.value == "z"
    assert len(one.shadowed) == 2


@given(st.permutations([("A", 0, "a"), ("A", 1, "b"), ("A", 2, "c"), ("B", 2, "a"), ("C", 1, "b")]))
def test_the_order_of_contributions_does_not_matter(order):
    contributions = [said(name, f"{name}{layer}", Layer(layer), by) for name, layer, by in order]

    assert merged(*contributions) == merged(*sorted(contributions, key=str))
