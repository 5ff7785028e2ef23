# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""A user's paths: names that other commands still use for `host.paths`."""

from __future__ import annotations

from dynamo_container.host.paths import absolute, exists, is_file, is_folder
from dynamo_container.host.paths import existing_file as file
from dynamo_container.host.paths import existing_folder as folder
from dynamo_container.host.paths import writable_file as new_file

__all__ = ["absolute", "exists", "file", "folder", "is_file", "is_folder", "new_file"]
