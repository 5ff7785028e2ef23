# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The examples of devices pass the contract of plugins."""

from __future__ import annotations

import pytest
from dynamo_container.testing import PluginContract

pytestmark = pytest.mark.processes  # the overlays are installed for these tests


class TestContract(PluginContract):
    distribution = "dynamo-container-accelerators"
