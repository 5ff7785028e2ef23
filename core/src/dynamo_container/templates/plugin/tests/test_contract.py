# SPDX-License-Identifier: Apache-2.0
"""The contract of dynamo-container's plugins, one test for each rule."""

from dynamo_container.testing import PluginContract


class TestContract(PluginContract):
    distribution = "dynamo-container-example-plugin"
