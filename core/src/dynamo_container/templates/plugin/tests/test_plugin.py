# SPDX-License-Identifier: Apache-2.0
"""What the plugin says about its own image."""

from __future__ import annotations

from dynamo_container.api import BuildRequest

from dynamo_container_example_plugin import plugin


def test_the_default_release_is_one_of_the_table() -> None:
    assert plugin.RELEASES.default in [row.dynamo for row in plugin.RELEASES.rows]


def test_the_release_that_is_asked_for_is_built() -> None:
    request = BuildRequest(framework="example-plugin", target="runtime", dynamo_version="1.4.1")

    pins = {pin.name: pin.version for pin in plugin.dynamo_container_pins(request)}

    assert pins["ai-dynamo"] == "1.4.1"
