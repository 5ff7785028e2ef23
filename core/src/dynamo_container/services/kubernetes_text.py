# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Names and sizes as Kubernetes writes them."""

from __future__ import annotations

import hashlib
import re
from typing import Final

from dynamo_container.services.plan import ServePlan

_SIZE: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([kmgtp]?)(?:i?b)?", re.IGNORECASE)
_LONGEST: Final = 40


def quantity(size: str) -> str:
    """Return docker's `10G` as `10Gi`: its units are powers of 1024. Empty for an empty size."""
    match = _SIZE.fullmatch(size.strip())
    if not match:
        return size
    number, unit = match.groups()
    return f"{number}{unit.upper()}i" if unit else number


def literal(text: str) -> str:
    """Return text in which the kubelet replaces no variables: it would expand `$(HF_TOKEN)`."""
    return re.sub(r"\$(?=[$(])", "$$", text)


def object_name(plan: ServePlan, part: str = "") -> str:
    """Return the name of an object: the project's, or that of a part of it."""
    project = plan.project.replace("_", "-").strip("-")
    return f"{project}-{part}" if part else project


def label(text: str) -> str:
    """Return any text as a DNS label; with a hash if another text could get the same one."""
    slug = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:_LONGEST].strip("-")
    # A path without dashes, or a name without anything else, is recognizable.
    if slug in (text, text.strip("/").replace("/", "-") if "-" not in text else text):
        return slug
    return f"{slug or 'volume'}-{hashlib.sha256(text.encode()).hexdigest()[:6]}"
