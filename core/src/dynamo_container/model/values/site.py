# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The values of a company's overlay that few plans have."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from dynamo_container.model.values.validation import require

# A registry's host: it has a dot or a port, or is localhost, which is how references tell it from a
# repository's name.
_HOST: Final = r"localhost|[a-z0-9-]+(?:\.[a-z0-9-]+)+|(?=.*:)[a-z0-9.-]+:[0-9]+"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirror:
    """A mirror of a registry.

    Attributes:
        registry: the registry's host, with its port if it has one: `docker.io`, `nvcr.io`.
        mirror: what replaces it: a host, with a path if the mirror has one.
    """

    registry: str
    mirror: str

    def __post_init__(self) -> None:
        require(
            re.fullmatch(_HOST, self.registry),
            f"{self.registry!r} is not a valid registry host, such as 'docker.io'",
        )
        host, _, path = self.mirror.partition("/")
        require(
            re.fullmatch(_HOST, host) and path == path.strip("/"),
            f"{self.mirror!r} is not a valid mirror, such as 'registry.acme.example/docker-hub'",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a plan is refused.

    Attributes:
        reason: what is not allowed, and why, as one sentence without a period.
        hint: what to do instead; may be empty.
    """

    reason: str
    hint: str = ""

    def __post_init__(self) -> None:
        require(self.reason, "a refusal requires a reason")
