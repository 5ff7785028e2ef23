# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Names of our images and containers, for completion: none if the engine is slow."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import quote

from dynamo_container.docker import api
from dynamo_container.errors import DynamoContainerError
from dynamo_container.model.names import FRAMEWORK_LABEL, RUN_LABEL

_PATHS: Final = {
    "image": ("/images/json?filters=", FRAMEWORK_LABEL),
    "container": ("/containers/json?all=1&filters=", RUN_LABEL),
}
# Whoever presses Tab does not wait longer.
_SECONDS: Final = 0.5


def names(kind: str) -> Iterator[str]:
    """Yield the names of our images, or of the containers that `run` started."""
    path, label = _PATHS[kind]
    try:
        found = api.get_list(f"{path}{quote(json.dumps({'label': [label]}))}", _SECONDS)
    except DynamoContainerError:
        return
    for one in found:
        yield from _names_of(kind, one)


def _names_of(kind: str, one: dict[str, Any]) -> list[str]:
    if kind == "image":
        return [tag for tag in one.get("RepoTags") or () if "<none>" not in tag]
    return [name.lstrip("/") for name in one.get("Names") or ()]
