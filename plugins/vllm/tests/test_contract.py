# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The plugin `vllm` passes the contract of plugins."""

from __future__ import annotations

from dynamo_container.testing import PluginContract


class TestContract(PluginContract):
    distribution = "dynamo-container-vllm"
    build_targets = ()  # `make acceptance` builds vLLM's image, which is large
