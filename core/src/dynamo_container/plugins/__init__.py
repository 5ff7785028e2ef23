# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Hooks, and the plugins that implement them: discovery, loading, calling, base classes."""
