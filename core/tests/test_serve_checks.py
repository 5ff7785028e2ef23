# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Whether the services can get their model: a folder that they read, or a download from the hub."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest
from dynamo_container.docker import engine
from dynamo_container.errors import EngineError, MachineError, UsageError, WorkFailedError
from dynamo_container.host import web
from dynamo_container.model.facts import EngineInfo
from dynamo_container.model.requests import Model, RunRequest, ServeRequest
from dynamo_container.model.values import EnvVar, RunFlag
from dynamo_container.plugins.registry import Registry
from dynamo_container.services import checks, model_checks, project
from dynamo_container.services.plan import ServePlan
from dynamo_container.services.planner import plan_serve

pytestmark = pytest.mark.processes  # a server

TINY = """
@hookimpl
def dynamo_container_services(request):
    yield Service(name="frontend", role="frontend", command=("serve",), ports=(8000,))
"""
LOCAL = EngineInfo(version="28.5.2", root="/", local=True)
PODMAN = EngineInfo(version="5.4.2", program="podman")
# What the stand-in answers for a model: its status and its document.
HUB: dict[str, tuple[int, Any]] = {
    "org/open": (200, {"siblings": [{"size": 1000}, {"size": None}]}),
    "org/gated": (200, {"gated": "manual", "siblings": []}),
    "org/huge": (200, {"siblings": [{"size": 10**15}]}),
    "org/private": (401, {}),
    "org/broken": (500, {}),
    "org/odd": (200, ["not", "a", "model"]),
}


class Hub(BaseHTTPRequestHandler):
    """A stand-in for Hugging Face's hub, which knows who asks."""

    def do_GET(self) -> None:
        name = self.path.removeprefix("/api/models/").partition("?")[0]
        status, document = HUB.get(name, (404, {}))
        if status == 401 and self.headers["Authorization"] == "Bearer of-a-member":
            status = 200
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(document).encode())

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Hub) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(autouse=True)
def caller(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """A caller without a token, whose engine is on this machine."""
    for name in ("HF_TOKEN", "HF_TOKEN_PATH", "HF_HUB_OFFLINE", "http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_ENDPOINT", address)
    monkeypatch.setenv("DOCKER_CONFIG", "/nonexistent")
    monkeypatch.setattr(engine, "collect", lambda: LOCAL)


@pytest.fixture
def check(site, tmp_path):
    """Check what is served, and return the warnings."""
    site.framework("tiny", TINY)

    def check(
        model: Model,
        user: str = "1234",
        cache: str | None = None,
        env: tuple[EnvVar, ...] = (),
        note: Callable[[str], None] | None = None,
    ) -> str:
        registry = Registry.discover()
        registry.load("tiny")
        container = RunRequest(
            framework="tiny",
            image="an/image:1",
            target="runtime",
            hf_cache=str(tmp_path / "cache") if cache is None else cache,
            flags=(RunFlag(flag="--user", value=user),),
            env=env,
        )
        request = ServeRequest(framework="tiny", project="mine", model=model, container=container)
        return "\n".join(model_checks.check(plan_serve(registry, request), note))

    return check


def plan_of(engine_info: EngineInfo = LOCAL, **fields: Any) -> ServePlan:
    registry = Registry.discover()
    registry.load("tiny")
    env = fields.pop("env", ())
    container = RunRequest(framework="tiny", image="an/image:1", engine=engine_info, env=env)
    request = ServeRequest(framework="tiny", project="mine", container=container, **fields)
    return plan_serve(registry, request)


def test_podman_gets_units_instead(site):
    site.framework("tiny", TINY)

    with pytest.raises(EngineError, match="the engine is podman") as refused:
        list(checks.check(plan_of(PODMAN)))

    assert "export quadlet DIR" in refused.value.next_step


def test_services_of_one_machine_have_no_cluster(site):
    site.framework("tiny", TINY)

    with pytest.raises(UsageError, match="--discovery kubernetes requires a cluster"):
        list(checks.check(plan_of(discovery="kubernetes")))


def test_etcd_needs_an_address(site):
    site.framework("tiny", TINY)

    with pytest.raises(UsageError, match="requires the address of etcd, ETCD_ENDPOINTS"):
        list(checks.check(plan_of(discovery="etcd")))


@pytest.mark.parametrize("value", ["http://etcd:2379", None])
def test_the_address_of_etcd_can_be_passed_by_value_or_by_name(site, value):
    """As a plan for podman, it fails for the next reason."""
    site.framework("tiny", TINY)
    env = (EnvVar(name="ETCD_ENDPOINTS", value=value),)

    with pytest.raises(EngineError, match="the engine is podman"):
        list(checks.check(plan_of(PODMAN, discovery="etcd", env=env)))


def of_hub(name: str) -> Model:
    return Model(name=name, served_name=name)


def of(folder: Path) -> Model:
    return Model(name="/models/mine", served_name="mine", folder=str(folder))


def test_a_model_that_can_be_downloaded_needs_no_word(check):
    assert check(of_hub("org/open")) == ""


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("org/nothing", "the hub has no model 'org/nothing', or it requires a token"),
        ("org/private", "the hub has no model 'org/private', or it requires a token"),
        ("org/gated", "only for users whom its authors have granted access"),
    ],
)
def test_a_model_that_is_not_for_the_caller_is_refused(check, name, message):
    with pytest.raises(UsageError, match=message) as refused:
        check(of_hub(name))

    assert "set HF_TOKEN to" in refused.value.next_step


