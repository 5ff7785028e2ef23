# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What an engine at a socket is asked, and what is made of its answers."""

from __future__ import annotations

import json
import os
import socketserver
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from dynamo_container.docker import api, engine
from dynamo_container.errors import EngineError
from dynamo_container.model.facts import ImageInfo

pytestmark = pytest.mark.processes  # sockets are guarded, too

Answers = dict[str, tuple[int, bytes]]
Serve = Callable[[Answers], None]


@pytest.fixture
def serve(tmp_path, monkeypatch) -> Iterator[Serve]:
    """An engine's socket that gives these answers, by path; no other path is known."""
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
        path.unlink(missing_ok=True)  # of an earlier one
        server = socketserver.UnixStreamServer(str(path), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def info(**fields: object) -> Answers:
    told = {
        "ServerVersion": "28.5.2",
        "Name": os.uname().nodename,
        "DockerRootDir": "/var/lib/docker",
        "DefaultRuntime": "runc",
        "Runtimes": {"runc": {}, "nvidia": {}},
        **fields,
    }
    return {"/info": (200, json.dumps(told).encode())}


def test_devices_that_the_engine_lists_are_those_of_cdi(serve: Serve):
    devices = [
        {"Source": "cdi", "ID": "nvidia.com/gpu=all"},
        {"Source": "cdi", "ID": "nvidia.com/gpu=0"},
        {"Source": "another", "ID": "nvidia.com/gpu=7"},
    ]
    serve(info(DiscoveredDevices=devices))

    facts = engine.collect()

    assert facts.cdi_devices == ("nvidia.com/gpu=0", "nvidia.com/gpu=all")
    assert (facts.version, facts.runtimes) == ("28.5.2", ("nvidia", "runc"))
    assert (facts.local, facts.root) == (True, "/var/lib/docker")


@pytest.mark.parametrize(
    ("name", "devices"), [(os.uname().nodename, ("nvidia.com/gpu=0",)), ("docker-desktop", ())]
)
def test_specifications_are_read_where_the_engine_is_this_machines(
    serve: Serve, tmp_path, name, devices
):
    spec = {"kind": "nvidia.com/gpu", "devices": [{"name": "0"}]}
    (tmp_path / "nvidia.json").write_text(json.dumps(spec))
    serve(info(Name=name, CDISpecDirs=[str(tmp_path)]))

    facts = engine.collect()

    assert facts.cdi_devices == devices
    assert facts.local == bool(devices)


def test_an_image_is_asked_for_by_its_whole_reference(serve: Serve):
    config = {"Labels": {"a": "b"}, "User": "ubuntu", "Env": ["A=b"]}
    image = {"Id": "sha256:1", "Size": 5, "Config": config}
    serve({"/images/host%3A5000/team/image%3A1/json": (200, json.dumps(image).encode())})

    found = engine.inspect_image("host:5000/team/image:1")

    assert found == ImageInfo(
        id="sha256:1", size=5, labels=(("a", "b"),), user="ubuntu", env=("A=b",)
    )
    assert engine.inspect_image("another:1") is None


def test_the_version_is_asked_at_the_socket(serve: Serve, monkeypatch):
    monkeypatch.setenv("PATH", "")  # no docker command
    serve({"/version": (200, b'{"Version": "28.5.2"}')})
    assert engine.server_version() == "28.5.2"

    serve({"/version": (200, b'{"Version": "25.0.1"}')})
    with pytest.raises(EngineError, match=r"25\.0\.1 is too old: builds require 26 or newer"):
        engine.server_version()


def test_where_the_socket_has_no_answer_the_command_is_asked(serve: Serve, monkeypatch):
    monkeypatch.setenv("PATH", "")
    serve({})

    with pytest.raises(EngineError, match="the docker command is not installed"):
        engine.server_version()


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"\xff"])
def test_what_is_no_answer_is_none(serve: Serve, body):
    serve({"/info": (200, body)})

    with api.start_get("/info", 5) as here:
        assert here is not None
        assert here() is None


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
def test_what_only_the_docker_command_can_ask_is_left_to_it(
    serve: Serve, monkeypatch, tmp_path, variables, config
):
    serve(info())
    here(monkeypatch, tmp_path, {"DOCKER_HOST": "", "DOCKER_CONTEXT": "", **variables}, config)

    with api.start_get("/info", 5) as ask:
        assert ask is None


@pytest.mark.parametrize(
    ("variables", "config"),
    [
        ({}, None),
        ({}, "{}"),
        ({"DOCKER_CONTEXT": "default"}, '{"currentContext": "elsewhere"}'),
    ],
)
def test_the_usual_socket_is_asked_where_nothing_says_another(
    serve: Serve, monkeypatch, tmp_path, variables, config
):
    serve(info())
    here(monkeypatch, tmp_path, {"DOCKER_HOST": "", "DOCKER_CONTEXT": "", **variables}, config)

    with api.start_get("/info", 5) as ask:
        assert ask is not None
        response = ask()
        assert response
        assert response.status == 200


def here(monkeypatch, folder: Path, variables: dict[str, str], config: str | None) -> None:
    """The caller's variables and the docker command's configuration; its usual socket is one of
    the test's.
    """
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("DOCKER_CONFIG", str(folder))
    monkeypatch.setattr(api, "_DEFAULT_SOCKET", str(folder / "docker.sock"))
    if config is not None:
        (folder / "config.json").write_text(config)
