# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The syntax of the options of `serve`.

Functions raise ValueError for values that are not valid.
"""

from __future__ import annotations

import re
from typing import Final

_MAX_PORT: Final = 65535
_PUBLISHED_PORT: Final = r"(?a:((\d{1,3}\.){3}\d{1,3}|\[[0-9A-Fa-f:.]+\]):)?(?a:[1-9]\d{0,4})"
_PROJECT_NAME: Final = r"[a-z0-9][a-z0-9_-]{0,50}"
_MAX_COUNT: Final = 1024
_MODEL_NAME: Final = r"(?a:(?=.{1,96}$)\w[\w.-]*(/\w[\w.-]*)?)"
# What the name of a model of Hugging Face cannot start with.
_FOLDER_STARTS: Final = ("/", "./", "../", "~")


def published_port(value: str) -> str:
    """Parse a port, which an address may precede."""
    if not re.fullmatch(_PUBLISHED_PORT, value) or int(value.rpartition(":")[2]) > _MAX_PORT:
        raise ValueError(value)
    return value


def project_name(value: str) -> str:
    """Parse the name of a project, as docker compose allows it."""
    if not re.fullmatch(_PROJECT_NAME, value):
        raise ValueError(value)
    return value


def model(value: str) -> str:
    """Parse the name of a model, as Hugging Face allows it, or the path of its folder."""
    valid = value.isprintable() if is_folder(value) else re.fullmatch(_MODEL_NAME, value)
    if not valid or value != value.strip():
        raise ValueError(value)
    return value


def is_folder(value: str) -> bool:
    """Whether a model is named by the path of its folder."""
    return value.startswith(_FOLDER_STARTS) or value in (".", "..")


def count(value: str) -> int:
    """Parse a number of containers or GPUs."""
    if not re.fullmatch(r"(?a:\d{1,4})", value) or int(value) > _MAX_COUNT:
        raise ValueError(value)
    return int(value)


def positive(value: str) -> int:
    """Parse a number that is not 0."""
    if not (number := count(value)):
        raise ValueError(value)
    return number


def object_name(value: str) -> str:
    """Parse the name of an object of Kubernetes: a DNS subdomain."""
    if not re.fullmatch(r"(?a:[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?)", value):
        raise ValueError(value)
    return value


def quantity(value: str) -> str:
    """Parse a size as Kubernetes writes it."""
    if not re.fullmatch(r"(?a:[1-9]\d{0,8})([KMGTP]i?)?", value):
        raise ValueError(value)
    return value
