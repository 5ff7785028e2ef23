# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""A model hub that is hostile, or broken: what it answers, and where it sends us."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest
from dynamo_container.docker import engine
from dynamo_container.errors import DynamoContainerError
from dynamo_container.host import hub, web
from dynamo_container.model.facts import EngineInfo
from dynamo_container.services import model_checks

pytestmark = pytest.mark.processes  # servers

TOKEN = "hf_s3cr3t"
Answer = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def server(answer: Answer) -> Iterator[tuple[str, list[str]]]:
    """A server that gives an answer; yields its address and the tokens that it has got."""
    tokens: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            tokens.append(self.headers["Authorization"] or "")
            with suppress(ConnectionError):  # the caller may have seen enough
                answer(self)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        http.daemon_threads = True
        threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{http.server_port}", tokens
        http.shutdown()


@pytest.fixture(autouse=True)
def caller(monkeypatch) -> None:
    for name in ("HF_TOKEN_PATH", "HF_HUB_OFFLINE", "http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    monkeypatch.setattr(engine, "collect", lambda: EngineInfo(version="28.5.2", root="/"))


def says(body: bytes, status: int = 200, **headers: str) -> Answer:
    """Return an answer with a body."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def checked(address: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Check a model of a hub before it is served; return the warnings."""
    monkeypatch.setenv("HF_ENDPOINT", address)
    model = SimpleNamespace(name="org/model", folder="", cached=False)
    plan = SimpleNamespace(model=model, hf_cache="/nowhere")
    return "\n".join(model_checks.check(plan))  # type: ignore[arg-type]


DEEP = 100_000
UNREADABLE = {
    "NaN": b'{"siblings": [{"size": NaN}]}',
    "infinity": b'{"siblings": [{"size": 1e999}]}',
    "a negative size": b'{"siblings": [{"size": -1}]}',
    "a size of 5,000 digits": b'{"siblings": [{"size": %s}]}' % (b"9" * 5000),
    "a size of 300 digits": b'{"siblings": [{"size": %s}]}' % (b"9" * 300),
    "a size that is text": b'{"siblings": [{"size": "1"}]}',
    "a size that is a list": b'{"siblings": [{"size": [1]}]}',
    "siblings that are a number": b'{"siblings": 7}',
    "siblings that are text": b'{"siblings": "abc"}',
    "a list": b"[]",
    "null": b"null",
    "nothing": b"",
    "HTML": b"<html>",
    "no UTF-8": b'{"siblings": "\xff"}',
    "deep nesting": b'{"siblings": ' + b"[" * DEEP + b"]" * DEEP + b"}",
    "deep nesting of what is not read": b'{"x": ' + b"[" * DEEP + b"]" * DEEP + b"}",
    "an answer that is too long": b'{"x": "' + b"x" * 17 * 2**20 + b'"}',
}


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE)
def test_what_a_hub_would_not_say_is_a_warning(body, monkeypatch):
    with server(says(body)) as (address, _):
        assert f"{address} does not answer" in checked(address, monkeypatch)


def test_a_long_answer_is_read(monkeypatch):
    body = json.dumps({"siblings": [{"size": 1}], "card": "x" * 10**7}).encode()

    with server(says(body)) as (address, _):
        assert checked(address, monkeypatch) == ""


OK = b"HTTP/1.1 200 OK\r\n"
MALFORMED = {
    "nothing": b"",
    "an escape": b"\x1b[2J\r\n\r\n",
    "no status": b"HTTP/1.1 \xff\r\n\r\n",
    "half an answer": OK + b'Content-Length: 99\r\n\r\n{"sib',
    "1,000 headers": OK + b"x: y\r\n" * 1000 + b"\r\n{}",
    "a broken chunk": OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
}


@pytest.mark.parametrize("written", MALFORMED.values(), ids=MALFORMED)
def test_what_is_not_http_is_a_warning(written, monkeypatch):
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(written)

    with server(answer) as (address, _):
        assert f"{address} does not answer" in checked(address, monkeypatch)