def test_a_token_gives_access(check, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "of-a-member")

    assert check(of_hub("org/private")) == check(of_hub("org/gated")) == ""


def test_a_token_without_access_is_named_but_not_shown(check, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "of-a-stranger")

    with pytest.raises(UsageError, match="your token gives no access") as refused:
        check(of_hub("org/private"))

    assert "stranger" not in str(refused.value)


def test_the_token_of_hf_auth_login_counts(check, tmp_path):
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "token").write_text("of-a-member\n")

    assert check(of_hub("org/private")) == ""


def test_the_token_can_be_in_a_file_of_its_own(check, tmp_path, monkeypatch):
    (tmp_path / "secret").write_text("of-a-member")
    monkeypatch.setenv("HF_TOKEN_PATH", str(tmp_path / "secret"))

    assert check(of_hub("org/private")) == ""


def test_a_model_larger_than_the_disk_is_refused(check):
    with pytest.raises(MachineError, match=r"org/huge has 1000000\.0 GB, and .* free disk space"):
        check(of_hub("org/huge"))


@pytest.mark.parametrize("name", ["org/broken", "org/odd"])
def test_a_hub_that_does_not_answer_as_one_is_named(check, name, address):
    assert f"can be downloaded: {address} does not answer" in check(of_hub(name))


UNREACHABLE = "http://127.0.0.1:9"


def test_a_hub_that_cannot_be_reached_ends_the_start_with_its_address(check, monkeypatch, tmp_path):
    monkeypatch.setenv("HF_ENDPOINT", UNREACHABLE)

    with pytest.raises(MachineError) as refused:
        check(of_hub("org/open"))

    assert refused.value.what == (
        f"{UNREACHABLE} does not answer (Connection refused), and org/open is not in "
        f"{tmp_path / 'cache'}"
    )
    assert "https_proxy and HF_ENDPOINT; or serve a folder" in refused.value.next_step


def test_a_hub_that_is_silent_ends_the_start_and_is_named_while_it_is_waited_for(
    check, monkeypatch
):
    monkeypatch.setattr(web, "_SECONDS", 0.5)
    monkeypatch.setattr(model_checks, "_QUIET_SECONDS", 0.01)
    noted: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        monkeypatch.setenv("HF_ENDPOINT", url)

        with pytest.raises(MachineError, match=f"{url} does not answer"):
            check(of_hub("org/open"), note=noted.append)

    assert noted == [f"waiting for an answer of {url}, from which org/open is downloaded"]


def test_a_hub_that_answers_gives_no_note(check):
    noted: list[str] = []

    check(of_hub("org/open"), note=noted.append)

    assert noted == []


@pytest.mark.parametrize(
    ("name", "value"),
    [("HF_ENDPOINT", "http://hub.internal"), ("HF_HUB_OFFLINE", "1"), ("HTTPS_PROXY", "http://p")],
)
def test_containers_may_find_the_model_in_a_way_of_their_own(check, monkeypatch, name, value):
    monkeypatch.setenv("HF_ENDPOINT", UNREACHABLE)

    warning = check(of_hub("org/open"), env=(EnvVar(name=name, value=value),))

    assert f"can be downloaded: {UNREACHABLE} does not answer" in warning


