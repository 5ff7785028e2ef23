# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The plugin `sglang` passes the contract of plugins."""

from __future__ import annotations

from dynamo_container.testing import PluginContract


class TestContract(PluginContract):
    distribution = "dynamo-container-sglang"
    build_targets = ()  # `make acceptance` builds SGLang's image, which is large
