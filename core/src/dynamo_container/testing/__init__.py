# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The contract kit: what every plugin has to keep, as a test class for pytest.

    from dynamo_container.testing import PluginContract

    class TestContract(PluginContract):
        distribution = "dynamo-container-acme"

It needs pytest: `pip install 'dynamo-container[testing]'`. Nothing else imports this package.
"""

from dynamo_container.testing.contract import PluginContract

__all__ = ["PluginContract"]
