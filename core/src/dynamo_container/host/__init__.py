# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Facts about this machine: the GPU driver, git checkouts, and what `doctor` reports."""
