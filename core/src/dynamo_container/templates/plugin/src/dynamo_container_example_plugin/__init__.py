# SPDX-License-Identifier: Apache-2.0
"""example-plugin, as a framework of dynamo-container."""
