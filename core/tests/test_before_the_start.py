# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What would go wrong in a container and is reported before it starts: folders, ports."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest
from dynamo_container.containers import mounts, planner, ports
from dynamo_container.errors import MachineError
from dynamo_container.host import folders
from dynamo_container.model.facts import EngineInfo, ImageInfo, SharedFolder
from dynamo_container.model.requests import RunRequest
from dynamo_container.model.values import EnvVar, Readiness, RunFlag
from dynamo_container.plugins.registry import Registry
from running import free_system_port

HERE = EngineInfo(version="28.5.2", local=True)
ROOTLESS = EngineInfo(version="28.5.2", local=True, rootless=True)
PODMAN = EngineInfo(program="podman", version="5.4.2", local=True, rootless=True)
CACHE = "the Hugging Face cache"


def folder(uid=4711, gid=4711, mode=0o755, path="/models") -> SharedFolder:
    return SharedFolder(path=path, what=CACHE, uid=uid, gid=gid, mode=mode)


def plan_of(*shared: SharedFolder, user="1000:1000", flags=(), engine=HERE, labels=(), **fields):
    registry = Registry.discover()
    registry.load("none")
    image = ImageInfo(id="sha256:1", size=1, user=user, labels=labels)
    fields.setdefault("gpus", "none")
    request = RunRequest(
        framework="none",
        image="an/image:1",
        image_info=image,
        folders=shared,
        flags=flags,
        engine=engine,
        **fields,
    )
    return planner.plan(registry, request)


def as_user(user: str) -> tuple[RunFlag, ...]:
    return (RunFlag(flag="--user", value=user),)


def test_a_folder_that_the_images_user_cannot_write_to_is_a_warning_with_the_cure():
    assert plan_of(folder()).warnings == (
        (
            "the container's user 1000 cannot write to the Hugging Face cache, /models "
            "(of user 4711, mode 755); run as its owner: --user 4711:4711"
        ),
    )


@pytest.mark.parametrize(
    ("shared", "fields", "cure"),
    [
        (folder(uid=0, gid=0), {}, "give it to that user: sudo chown -R 1000 /models"),
        (folder(uid=1000, mode=0o555), {}, "give it to that user"),
        (folder(), {"user": "ubuntu", "labels": (("ai.dynamo.container.uid", "7"),)}, "--user 47"),
        (folder(), {"flags": as_user("1234")}, "run as its owner: --user 4711:4711"),
        (folder(uid=1000), {"engine": ROOTLESS}, "root in the container is you: --user 0"),
        (folder(uid=1000), {"engine": PODMAN}, "root in the container is you: --user 0"),
    ],
)
def test_the_cure_depends_on_the_owner_and_on_the_engine(shared, fields, cure):
    (warning,) = plan_of(shared, **fields).warnings

    assert cure in warning


@pytest.mark.parametrize(
    ("shared", "fields"),
    [
        (folder(uid=1000), {}),
        (folder(gid=1000, mode=0o775), {}),
        (folder(mode=0o777), {}),
        (folder(), {"user": ""}),
        (folder(), {"user": "root"}),
        (folder(), {"user": "0:0"}),
        (folder(), {"user": "somebody"}),  # whose UID is not known
        (folder(), {"flags": as_user("4711")}),
        (folder(uid=0, gid=0, mode=0o775), {"flags": as_user("1234")}),  # it gets group 0
        (folder(gid=7, mode=0o770), {"flags": (RunFlag(flag="--group-add", value="7", key="7"),)}),
        (folder(mode=0o777), {"engine": ROOTLESS}),
        (folder(), {"engine": ROOTLESS, "user": "0"}),
        # Podman makes the caller the image's user.
        (folder(), {"engine": PODMAN, "hf_cache": "/models"}),
    ],
)
def test_there_is_no_warning_about_a_folder_that_can_be_written_to(shared, fields):
    assert plan_of(shared, **fields).warnings == ()


def test_a_folder_is_looked_at_with_the_models_in_it(tmp_path):
    (tmp_path / "hub").mkdir(mode=0o700)
    tmp_path.chmod(0o777)

    found = list(folders.collect([(str(tmp_path), CACHE), (str(tmp_path / "new"), CACHE)]))

    assert [one.path for one in found] == [str(tmp_path), f"{tmp_path}/hub", f"{tmp_path}/new"]
    assert [one.mode for one in found][:2] == [0o777, 0o700]
    assert {one.uid for one in found} == {os.getuid()}
    assert not (tmp_path / "new").exists()


