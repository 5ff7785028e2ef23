# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Requests to an engine on a Unix socket, the facts in its answers, and the log of commands."""

from __future__ import annotations

import json
import logging
import os
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from dynamo_container.docker import api, engine, process
from dynamo_container.docker.command import LOGGER, Command
from dynamo_container.errors import EngineError, NoAnswerError
from dynamo_container.model.facts import ImageInfo

pytestmark = pytest.mark.processes  # sockets are guarded, too

Answers = dict[str, tuple[int, bytes]]
Serve = Callable[[Answers], None]


@pytest.fixture
def serve(tmp_path, monkeypatch) -> Iterator[Serve]:
    """Start an engine on a socket that gives these answers, by path, and 404 for other paths."""
    servers: list[socketserver.BaseServer] = []

    def serve(answers: Answers) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, body = answers.get(self.path, (404, b'{"message": "no such thing"}'))
                self.send_response(status)
                self.end_headers()
                self.wfile.write(body)

            def address_string(self) -> str:
                return "a socket"

            def log_message(self, *_words: object) -> None:
                pass

        path = tmp_path / "docker.sock"
        path.unlink(missing_ok=True)  # of an earlier engine
        server = socketserver.UnixStreamServer(str(path), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def info_answer(**fields: object) -> Answers:
    document = {
        "ServerVersion": "28.5.2",
        "Name": os.uname().nodename,
        "DockerRootDir": "/var/lib/docker",
        "DefaultRuntime": "runc",
        "Runtimes": {"runc": {}, "nvidia": {}},
        **fields,
    }
    return {"/info": (200, json.dumps(document).encode())}


def test_cdi_devices_are_those_that_the_engine_lists(serve: Serve):
    devices = [
        {"Source": "cdi", "ID": "nvidia.com/gpu=all"},
        {"Source": "cdi", "ID": "nvidia.com/gpu=0"},
        {"Source": "another", "ID": "nvidia.com/gpu=7"},
    ]
    serve(info_answer(DiscoveredDevices=devices))

    engine_info = engine.collect()

    assert engine_info.cdi_devices == ("nvidia.com/gpu=0", "nvidia.com/gpu=all")
    assert (engine_info.version, engine_info.runtimes) == ("28.5.2", ("nvidia", "runc"))
    assert (engine_info.local, engine_info.root) == (True, "/var/lib/docker")


@pytest.mark.parametrize(
    ("name", "devices"), [(os.uname().nodename, ("nvidia.com/gpu=0",)), ("docker-desktop", ())]
)
def test_cdi_files_are_read_only_if_the_engine_runs_on_this_machine(
    serve: Serve, tmp_path, name, devices
):
    spec = {"kind": "nvidia.com/gpu", "devices": [{"name": "0"}]}
    (tmp_path / "nvidia.json").write_text(json.dumps(spec))
    serve(info_answer(Name=name, CDISpecDirs=[str(tmp_path)]))

    engine_info = engine.collect()

    assert engine_info.cdi_devices == devices
    assert engine_info.local == bool(devices)


def test_an_image_is_requested_by_its_whole_reference(serve: Serve):
    config = {"Labels": {"a": "b"}, "User": "ubuntu", "Env": ["A=b"]}
    image = {"Id": "sha256:1", "Size": 5, "Config": config}
    serve({"/images/host%3A5000/team/image%3A1/json": (200, json.dumps(image).encode())})

    image_info = engine.inspect_image("host:5000/team/image:1")

    assert image_info == ImageInfo(
        id="sha256:1", size=5, labels=(("a", "b"),), user="ubuntu", env=("A=b",)
    )
    assert engine.inspect_image("another:1") is None


def test_the_version_comes_from_the_socket(serve: Serve, monkeypatch):
    monkeypatch.setenv("PATH", "")  # no docker command
    serve({"/version": (200, b'{"Version": "28.5.2"}')})
    assert engine.server_version() == "28.5.2"

    serve({"/version": (200, b'{"Version": "25.0.1"}')})
    with pytest.raises(EngineError, match=r"25\.0\.1 is too old: builds require 26 or newer"):
        engine.server_version()


@pytest.mark.parametrize("path", ["", "/nonexistent", "/etc/passwd"])
def test_without_an_answer_on_the_socket_the_docker_command_is_used(
    serve: Serve, monkeypatch, path
):
    monkeypatch.setenv("PATH", path)
    serve({})

    with pytest.raises(EngineError, match="the docker command is not installed"):
        engine.server_version()


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"\xff"])
def test_an_unusable_answer_is_none(serve: Serve, body):
    serve({"/info": (200, body)})

    with api.start_get("/info", 5) as finish:
        assert finish is not None
        assert finish() is None


