# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""From a request to the plan of a container, and from there to docker commands and files.

Everything here is pure, except `start` and `wait`: they start a container and wait for it.
"""
