# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The variables from which Dynamo takes its ports: a process of Dynamo ends on others. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from dynamo_container.errors import MachineError, UsageError
from dynamo_container.model.provenance import Resolved
from dynamo_container.model.requests import RunRequest
from dynamo_container.model.text import shortened
from dynamo_container.model.values import EnvVar

# The first and the last number that Dynamo accepts. A negative one starts no system server.
_RANGES: Final = {"DYN_SYSTEM_PORT": (-32768, 32767), "DYN_HTTP_PORT": (0, 65535)}
_NUMBER: Final = re.compile(r"(?a:-?\d{1,6})")


def require_valid(env: Iterable[Resolved[EnvVar]], request: RunRequest) -> None:
    """Require that Dynamo accepts the ports in a container's environment.

    Args:
        env: the variables of the container, except those that docker reads from files.
        request: with facts about the image, whose own variables count if no other one is given.

    Raises:
        UsageError: one that is given is not valid.
        MachineError: one of the image is not valid.
    """
    given = {resolved.key: resolved for resolved in env}
    for name in sorted(_RANGES.keys() & given.keys()):
        value = given[name].value.value
        if value is not None and not _is_valid(name, value):
            raise UsageError(
                f"{name}={shortened(value)}, from {given[name].sources[0]}, is not a valid port: "
                f"Dynamo accepts {_accepted(name)}",
                f"choose another: -e {name}=9090",
            )
    in_files = {name for _, names in request.env_files for name in names}
    for entry in request.image_info.env if request.image_info else ():
        name, _, value = entry.partition("=")
        known = name in given or name in in_files
        if name in _RANGES and not known and not _is_valid(name, value):
            raise MachineError(
                f"the image {request.image} has {name}={shortened(value)}, which is not a valid "
                f"port: Dynamo accepts {_accepted(name)}",
                f"choose another: -e {name}=9090",
            )


def _is_valid(name: str, value: str) -> bool:
    first, last = _RANGES[name]
    return not value or (bool(_NUMBER.fullmatch(value)) and first <= int(value) <= last)


def _accepted(name: str) -> str:
    return f"numbers up to {_RANGES[name][1]}"
