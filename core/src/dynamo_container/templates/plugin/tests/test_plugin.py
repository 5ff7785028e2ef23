# SPDX-License-Identifier: Apache-2.0
"""What the plugin states about its own image."""

from __future__ import annotations

from dynamo_container.api import BuildRequest

from dynamo_container_example_plugin.plugin import plugin


def test_the_requested_release_is_installed() -> None:
    older, *_ = (row.dynamo for row in plugin.releases.rows if not row.default)
    request = BuildRequest(framework="example-plugin", target="runtime", dynamo_version=older)

    pins = {pin.name: pin.version for pin in plugin.dynamo_container_pins(request)}

    assert pins["ai-dynamo"] == older


def test_an_unknown_release_is_reported() -> None:
    request = BuildRequest(framework="example-plugin", target="runtime", dynamo_version="99.0")

    (notice,) = plugin.dynamo_container_notices(request)

    assert "Dynamo 99.0 is not in the plugin's release table" in notice.text
