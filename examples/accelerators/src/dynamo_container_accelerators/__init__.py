# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Devices for vLLM besides NVIDIA GPUs and CPUs, as overlays; not tested on hardware."""
