# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""From a request to the plan of a served model, and from there to files for compose and others.

Everything here is pure, except `files`, `checks`, `project` and `start`.
"""