def test_an_answer_of_a_byte_at_a_time_ends(monkeypatch):
    monkeypatch.setattr(web, "_SECONDS", 0.2)
    gone = threading.Event()

    def slow(handler: BaseHTTPRequestHandler) -> None:
        says(b"{")(handler)
        while not gone.wait(0.02):
            handler.wfile.write(b" ")

    with server(slow) as (address, _):
        assert f"{address} does not answer" in checked(address, monkeypatch)
        gone.set()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_the_token_does_not_go_to_another_server(status, monkeypatch):
    with (
        server(says(b"{}")) as (thief, stolen),
        server(says(b"", status, Location=f"{thief}/api/models/org/model")) as (address, tokens),
    ):
        assert f"{address} does not answer" in checked(address, monkeypatch)

    assert tokens == [f"Bearer {TOKEN}"]
    assert stolen == []


@pytest.mark.parametrize(
    "location",
    ["//127.0.0.1:{port}/x", "http://localhost:{port}/x", "http://{host}@127.0.0.1:{port}/x",
     "http://{host}\\@127.0.0.1:{port}/x", "http://{host}#@127.0.0.1:{port}/x",
     "ftp://127.0.0.1:{port}/x", "file:///etc/passwd", "http://[", "https://{host}/x", "\x1b[2J"],
)  # fmt: skip
def test_no_way_to_write_a_redirect_leads_to_another_server(location, monkeypatch):
    """None of them raises anything unexpected, either."""
    with server(says(b"{}")) as (thief, stolen):
        port = thief.rpartition(":")[2]

        def answer(handler: BaseHTTPRequestHandler) -> None:
            here = handler.headers["Host"]
            says(b"", 302, Location=location.format(port=port, host=here))(handler)

        with server(answer) as (address, _):
            assert f"{address} does not answer" in checked(address, monkeypatch)

    assert stolen == []


def test_a_model_that_was_renamed_is_found_with_the_token(monkeypatch):
    def answer(handler: BaseHTTPRequestHandler) -> None:
        renamed = handler.path.startswith("/api/models/org/new")
        body = b'{"siblings": [{"size": 5}]}'
        says(body if renamed else b"", 200 if renamed else 307, Location="/api/models/org/new")(
            handler
        )

    with server(answer) as (address, tokens):
        assert checked(address, monkeypatch) == ""

    assert tokens == [f"Bearer {TOKEN}"] * 2


@pytest.mark.parametrize(
    "address", ["http://user:pass@127.0.0.1:9", "http://127.0.0.1:x", "http://[", "file:///etc",
                "http://a\x1b[2J", "http://a b", "x", "http://\udcff"],
)  # fmt: skip
def test_an_address_that_is_not_valid_is_a_warning(address, monkeypatch):
    assert "does not answer" in checked(address, monkeypatch)


@pytest.mark.parametrize("token", ["a\r\nHost: evil", "a\nb", "\udcff", "é\u202e"])
def test_a_token_that_is_not_valid_is_not_sent(token, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", token)

    with server(says(b"{}")) as (address, tokens):
        assert f"{address} does not answer" in checked(address, monkeypatch)

    assert tokens == []


def test_no_token_and_no_text_of_the_hub_is_in_an_error(monkeypatch):
    body = b'{"error": "\x1b]52;c;cm0gLXJm\x07 build succeeded"}'

    with server(says(body, 403)) as (address, _), pytest.raises(DynamoContainerError) as refused:
        checked(address, monkeypatch)

    assert "your token gives no access" in str(refused.value)
    assert TOKEN not in str(refused.value)
    assert "52;c" not in str(refused.value)


def test_the_sizes_of_many_files_are_added(monkeypatch):
    body = json.dumps({"siblings": [{"size": 2**63 - 1}] * 1000}).encode()

    with server(says(body)) as (address, _):
        with pytest.raises(DynamoContainerError, match="of free disk space"):
            checked(address, monkeypatch)
        found = hub.find_model("org/model")

    assert found
    assert found.size == 1000 * (2**63 - 1)