def test_the_containers_of_another_machine_may_reach_the_hub(check, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", UNREACHABLE)
    monkeypatch.setattr(engine, "collect", lambda: EngineInfo(version="28.5.2", local=False))

    assert f"{UNREACHABLE} does not answer" in check(of_hub("org/open"))


def test_the_proxy_of_dockers_configuration_may_reach_the_hub(check, monkeypatch, tmp_path):
    monkeypatch.setenv("HF_ENDPOINT", UNREACHABLE)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    proxies = {"default": {"httpsProxy": "http://proxy:3128"}}
    (tmp_path / "config.json").write_text(json.dumps({"proxies": proxies}))

    assert f"{UNREACHABLE} does not answer" in check(of_hub("org/open"))


def test_nothing_is_downloaded_offline(check, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")

    with pytest.raises(UsageError, match="HF_HUB_OFFLINE does not allow"):
        check(of_hub("org/open"))


def test_a_cached_model_needs_no_hub(check, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")

    assert check(Model(name="org/nothing", served_name="m", cached=True)) == ""


def test_a_download_that_is_not_kept_gives_a_warning(check):
    assert "again at each start" in check(of_hub("org/open"), cache="")


def test_a_folder_of_the_same_name_gives_a_warning(check, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "org" / "open").mkdir(parents=True)

    assert "for the folder: --model ./org/open" in check(of_hub("org/open"))


def folder_of(tmp_path: Path, *, mode: int = 0o644) -> Path:
    folder = tmp_path / "model"
    folder.mkdir(mode=0o755)
    (folder / "config.json").write_text("{}")
    (folder / "config.json").chmod(mode)
    return folder


def test_a_folder_that_the_user_can_read_needs_no_word(check, tmp_path):
    assert check(of(folder_of(tmp_path))) == ""


def test_a_file_that_the_user_cannot_read_gives_a_warning(check, tmp_path):
    folder = folder_of(tmp_path, mode=0o600)

    warning = check(of(folder))

    assert f"the containers' user 1234 cannot read {folder}/config.json" in warning
    assert f"chmod -R go+rX {folder}" in warning


def test_a_folder_that_the_user_cannot_read_gives_a_warning(check, tmp_path):
    folder = folder_of(tmp_path)
    folder.chmod(0o700)

    assert f"cannot read {folder};" in check(of(folder))


@pytest.mark.parametrize("user", ["0", "1234:{gid}", "{uid}"])
def test_root_the_group_and_the_owner_can_read(check, tmp_path, user):
    folder = folder_of(tmp_path, mode=0o640)
    found = (folder / "config.json").stat()

    assert check(of(folder), user.format(uid=found.st_uid, gid=found.st_gid)) == ""


def test_a_user_that_is_not_known_is_not_judged(check, tmp_path):
    assert check(of(folder_of(tmp_path, mode=0o600)), user="somebody") == ""


def test_links_out_of_the_folder_are_refused(check, tmp_path):
    """As in a snapshot of the Hugging Face cache."""
    folder = folder_of(tmp_path)
    (tmp_path / "blob").write_text("{}")
    (folder / "tokenizer.json").symlink_to("../blob")

    with pytest.raises(UsageError, match=r"tokenizer\.json is a link out of the folder"):
        check(of(folder))


def test_links_within_the_folder_are_fine(check, tmp_path):
    folder = folder_of(tmp_path)
    (folder / "tokenizer.json").symlink_to("config.json")

    assert check(of(folder)) == ""


def test_a_folder_without_a_model_gives_a_warning(check, tmp_path):
    (tmp_path / "empty").mkdir()

    assert "has no config.json" in check(of(tmp_path / "empty"))


def test_files_of_another_machine_are_not_judged(check, monkeypatch):
    monkeypatch.setattr(engine, "collect", lambda: EngineInfo(version="28.5.2"))

    assert check(of(Path("/nowhere"))) == ""


DOCKER = """\
#!/bin/sh
case $1 in
logs) printf 'loading\\n\\033[32mdownloading 3 %%\\033[0m\\n\\n' ;;
esac
"""


def test_a_start_in_the_background_says_what_is_waited_for(site, tmp_path, monkeypatch):
    site.framework("tiny", TINY)
    (tmp_path / "docker").write_text(DOCKER)
    (tmp_path / "docker").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr(project, "_NOTE_SECONDS", 0.0)
    noted: list[str] = []

    with pytest.raises(WorkFailedError, match=r"not ready after 0\.2 s"):
        project.wait_until_ready(plan_of(), SimpleQueue(), 0.2, lambda: False, noted.append)

    assert set(noted) == {
        "waiting for mine-frontend-1; the last line of mine-frontend-1: downloading 3 %"
    }
