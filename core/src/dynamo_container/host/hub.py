# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What Hugging Face's hub says about a model, before it is downloaded."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, Final

from dynamo_container.errors import UsageError

_ENDPOINT: Final = "https://huggingface.co"
_SECONDS: Final = 5.0
_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND = 401, 403, 404


@dataclass(frozen=True, slots=True, kw_only=True)
class HubModel:
    """A model on the hub.

    Attributes:
        size: of its files, in bytes; 0 if unknown.
        gated: whether its authors grant access to single users.
    """

    size: int
    gated: bool


def find_model(name: str) -> HubModel | None:
    """Ask the hub for a model; None if it does not answer, or must not be asked.

    Args:
        name: such as `Qwen/Qwen3-0.6B`.

    Raises:
        UsageError: there is no such model, or it is not for the caller.
    """
    import urllib.error

    if os.environ.get("HF_HUB_OFFLINE", "0").lower() in ("1", "true", "yes", "on"):
        return None
    try:
        document = _get(name)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code in (_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND):
            raise _unavailable(name) from error
        return None
    except (OSError, ValueError):
        return None
    files = document.get("siblings") or ()
    sizes = [one.get("size") or 0 for one in files if isinstance(one, dict)]
    return HubModel(size=sum(sizes), gated=bool(document.get("gated")))


def _get(name: str) -> dict[str, Any]:
    """Return the hub's description of a model.

    Raises:
        OSError, ValueError: it does not answer, or with something else.
    """
    import json
    import urllib.parse
    import urllib.request

    endpoint = os.environ.get("HF_ENDPOINT") or _ENDPOINT
    url = f"{endpoint.rstrip('/')}/api/models/{urllib.parse.quote(name)}?blobs=true"
    if not url.startswith(("https://", "http://")):
        raise ValueError(url)
    token = os.environ.get("HF_TOKEN")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310  # checked above
    with urllib.request.urlopen(request, timeout=_SECONDS) as response:  # noqa: S310
        document = json.load(response)
    return document if isinstance(document, dict) else {}


def _unavailable(name: str) -> UsageError:
    if os.environ.get("HF_TOKEN"):
        return UsageError(
            f"the hub has no model {name!r}, or HF_TOKEN gives no access to it",
            "check the name, and that the token may read it",
        )
    return UsageError(
        f"the hub has no model {name!r}, or it requires a token",
        "check the name; for a private or gated model: export HF_TOKEN=...",
    )
