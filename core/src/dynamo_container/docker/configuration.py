# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The configuration of the docker command, as far as it matters here."""

from __future__ import annotations

import json
import os
from typing import Any, Final

# The context of the engine on this machine, which always exists.
DEFAULT_CONTEXT: Final = "default"
# Keys of a proxy, and the build arguments that the docker command makes of them.
_PROXIES: Final = {
    "httpProxy": "HTTP_PROXY",
    "httpsProxy": "HTTPS_PROXY",
    "ftpProxy": "FTP_PROXY",
    "noProxy": "NO_PROXY",
    "allProxy": "ALL_PROXY",
}


def read() -> dict[str, Any]:
    """Return the document `config.json`; empty if there is none.

    Raises:
        OSError: it cannot be read.
        ValueError: it is not a JSON object.
    """
    try:
        with open(os.path.join(_folder(), "config.json"), "rb") as file:  # noqa: PTH118, PTH123
            document = json.load(file)
    except FileNotFoundError:
        return {}
    except RecursionError as error:
        raise ValueError(str(error)) from error
    if not isinstance(document, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004  # about the file, not an argument
    return document


def context() -> str:
    """Return the context that names the engine, if DOCKER_HOST does not; empty if the configuration
    cannot be read.
    """
    if name := os.environ.get("DOCKER_CONTEXT"):
        return name
    try:
        return read().get("currentContext") or DEFAULT_CONTEXT
    except (OSError, ValueError):
        return ""


def engine() -> tuple[str, ...]:
    """Return what tells the engines apart that the docker command can use here: the address, or the
    context and the folder that defines it.
    """
    if host := os.environ.get("DOCKER_HOST"):
        return (host,)
    name = context()
    return (name,) if name == DEFAULT_CONTEXT else (name, _folder())


def _folder() -> str:
    return os.environ.get("DOCKER_CONFIG") or os.path.expanduser("~/.docker")  # noqa: PTH111


def proxies() -> tuple[tuple[str, str], ...]:
    """Return the proxies that the docker command passes to builds as arguments, for any engine."""
    try:
        by_engine = read().get("proxies")
    except (OSError, ValueError):
        return ()
    entries = by_engine.values() if isinstance(by_engine, dict) else ()
    return tuple(
        (_PROXIES[key], value)
        for entry in entries
        if isinstance(entry, dict)
        for key, value in entry.items()
        if key in _PROXIES and isinstance(value, str)
    )
