# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The plugin `trtllm` passes the contract of plugins."""

from __future__ import annotations

from dynamo_container.testing import PluginContract


class TestContract(PluginContract):
    distribution = "dynamo-container-trtllm"
    build_targets = ()  # the wheel is only on NVIDIA's own index
