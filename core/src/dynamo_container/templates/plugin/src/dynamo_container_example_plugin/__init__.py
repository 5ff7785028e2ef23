# SPDX-License-Identifier: Apache-2.0
"""The framework example-plugin of dynamo-container."""