@pytest.fixture
def taken(monkeypatch) -> Iterator[int]:
    """A port on which this process listens; the engine is this machine's."""
    monkeypatch.setattr("dynamo_container.docker.engine.collect", lambda: HERE)
    with socket.create_server(("127.0.0.1", free_system_port())) as server:
        yield server.getsockname()[1]


def bridged(*published: str):
    return plan_of(ports=published)


def on_host(*command: str, env=(), readiness=None):
    return plan_of(command=command, env=env, readiness=readiness)


FRONTEND = ("python", "-m", "dynamo.frontend")


@pytest.mark.parametrize(
    "published",
    ["{0}:8000", "127.0.0.1:{0}:8000", "0.0.0.0:{0}:8000/tcp", "{0}-{0}:8000-8000"],
)
def test_a_published_port_that_is_taken_is_an_error(taken, published):
    with pytest.raises(MachineError, match=rf"{taken} of this machine is in use") as raised:
        ports.require_free(bridged(published.format(taken)))

    assert raised.value.exit_status == 6
    assert f"sport = :{taken}" in raised.value.next_step


@pytest.mark.parametrize("published", ["127.0.0.2:{0}:8000", "{0}:8000/udp", "8000", "99999:1"])
def test_a_port_that_does_not_collide_is_accepted(taken, published):
    ports.require_free(bridged(published.format(taken)))


@pytest.mark.processes
def test_a_port_is_free_again_when_its_server_has_ended(monkeypatch):
    monkeypatch.setattr("dynamo_container.docker.engine.collect", lambda: HERE)
    with socket.create_server(("", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            accepted, _ = server.accept()
            accepted.close()  # first, so that the connection stays in TIME_WAIT here

    ports.require_free(bridged(f"{port}:8000"))


def test_the_ports_of_another_machine_are_not_looked_at(taken, monkeypatch):
    monkeypatch.setattr("dynamo_container.docker.engine.collect", lambda: EngineInfo(version="28"))

    ports.require_free(bridged(f"{taken}:8000"))


@pytest.mark.parametrize("how", ["option", "option with =", "variable", "system", "readiness"])
def test_on_the_hosts_network_the_servers_own_port_counts(taken, how):
    plans = {
        "option": lambda: on_host(*FRONTEND, "--http-port", str(taken)),
        "option with =": lambda: on_host(*FRONTEND, f"--http-port={taken}"),
        "variable": lambda: on_host(
            *FRONTEND, env=(EnvVar(name="DYN_HTTP_PORT", value=str(taken)),)
        ),
        "system": lambda: on_host("x", env=(EnvVar(name="DYN_SYSTEM_PORT", value=str(taken)),)),
        "readiness": lambda: on_host("x", readiness=Readiness(http=f"http://localhost:{taken}/v1")),
    }

    with pytest.raises(MachineError, match=f"port {taken} of this machine is in use"):
        ports.require_free(plans[how]())


def test_on_the_hosts_network_other_ports_do_not_count(taken):
    ports.require_free(on_host("x", env=(EnvVar(name="PORT", value=str(taken)),)))
    ports.require_free(on_host("x", readiness=Readiness(http=f"http://other.example:{taken}/")))
    ports.require_free(on_host(*FRONTEND, "--http-port", "0"))


@pytest.mark.parametrize("value", ["/dev/no-such-device", "/dev/no-such-device:/dev/x:rw"])
def test_a_device_that_the_machine_does_not_have_is_an_error(taken, value):
    plan = plan_of(flags=(RunFlag(flag="--device", value=value, key=value),))

    with pytest.raises(MachineError, match="no device /dev/no-such-device"):
        mounts.require_paths(plan)


@pytest.mark.parametrize("value", ["/dev/null", "nvidia.com/gpu=7"])
def test_other_devices_are_left_to_docker(taken, value):
    mounts.require_paths(plan_of(flags=(RunFlag(flag="--device", value=value, key=value),)))
