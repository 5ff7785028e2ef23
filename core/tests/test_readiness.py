# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What makes a container ready; the program that runs in it is run here, against real servers."""

from __future__ import annotations

import http.server
import json
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from dynamo_container.containers import probe
from dynamo_container.model.values import Readiness
from dynamo_container.options import syntax
from dynamo_container.plugins.checks import component_is_ready


@pytest.mark.parametrize(
    ("words", "role"),
    [
        (("python", "-m", "dynamo.frontend", "--http-port", "9000"), "frontend"),
        (("python3", "-m", "dynamo.vllm", "--model", "m"), "worker"),
        (("python", "-m", "dynamo.mocker"), "worker"),
        (("bash", "-c", "python -m dynamo.frontend & python -m dynamo.vllm"), "model"),
        (("python", "-m", "other.module"), "model"),
        ((), "model"),
    ],
)
def test_the_command_tells_the_role(words, role):
    assert component_is_ready(*words).serves == role


def test_what_to_wait_for_is_a_url_a_line_or_a_command():
    assert syntax.wait_for("http://a/b") == Readiness(http="http://a/b")
    assert syntax.wait_for("log:Up+ and: running") == Readiness(log="Up+ and: running")
    assert syntax.wait_for("test -e /x && true") == Readiness(
        argv=("sh", "-c", "test -e /x && true")
    )
    with pytest.raises(ValueError, match="log"):
        syntax.wait_for("log:(")


def test_a_readiness_is_one_thing():
    with pytest.raises(Exception, match="requires either"):
        Readiness(http="http://a", serves="model")


def test_a_url_is_asked_without_a_proxy():
    words = Readiness(http="http://a").command

    assert words[words.index("--noproxy") + 1] == "*"


@contextmanager
def serving(answers: dict[str, tuple[int, object]], host: str) -> Iterator[int]:
    """Serve JSON documents; yield the port."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, document = answers.get(self.path, (404, None))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(document).encode())

        def log_message(self, *_arguments: object) -> None:
            pass

    with http.server.ThreadingHTTPServer((host, 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


NO_MODEL: dict[str, tuple[int, object]] = {"/v1/models": (200, {"data": []}), "/health": (503, {})}
MODEL = {"/v1/models": (200, {"data": [{"id": "m"}]})}
WORKER = {"/health": (200, {"status": "ready"})}
# As the mocker answers, and a worker that is not complete.
MOCKER = {"/health": (503, {"status": "notready", "endpoints": {"generate": "ready"}})}
STARTING = {"/health": (503, {"status": "notready", "endpoints": {"generate": "notready"}})}


@pytest.fixture
def ask(monkeypatch) -> Callable[[str, int], tuple[int, str]]:
    """Run the program; what it says about other ports of this machine is left out."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")

    def call(role: str, port: int) -> tuple[int, str]:
        _, *words = probe.command(Readiness(serves=role))  # type: ignore[arg-type]  # a parameter
        only = f"import glob; {words[3]}".replace(
            "sorted(set(listeners()))",
            f"[one for one in sorted(set(listeners())) if one[1] == {port}]",
        )
        answer = subprocess.run(
            [sys.executable, *words[:3], only, role], capture_output=True, text=True, check=False
        )
        return answer.returncode, answer.stderr.strip()

    return call


@pytest.mark.processes
@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "0.0.0.0"])  # on purpose
@pytest.mark.parametrize(
    ("role", "answers", "reason"),
    [
        ("model", MODEL, ""),
        ("model", NO_MODEL, "lists no model"),
        ("model", {}, "answers 404"),
        ("frontend", NO_MODEL, ""),
        ("frontend", {}, "answers 404"),
        ("worker", WORKER, ""),
        ("worker", MOCKER, ""),
        ("worker", STARTING, "answers 503 (a worker's system server requires DYN_SYSTEM_PORT)"),
    ],
)
def test_each_role_on_any_port_and_address_with_a_proxy_set(ask, role, answers, reason, host):
    with serving(answers, host) as port:
        status, printed = ask(role, port)

    assert (status, printed) == ((1, f"port {port} {reason}") if reason else (0, ""))


@pytest.mark.processes
def test_without_a_server_that_is_what_it_prints(ask):
    status, printed = ask("model", 0)

    assert status == 1
    assert re.fullmatch("no process of the container listens on a port", printed)
