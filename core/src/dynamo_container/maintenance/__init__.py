# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""How maintainers keep release tables new: what the index has, rows from it, and their proof."""