@pytest.mark.parametrize(
    ("variables", "config"),
    [
        ({"DOCKER_HOST": "ssh://elsewhere"}, "{}"),
        ({"DOCKER_HOST": "tcp://127.0.0.1:2375"}, "{}"),
        ({"DOCKER_CONTEXT": "elsewhere"}, "{}"),
        ({}, '{"currentContext": "elsewhere"}'),
        ({}, "broken"),
    ],
)
def test_engines_elsewhere_are_left_to_the_docker_command(
    serve: Serve, monkeypatch, tmp_path, variables, config
):
    serve(info_answer())
    configure(monkeypatch, tmp_path, {"DOCKER_HOST": "", "DOCKER_CONTEXT": "", **variables}, config)

    with api.start_get("/info", 5) as finish:
        assert finish is None


@pytest.mark.parametrize(
    ("variables", "config"),
    [
        ({}, None),
        ({}, "{}"),
        ({"DOCKER_CONTEXT": "default"}, '{"currentContext": "elsewhere"}'),
    ],
)
def test_the_default_socket_is_used_unless_another_context_is_selected(
    serve: Serve, monkeypatch, tmp_path, variables, config
):
    serve(info_answer())
    configure(monkeypatch, tmp_path, {"DOCKER_HOST": "", "DOCKER_CONTEXT": "", **variables}, config)

    with api.start_get("/info", 5) as finish:
        assert finish is not None
        response = finish()
        assert response
        assert response.status == 200


def configure(monkeypatch, folder: Path, variables: dict[str, str], config: str | None) -> None:
    """Set variables and the docker command's configuration; the test's socket is the default."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("DOCKER_CONFIG", str(folder))
    monkeypatch.setattr(api, "_DEFAULT_SOCKET", str(folder / "docker.sock"))
    if config is not None:
        (folder / "config.json").write_text(config)


def test_commands_and_requests_are_logged(serve: Serve, caplog):
    caplog.set_level(logging.INFO, logger=LOGGER)
    serve(info_answer())

    engine.collect()
    process.query("printf", "%s", "a b")

    assert caplog.messages == ["GET /info (200)", "printf %s 'a b'"]


def test_an_answer_that_comes_too_late_is_an_error_and_nothing_else_is_asked(tmp_path, monkeypatch):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "docker.sock"))
        listener.listen()
        monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/docker.sock")

        with api.start_get("/info", 0.01) as finish:
            assert finish is not None
            with pytest.raises(NoAnswerError, match=r"did not answer within 0\.01 s"):
                finish()


def test_a_command_that_hangs_is_killed_and_its_error_names_it():
    with pytest.raises(NoAnswerError, match=r"'sleep 100' did not answer within 0\.01 s"):
        process.capture("sleep", "100", timeout=0.01)


def test_a_query_of_a_missing_program_fails_only_if_its_answer_is_needed():
    with process.start_query("no-such-program"):
        pass

    with (
        process.start_query("no-such-program") as finish,
        pytest.raises(EngineError, match="not installed"),
    ):
        finish()


def test_a_query_of_another_program_drops_and_adds_variables(monkeypatch):
    monkeypatch.setenv("GIT_DIR", "/elsewhere")
    program = ("sh", "-c", 'echo "$GIT_DIR,$ADDED"')

    assert process.query(*program, drop_env="GIT_", env={"ADDED": "b"}) == ",b\n"
    assert process.query("false") == process.query("no-such-program") == ""


def test_a_stream_passes_standard_error_on_and_the_command_reads_its_input():
    chunks: list[bytes] = []
    command = Command(argv=("sh", "-c", "cat >&2; exit 3"), stdin="text")

    status = process.stream(command, chunks.append, lambda: None)

    assert (status, b"".join(chunks)) == (3, b"text")


def test_a_silent_stream_calls_back_every_second():
    calls: list[str] = []
    command = Command(argv=("sh", "-c", "read -r _; echo end >&2; sleep 1.5"), stdin="text")

    process.stream(command, lambda _: calls.append("data"), lambda: calls.append("silent"))

    assert calls == ["data", "silent"]
