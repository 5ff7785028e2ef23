# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Download a small document from a server that is not ours.

Import this module only when a server is asked: it takes 30 ms to import.
"""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from http.client import HTTPMessage
from queue import Empty, SimpleQueue
from threading import Thread
from typing import IO, Final, TypeVar
from urllib.parse import urlsplit

T = TypeVar("T")
# The largest answers of Hugging Face's hub, for models of thousands of files, are a few megabytes.
_BYTES: Final = 16 * 2**20
# Of one read; the whole answer may take longer, because a slow network is not a silent one.
_READ_SECONDS: Final = 5.0
_SECONDS: Final = 20.0


class _SameServer(urllib.request.HTTPRedirectHandler):
    """Follow redirects on the same server only: another one must not get the headers. Any other
    redirect is an error.
    """

    def http_error_302(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
    ) -> http.client.HTTPResponse | None:
        try:
            return super().http_error_302(req, fp, code, msg, headers)
        except ValueError:  # for what is not a URL
            return None

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        if urlsplit(newurl)[:2] != urlsplit(req.full_url)[:2]:
            return None
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def download(url: str, headers: Mapping[str, str]) -> bytes:
    """Return what a server answers, if it is small and does not take long.

    Args:
        url: with http or https.
        headers: that only this server gets, such as `Authorization`.

    Raises:
        urllib.error.HTTPError: it answers with an error, or with a redirect to another server.
        OSError, ValueError: it does not answer, or not as a server should.
    """
    if not url.startswith(("https://", "http://")):
        raise ValueError(url)
    request = urllib.request.Request(url, headers=dict(headers))  # noqa: S310  # checked above
    try:
        return _within(_SECONDS, lambda: _read(request))
    except http.client.HTTPException as error:
        raise ValueError(str(error)) from error


def _read(request: urllib.request.Request) -> bytes:
    opener = urllib.request.build_opener(_SameServer)
    with opener.open(request, timeout=_READ_SECONDS) as response:
        content: bytes = response.read(_BYTES + 1)
    if len(content) > _BYTES:
        raise ValueError("the answer is too long")
    return content


def _within(seconds: float, work: Callable[[], T]) -> T:
    """Return what a function returns, or raise what it raises, within a time: a server can send a
    byte at a time, which no time limit of a single read ends.

    Raises:
        TimeoutError: it takes longer. It goes on, until the process ends.
    """
    results: SimpleQueue[tuple[T | None, Exception | None]] = SimpleQueue()

    def work_and_put() -> None:
        try:
            results.put((work(), None))
        except Exception as error:  # noqa: BLE001  # raised below
            results.put((None, error))

    Thread(target=work_and_put, daemon=True).start()
    try:
        result, error = results.get(timeout=seconds)
    except Empty as empty:
        raise TimeoutError from empty
    if error:
        raise error
    return result  # type: ignore[return-value]
