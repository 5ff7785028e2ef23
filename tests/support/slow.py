# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""A mark for tests that cost more time than they are worth at each change."""

from __future__ import annotations

import os

import pytest

slow = pytest.mark.skipif(
    os.environ.get("DYNAMO_CONTAINER_TEST_SLOW") != "required",
    reason="it takes long: part of make acceptance",
)
