# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Build and run GPU inference containers from plugins. Plugin authors import from
`dynamo_container.api`.
"""
