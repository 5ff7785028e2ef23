# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What is not the caller's own gives no orders: project files of others, the machine's policy.

Signatures: who stands behind an image.
"""
