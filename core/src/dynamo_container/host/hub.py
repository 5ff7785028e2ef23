# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What Hugging Face's hub says about a model, before it is downloaded."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import msgspec

from dynamo_container.errors import UsageError
from dynamo_container.host.users import hf_token_file

_ENDPOINT: Final = "https://huggingface.co"
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


class _File(msgspec.Struct, frozen=True):
    """A file of a model, as the hub describes it."""

    size: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)] | None = None


class _Document(msgspec.Struct, frozen=True):
    """A model, as the hub describes it: what we read of it."""

    siblings: tuple[_File, ...] | None = ()
    gated: bool | str | None = False


def endpoint() -> str:
    """Return the hub's address: that of the caller's mirror, if there is one."""
    return (os.environ.get("HF_ENDPOINT") or _ENDPOINT).rstrip("/")


def is_offline() -> bool:
    """Whether the caller does not allow to ask the hub."""
    return os.environ.get("HF_HUB_OFFLINE", "0").lower() in ("1", "true", "yes", "on")


def token(cache: str) -> str:
    """Return the caller's token, as containers find it; empty for none.

    Args:
        cache: the Hugging Face cache, in which `hf auth login` leaves a token; empty for none.
    """
    if value := os.environ.get("HF_TOKEN"):
        return value
    files = (hf_token_file(), str(Path(cache, "token")) if cache else "")
    for file in filter(None, files):
        with suppress(OSError, ValueError):
            return Path(file).read_text(encoding="utf-8").strip()
    return ""


def find_model(name: str, secret: str = "") -> HubModel | None:
    """Ask the hub for a model; None if it answers with something else. This takes up to 20 seconds.

    Args:
        name: such as `Qwen/Qwen3-0.6B`.
        secret: the caller's token; empty for none.

    Raises:
        OSError: it cannot be reached, or it does not answer.
        UsageError: there is no such model, or it is not for the caller.
    """
    import urllib.error

    try:
        document = _get(name, secret)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code in (_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND):
            raise _unavailable(name, secret) from error
        return None
    except (ValueError, RecursionError):
        return None
    size = sum(one.size or 0 for one in document.siblings or ())
    return HubModel(size=size, gated=bool(document.gated))


def _get(name: str, secret: str) -> _Document:
    """Return the hub's description of a model.

    Raises:
        OSError: it does not answer.
        ValueError, RecursionError: it answers with something else.
    """
    from urllib.parse import quote

    from dynamo_container.host import web

    url = f"{endpoint()}/api/models/{quote(name)}?blobs=true"
    headers = {"Authorization": f"Bearer {secret}"} if secret else {}
    return msgspec.json.decode(web.download(url, headers), type=_Document)


def _unavailable(name: str, secret: str) -> UsageError:
    if secret:
        return UsageError(
            f"the hub has no model {name!r}, or your token gives no access to it",
            "check the name, and that the token may read it",
        )
    return UsageError(
        f"the hub has no model {name!r}, or it requires a token",
        "check the name; for a private or gated model, set HF_TOKEN to your token",
    )
