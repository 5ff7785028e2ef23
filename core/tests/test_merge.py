# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The merge: precedence, shadowed values, conflicts, and independence of order."""

from __future__ import annotations

import pytest
from dynamo_container.errors import ConflictError
from dynamo_container.model.provenance import Contribution, Layer, Source, merge
from dynamo_container.model.values import BuildArg
from hypothesis import given, strategies as st


def contribution(name: str, value: str, layer: Layer, plugin: str) -> Contribution[BuildArg]:
    source = Source(
        layer=layer, name=plugin, distribution=f"acme-{plugin} 1.0", location=f"{plugin}.py:1"
    )
    return Contribution(value=BuildArg(name=name, value=value), source=source)


def merged(*contributions: Contribution[BuildArg]):
    return merge(
        "build argument",
        contributions,
        key=lambda arg: arg.name,
        hint="set it with --build-arg {key}=VALUE, or {without}",
        describe=lambda arg: arg.value,
    )


def test_a_higher_layer_wins_and_the_lower_value_stays_visible():
    (resolved,) = merged(
        contribution("A", "low", Layer.FRAMEWORK, "vllm"),
        contribution("A", "high", Layer.OVERLAY, "company"),
    )

    assert resolved.value.value == "high"
    shadowed = [(lower.value.value, lower.source.name) for lower in resolved.shadowed]
    assert shadowed == [("low", "vllm")]


def test_equal_values_on_one_layer_keep_both_sources():
    (resolved,) = merged(
        contribution("A", "x", Layer.OVERLAY, "b"), contribution("A", "x", Layer.OVERLAY, "a")
    )

    assert [source.name for source in resolved.sources] == ["a", "b"]


def test_different_values_on_one_layer_are_a_conflict_that_names_both_sources():
    with pytest.raises(ConflictError) as error:
        merged(
            contribution("A", "x", Layer.OVERLAY, "a"), contribution("A", "y", Layer.OVERLAY, "b")
        )

    assert error.value.exit_status == 5
    assert error.value.what == (
        "build argument A is 'x' according to a (acme-a 1.0), a.py:1, "
        "but 'y' according to b (acme-b 1.0), b.py:1"
    )
    assert error.value.next_step == (
        "set it with --build-arg A=VALUE, or "
        "exclude one of the plugins: --no-plugin a or --no-plugin b"
    )


def test_a_conflict_below_the_winning_layer_does_not_matter():
    (resolved,) = merged(
        contribution("A", "x", Layer.OVERLAY, "a"),
        contribution("A", "y", Layer.OVERLAY, "b"),
        contribution("A", "z", Layer.USER, "--build-arg"),
    )

    assert resolved.value.value == "z"
    assert len(resolved.shadowed) == 2


def test_values_that_differ_in_their_location_only_are_equal():
    source = Source(layer=Layer.OVERLAY, name="a")
    (resolved,) = merged(
        *(
            Contribution(value=BuildArg(name="A", value="x", location=location), source=source)
            for location in ("a.toml:1", "b.toml:2")
        )
    )

    assert resolved.value.value == "x"


@given(st.permutations([("A", 0, "a"), ("A", 1, "b"), ("A", 2, "c"), ("B", 2, "a"), ("C", 1, "b")]))
def test_the_order_of_contributions_does_not_matter(order):
    contributions = [
        contribution(name, f"{name}{layer}", Layer(layer), plugin) for name, layer, plugin in order
    ]

    assert merged(*contributions) == merged(*sorted(contributions, key=str))
