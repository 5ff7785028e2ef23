# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Facts about this machine: its users and paths, the GPU driver, git checkouts, `doctor`."""
