# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The image `none`, built from real wheels by the real engine: what is in it, that it serves."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import tiny_model
from engines import until
from running import Cli, Docker, free_port, free_system_port

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("engine_environment")]

SERVE = "python -m dynamo.frontend & python -m dynamo.mocker --model-path /model & wait -n"


def build_words(docker: Docker, tag: str) -> list[str]:
    words = ["--target", "runtime", "--base-image", docker.base_image, "--tag", tag]
    return ["build", "none", *words, "--no-latest"]


@pytest.fixture(scope="module")
def image(docker: Docker) -> Iterator[str]:
    """The image, built once for the tests of this file."""
    tag = docker.unique("none")
    bundle = ["--ca-bundle", docker.ca_bundle] if docker.ca_bundle else []
    words = [*build_words(docker, tag), *bundle, "--progress", "plain"]
    answer = subprocess.run(
        [sys.executable, "-m", "dynamo_container", *words],
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr[-5000:]
    yield tag
    docker.run("image", "rm", "--force", tag)


@pytest.fixture
def outside(docker: Docker) -> list[str]:
    """What lets a container reach the package index where that needs the machine's certificates."""
    if not docker.ca_bundle:
        return []
    return ["-v", f"{docker.ca_bundle}:/tmp/ca.pem:ro", "-e", "SSL_CERT_FILE=/tmp/ca.pem"]


def test_its_user_is_1000_in_a_group_of_its_own(docker, image):
    assert docker.run("run", "--rm", image, "id").startswith("uid=1000(ubuntu) gid=1000(ubuntu)")


WRITABLE = "find /opt /usr /etc /var/lib -xdev ! -type l -writable -print -quit 2>/dev/null"
KEEPS = "touch ~/x ~/.cache/x /workspace/x && echo kept"


@pytest.mark.parametrize("user", ["", "1000", "1000:1000", "54321:54321"])
def test_a_service_cannot_write_its_own_code(docker, image, user):
    words = ("--user", user) if user else ()

    assert docker.run("run", "--rm", *words, image, "bash", "-c", WRITABLE, check=False) == ""


@pytest.mark.parametrize("user", ["", "1000:1000", "1000:0", "54321", "54321:0"])
def test_a_service_can_write_its_home_and_its_work_directory(docker, image, user):
    words = ("--user", user) if user else ()

    assert docker.run("run", "--rm", *words, image, "bash", "-c", KEEPS) == "kept"


def test_nothing_is_writable_for_everybody(docker, image):
    find = "find / -xdev ! -type l -perm -o+w ! -perm -1000"

    words = ("--user", "0", image, "bash", "-c", f"{find} 2>/dev/null | grep -v '^/proc/'")
    assert docker.run("run", "--rm", *words, check=False) == ""


USES = (
    "import getpass; getpass.getuser(); "
    "import dynamo.frontend, dynamo.mocker, dynamo.runtime; print('imported')"
)


@pytest.mark.parametrize("user", ["54321", "54321:0", "54321:54321", "1000680000:0", "0"])
def test_any_user_has_a_name_and_imports_dynamo(docker, image, user):
    script = f'python -c "{USES}" && python3 -c "import getpass" && command -v curl >/dev/null'

    assert docker.run("run", "--rm", "--user", user, image, "bash", "-c", script) == "imported"


@pytest.mark.parametrize("user", ["54321:0", "1000680000:0"])
def test_run_as_any_user_of_group_0_has_a_name_and_a_home(image, user):
    script = "import getpass, pathlib; pathlib.Path.home().joinpath('x').touch(); "
    script += "print(getpass.getuser())"

    ran = run_process("--image", image, "--user", user, "--", "python", "-c", script)

    assert (ran.stdout, ran.returncode) == ("ubuntu\n", 0), ran.stderr


@pytest.mark.parametrize("user", ["1000:0", "4711:0"])
def test_any_user_of_group_0_can_install_and_uninstall(docker, image, outside, user):
    script = (
        "uv pip install --quiet cowsay && python -c 'import cowsay' && "
        "pip uninstall --yes --quiet cowsay && touch /workspace/x ~/x && "
        "uv pip uninstall --quiet msgspec && echo done"
    )

    assert (
        docker.run("run", "--rm", "--user", user, *outside, image, "bash", "-c", script) == "done"
    )


def test_all_of_the_venv_is_writable_for_group_0(docker, image):
    find = "find /opt/dynamo /home/ubuntu ! -type l ! -perm -g=w -o ! -group 0"

    assert docker.run("run", "--rm", image, "bash", "-c", find) == ""


def test_it_is_at_most_60_mb_larger_than_its_base_and_its_venv(docker, image):
    venv = int(docker.run("run", "--rm", image, "du", "-sb", "/opt/dynamo/venv").split()[0])
    base = docker.inspect(docker.base_image)["Size"]

    assert docker.inspect(image)["Size"] - base - venv < 60e6


def test_size_accounts_for_every_byte_and_most_bytes_have_a_package(cli: Cli, docker, image):
    for by in ("layer", "package", "folder"):
        document = json.loads(cli.ok("size", image, "--by", by, "--json").out)
        assert document["bytes"] == docker.inspect(image)["Size"]
        parts = {part["name"]: part["bytes"] for part in document["parts"]}
        assert sum(parts.values()) == document["bytes"]
        if by == "package":
            assert parts["no package"] < 0.06 * document["bytes"]
            assert parts["python ai-dynamo-runtime"] > 1e8
            assert parts["apt libc6"] > 1e6


def test_a_limit_of_the_size_names_the_largest_packages(cli: Cli, docker, image):
    words = build_words(docker, image)

    larger = cli(*words, "--max-size", "0.4GB")
    cli.ok(*words, "--max-size", "3GB")

    assert larger.status == 1
    assert "more than the 400 MB of --max-size; the largest: python ai-dynamo-runtime" in larger.err


def test_diff_names_what_was_added(cli: Cli, docker, tag, image):
    script = "head --bytes 3000000 /dev/zero >/opt/dynamo/zeros"
    other = changed(docker, image, tag("larger"), script)

    lines = cli.ok("diff", image, other).out.splitlines()

    assert lines[0].split(maxsplit=2) == ["+3.0", "MB", "changed  no package"]


def test_its_labels_describe_it(docker, image):
    labels = docker.labels(image)
    prefix = "ai.dynamo.container."

    assert labels[f"{prefix}framework"] == "none"
    assert labels[f"{prefix}target"] == "runtime"
    assert labels[f"{prefix}dynamo"] == labels["org.opencontainers.image.version"] == "1.6.1"
    assert labels[f"{prefix}user"] == "ubuntu"
    assert labels[f"{prefix}home"] == "/home/ubuntu"
    assert labels["org.opencontainers.image.base.name"] == docker.base_image
    assert "dynamo-container-none" in labels[f"{prefix}plugins"]
    assert re.fullmatch("sha256:[0-9a-f]{64}", labels[f"{prefix}plan"])


def test_its_checks_pass(cli: Cli, image):
    result = cli.ok("check", image)

    lines = result.out.splitlines()
    complete = "imports and libraries of dynamo.frontend, dynamo.mocker, dynamo.runtime"
    assert [line.split(maxsplit=1) for line in lines if line.startswith(("ok", "FAILED"))] == [
        ["ok", "import dynamo.frontend, dynamo.mocker, dynamo.runtime"],
        ["ok", complete],
        [
            "ok",
            "packages agree, except aisimulate (1.2 GB that only the planner and the profiler use)",
        ],
        ["ok", "versions match the plan"],
        ["ok", "python3, curl and writable caches"],
        ["ok", "load NIXL by name, and its plugins"],
        ["ok", "no private keys"],
        ["ok", "setuid programs"],
        ["ok", "packages have the content that they record"],
    ]


def test_a_check_that_fails_is_reported_with_its_output_and_status_1(cli: Cli, docker, tag, image):
    broken = tag("broken")
    container = docker.run("create", "--user", "0", image, "rm", "-rf", "/opt/dynamo/nixl")
    docker.run("start", "--attach", container)
    docker.run("commit", container, broken)
    docker.run("rm", container)

    result = cli("check", broken)

    assert result.status == 1
    assert "FAILED   load NIXL" in result.out
    assert "libnixl_capi.so: cannot open" in result.err
    assert "1 of 9 checks failed" in result.err


def test_the_loader_finds_nixl(docker, image):
    known = docker.run("run", "--rm", image, "/sbin/ldconfig", "-p")

    assert "libnixl_capi.so (libc6" in known


def test_check_finds_caches_that_only_one_user_can_write(cli: Cli, docker, tag, image):
    script = "chmod 755 /home/ubuntu/.cache"

    result = cli("check", changed(docker, image, tag("caches"), script), "--fast")

    assert result.status == 1
    assert "/home/ubuntu/.cache is not writable for 54321:0" in result.err


TAMPERED = {
    "a package's code": (
        "echo 'print()' >>/opt/dynamo/venv/lib/python3*/site-packages/dynamo/frontend/__init__.py",
        "dynamo/frontend/__init__.py has another size",
    ),
    "of the same size": (
        "sed -i '1s/#/%/' /opt/dynamo/venv/lib/python3*/site-packages/dynamo/frontend/__init__.py",
        "dynamo/frontend/__init__.py has another content",
    ),
    "code of no package": (
        "touch $(echo /opt/dynamo/venv/lib/python3*/site-packages)/evil.pth",
        "evil.pth belongs to no package",
    ),
    "a program": (
        "truncate --size +1 /opt/dynamo/venv/bin/pip",
        "bin/pip has another size",
    ),
}
KEYS = {
    "in a home": "mkdir -p /home/ubuntu/.ssh && printf '%s RSA PRIVATE KEY-----\n' '-----BEGIN' "
    ">/home/ubuntu/.ssh/mine",
    "of a server": "printf '%s PRIVATE KEY-----\n' '-----BEGIN' >/usr/lib/tls.pem",
}


def changed(docker: Docker, image: str, name: str, script: str) -> str:
    """Return an image in which a script ran as root."""
    container = docker.run("create", "--user", "0", image, "bash", "-c", script)
    try:
        docker.run("start", "--attach", container)
        docker.run("commit", container, name)
    finally:
        docker.run("rm", container)
    return name


@pytest.mark.parametrize("what", TAMPERED)
@pytest.mark.parametrize("options", [(), ("--fast",)], ids=["full", "fast"])
def test_check_finds_packages_that_were_changed(cli: Cli, docker, tag, image, what, options):
    script, message = TAMPERED[what]

    result = cli("check", changed(docker, image, tag("tampered"), script), *options)

    assert result.status == 1
    assert message in result.err


@pytest.mark.parametrize("what", KEYS)
def test_check_finds_private_keys(cli: Cli, docker, tag, image, what):
    result = cli("check", changed(docker, image, tag("keys"), KEYS[what]))

    assert result.status == 1
    assert "FAILED   no private keys" in result.out
    assert re.search(r"/home/ubuntu/.ssh/mine|/usr/lib/tls.pem", result.err)


def test_check_lists_setuid_programs(cli: Cli, docker, tag, image):
    script = "cp /bin/sh /opt/dynamo/shell && chmod 4755 /opt/dynamo/shell"

    result = cli.ok("check", changed(docker, image, tag("setuid"), script))

    assert "/opt/dynamo/shell (-rwsr-xr-x root:root)" in result.out
    assert "/usr/bin/su (-rwsr-xr-x root:root)" in result.out


def test_a_second_build_sends_nothing_and_runs_nothing(docker, image, cli):
    before = docker.inspect(image)["Id"]

    result = cli.ok(*build_words(docker, image), "--progress", "rawjson")

    steps, sent = progress(result.err)
    assert [name for name, cached in steps.items() if not cached] == []
    assert len(steps) >= 8
    # The names and times of files; the scripts' contents alone are 60 kB.
    assert sum(sent) < 4000
    assert docker.inspect(image)["Id"] == before


def progress(text: str) -> tuple[dict[str, bool], list[int]]:
    """Of BuildKit's records: each step and whether it was cached, or did not even have to be looked
    up; the bytes sent as contexts.
    """
    steps: dict[str, bool] = {}
    cached: set[str] = set()
    sent: dict[str, int] = {}
    decoder, position = json.JSONDecoder(), text.find("{")
    while position >= 0:
        record, end = decoder.raw_decode(text, position)
        for vertex in record.get("vertexes", ()):
            if " RUN " in vertex["name"] or " COPY " in vertex["name"]:
                # By what it says: several stages may share a step, and one is reported.
                name = vertex["name"].partition("] ")[2]
                if vertex.get("cached"):
                    cached.add(name)
                steps[name] = name in cached or (steps.get(name, True) and "started" not in vertex)
        for status in record.get("statuses", ()):
            if status["id"] == "transferring context:":
                sent[status["vertex"]] = status.get("current", 0)
        position = text.find("{", end)
    return steps, list(sent.values())


def test_what_a_dry_run_of_build_prints_builds_the_same_image(cli, docker, image, tag):
    other = tag("pasted")
    shown = cli.ok(*build_words(docker, other), "--dry-run")
    assert docker.run("images", "--quiet", other) == ""

    pasted = subprocess.run(["sh", "-c", shown.out], capture_output=True, text=True, check=False)

    assert pasted.returncode == 0, pasted.stderr
    plan = "ai.dynamo.container.plan"
    assert docker.labels(other)[plan] == docker.labels(image)[plan]


def test_what_a_dry_run_of_run_prints_runs_the_same(cli, image):
    script = 'id; echo "$A"; pwd'
    command = ["--image", image, "-e", "A=a 'b' $c", "--", "sh", "-c", script]
    shown = cli.ok("run", "--dry-run", "--gpus", "none", *command)

    pasted = subprocess.run(["sh", "-c", shown.out], capture_output=True, text=True, check=False)
    run = run_process(*command)

    assert run.stdout == pasted.stdout
    assert run.stdout.splitlines()[1:] == ["a 'b' $c", "/workspace"]


def run_process(*words: str) -> subprocess.CompletedProcess[str]:
    """`dynamo-container run` in a process of its own, which becomes docker's."""
    return subprocess.run(
        [sys.executable, "-m", "dynamo_container", "run", "--gpus", "none", *words],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def served(cli: Cli, docker: Docker, image, tmp_path) -> Iterator[int]:
    """A container that serves a tiny model; the port on which it does."""
    container = serve(cli, tmp_path, "--image", image)
    yield port_of(docker, container)
    docker.run("stop", "--time", "1", container)


def serve(cli: Cli, folder: Path, *words: str) -> str:
    """Start a container that serves a tiny model, and return its ID."""
    tiny_model.write(folder / "model")
    folder.chmod(0o755)
    result = cli.ok(
        "run", *words, "--detach", "--wait", "--gpus", "none", "-p", "127.0.0.1:0:8000",
        "-v", f"{folder}/model:/model:ro", "-e", "DYN_DISCOVERY_BACKEND=file",
        "-e", "DYN_FILE_KV=/tmp/kv", "-e", "HF_HUB_OFFLINE=1", "--", "bash", "-c", SERVE,
    )  # fmt: skip
    return result.out.strip()


def port_of(docker: Docker, container: str) -> int:
    return int(docker.run("port", container, "8000/tcp").rpartition(":")[2])


@pytest.mark.parametrize("user", ["54321", "1000:0", "54321:54321"])
def test_a_hardened_container_answers_a_chat_completion(docker, image, cli, tmp_path, user):
    container = serve(cli, tmp_path, "--image", image, "--hardened", "--user", user)
    try:
        assert answer(port_of(docker, container))["object"] == "chat.completion"
        status = docker.run("exec", container, "cat", "/proc/self/status")
        assert re.search(r"^CapBnd:\s+0+$", status, re.MULTILINE)
        assert re.search(r"^NoNewPrivs:\s+1$", status, re.MULTILINE)
        for attack in ("touch /opt/dynamo/venv/x", "touch /etc/x", "mount -t tmpfs x /mnt"):
            assert not docker.run(
                "exec", container, "sh", "-c", f"{attack} && echo done", check=False
            )
        for place in ("/tmp", "/home/ubuntu/.cache"):
            docker.run("exec", container, "sh", "-c", f"cp /bin/true {place}/x && {place}/x")
    finally:
        docker.run("stop", "--time", "1", container)


def test_it_answers_a_chat_completion_the_moment_that_wait_returns(served):
    document = answer(served)

    assert document["object"] == "chat.completion"
    assert document["usage"]["completion_tokens"] == 5


def answer(port: int) -> Any:  # JSON
    """Return the answer to a question to the model."""
    question = {
        "model": "/model",
        "messages": [{"role": "user", "content": "hello"}],
        "max_tokens": 5,
    }
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/chat/completions",
        data=json.dumps(question).encode(),
        headers={"content-type": "application/json"},
    )

    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)


def test_a_container_that_dies_while_it_is_waited_for_is_reported_with_its_last_lines(cli, image):
    result = cli(
        "run", "--image", image, "-d", "--wait", "--rm=FALSE", "--gpus", "none",
        "--name", "dc-test-dies", "--", "sh", "-c", "echo the model is missing; exit 7",
    )  # fmt: skip
    subprocess.run(["docker", "rm", "dc-test-dies"], check=True, capture_output=True)

    assert result.status == 1
    assert "with status 7" in result.err
    assert "the model is missing" in result.err


def test_a_container_that_never_gets_ready_is_stopped_at_its_limit(cli, docker, image):
    result = cli(
        "run", "--image", image, "-d", "--wait", "--wait-timeout", "3", "--gpus", "none",
        "--name", "dc-test-never", "--",
        "sh", "-c", "trap 'exit 0' TERM; echo waiting for a model; while :; do sleep 0.1; done",
    )  # fmt: skip

    assert result.status == 1
    assert "not ready after 3 s" in result.err
    assert "waiting for a model" in result.err
    until(lambda: not docker.run("ps", "--all", "--quiet", "--filter", "name=dc-test-never"))


def test_files_in_a_mounted_folder_and_status_are_dockers_own(image, tmp_path):
    tmp_path.chmod(0o777)
    answer = run_process(
        "--image", image, "-v", f"{tmp_path}:/out", "--entrypoint", "sh -c", "--",
        "echo x > /out/x; exit 42",
    )  # fmt: skip

    assert answer.returncode == 42, answer.stderr
    assert (tmp_path / "x").stat().st_uid == 1000


SERVER = """
import http.server, json, sys
host, port, answers = sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3])

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        status, document = answers.get(self.path, (404, None))
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(document).encode())

http.server.HTTPServer((host, port), Handler).serve_forever()
"""
MODEL = {"/v1/models": (200, {"data": [{"id": "m"}]})}
# What each role answers when it is ready, and the end of its command.
ROLES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "frontend": ({"/v1/models": (200, {"data": []})}, ["-m", "dynamo.frontend"]),
    "worker": ({"/health": (200, {"status": "ready"})}, ["-m", "dynamo.mocker"]),
    "model": (MODEL, []),
}
PROXY = "http://127.0.0.1:9"  # nothing listens there
PROXY_OPTIONS = ["-e", f"http_proxy={PROXY}", "-e", f"HTTP_PROXY={PROXY}"]
ADDRESSES = {"host": "127.0.0.1", "bridge": "0.0.0.0", "none": "127.0.0.2"}
# Network, source of a proxy, what names the port, role: each pair of values is in one line.
CELLS = [
    ("host", "", "variable", "frontend"),
    ("host", "options", "option", "worker"),
    ("host", "config.json", "", "model"),
    ("bridge", "", "option", "model"),
    ("bridge", "options", "", "frontend"),
    ("bridge", "config.json", "variable", "worker"),
    ("none", "", "", "worker"),
    ("none", "options", "variable", "model"),
    ("none", "config.json", "option", "frontend"),
]


@pytest.fixture
def proxy_of_docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Set a proxy in docker's configuration, from which containers get it."""

    def set_proxy() -> None:
        file = Path(os.environ.get("DOCKER_CONFIG", "~/.docker")).expanduser() / "config.json"
        before = json.loads(file.read_text()) if file.is_file() else {}
        after = before | {"proxies": {"default": {"httpProxy": PROXY}}}
        (tmp_path / "config.json").write_text(json.dumps(after))
        monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))

    return set_proxy


def container_name(docker: Docker) -> str:
    return re.sub("[/:]", "-", docker.unique("ready"))


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def waits(image: str, name: str, network: str, *options: str) -> list[str]:
    """Return the words that run a container and wait for it."""
    named = ["run", "none", "--image", image, "--name", name, "--network", network]
    return [*named, "--gpus", "none", "--detach", "--wait", *options]


@pytest.mark.parametrize(("network", "proxy", "named_by", "role"), CELLS)
def test_each_role_is_ready_on_each_network(
    cli: Cli, docker: Docker, image, proxy_of_docker, network, proxy, named_by, role
):
    answers, module = ROLES[role]
    name, port = container_name(docker), str(free_system_port())
    variable = "DYN_SYSTEM_PORT" if role == "worker" else "DYN_HTTP_PORT"
    options = ["-e", f"{variable}={port}"] if named_by == "variable" else []
    options += PROXY_OPTIONS if proxy == "options" else []
    if proxy == "config.json":
        proxy_of_docker()
    server = ["python", "-c", SERVER, ADDRESSES[network], port, json.dumps(answers), *module]
    server += ["--http-port", port] if named_by == "option" else []
    try:
        cli.ok(*waits(image, name, network, *options, "--wait-timeout", "60"), "--", *server)

        env = docker.run("exec", name, "env").splitlines()
        assert (f"http_proxy={PROXY}" in env) == bool(proxy)
    finally:
        docker.run("rm", "--force", name)


REAL = {
    "frontend": ["-m", "dynamo.frontend", "--http-port", "{port}"],
    "worker": ["-m", "dynamo.mocker", "--model-path", "/model"],
}


@pytest.mark.parametrize("role", REAL)
def test_dynamos_own_frontend_and_worker_are_each_ready_alone(
    cli: Cli, docker: Docker, image, tmp_path, role
):
    tiny_model.write(tmp_path / "model")
    tmp_path.chmod(0o755)
    name, port = container_name(docker), str(free_system_port())
    options = [*PROXY_OPTIONS, "-v", f"{tmp_path}/model:/model:ro", "-e", "HF_HUB_OFFLINE=1"]
    options += ["-e", "DYN_DISCOVERY_BACKEND=file", "-e", "DYN_FILE_KV=/tmp/kv"]
    options += ["-e", f"DYN_SYSTEM_PORT={port}"] if role == "worker" else []
    words = [word.format(port=port) for word in REAL[role]]
    try:
        cli.ok(*waits(image, name, "host", *options), "--", "python", *words)
    finally:
        docker.run("rm", "--force", name)


TAKEN = {
    "published": ("bridge", ["-p", "127.0.0.1:{port}:8000"], []),
    "option": ("host", [], ["python", "-m", "dynamo.frontend", "--http-port", "{port}"]),
    "variable": ("host", ["-e", "DYN_HTTP_PORT={port}"], ["python", "-m", "dynamo.frontend"]),
    "system": ("host", ["-e", "DYN_SYSTEM_PORT={port}"], ["python", "-m", "dynamo.mocker"]),
}


@pytest.mark.parametrize("how", TAKEN)
def test_a_port_that_another_server_has_is_an_error_before_the_start(
    cli: Cli, docker: Docker, image, how
):
    network, options, command = TAKEN[how]
    name = container_name(docker)
    with socket.create_server(("127.0.0.1", free_system_port())) as other:
        port = other.getsockname()[1]
        options, command = (
            [one.format(port=port) for one in words] for words in (options, command)
        )

        result = cli(*waits(image, name, network, *options), "--", *(command or ["true"]))

    assert result.status == 6
    assert f"{port} of this machine is in use by another program" in result.err
    assert docker.run("ps", "--all", "--quiet", "--filter", f"name={name}") == ""


def test_another_server_does_not_make_a_container_ready_not_even_as_its_proxy(
    cli: Cli, docker: Docker, image
):
    name, port = container_name(docker), str(free_port())
    answers = MODEL | {f"http://localhost:{port}/v1/models": MODEL["/v1/models"]}
    server = [sys.executable, "-c", SERVER, "127.0.0.1", port, json.dumps(answers)]
    options = ["-e", f"http_proxy=http://127.0.0.1:{port}", "--wait-timeout", "3"]
    with subprocess.Popen(server) as other:
        until(lambda: listens(int(port)))
        try:
            result = cli(*waits(image, name, "host", *options), "--", "sleep", "60")
        finally:
            other.kill()
            docker.run("rm", "--force", name, check=False)

    assert result.status == 1
    assert "not ready after 3 s" in result.err
    assert "no process of the container listens on a port" in result.err


def test_its_inventory_has_every_package_and_names_who_asked_for_it(cli, docker, image):
    found = json.loads(cli.ok("sbom", image, "--format", "json").out)["components"]

    def names(kind: str) -> list[str]:
        return sorted(one["name"] for one in found if one["kind"] == kind)

    listed = json.loads(docker.run("run", "--rm", image, "uv", "pip", "list", "--format=json"))
    assert names("python") == sorted(one["name"].lower() for one in listed)
    dpkg = docker.run("run", "--rm", image, "dpkg-query", "--show", "--showformat=${Package}\\n")
    assert names("apt") == sorted(dpkg.split())
    assert {"tokio", "etcd-client"} <= set(names("crate"))
    runtime = next(one for one in found if one["name"] == "ai-dynamo-runtime")
    assert runtime["via"] == ["none", "ai-dynamo", "ai-dynamo-runtime"]
    assert [one["name"] for one in found if one["kind"] == "python" and not one["license"]] == []


def test_its_notices_have_the_texts_of_what_was_added_only(cli, image):
    text = cli.ok("notices", image).out

    assert "--- ai-dynamo 1.6.1" in text
    assert "libibverbs1" in text  # added by a stage
    assert "coreutils" not in re.sub(r"(?m)^(?!---).*$", "", text)  # of the base image


POLICY = """
from dynamo_container.api import *

@hookimpl
def dynamo_container_inventory(inventory):
    for component in inventory.named("transformers"):
        yield Refusal(reason=f"not here: {component.describe()}", hint="leave it out")
"""


def test_a_policy_refuses_what_is_in_an_image_that_was_built(cli, docker, site, image, tag):
    site.install("strict", POLICY)
    bundle = ["--ca-bundle", docker.ca_bundle] if docker.ca_bundle else []

    refused = cli(*build_words(docker, tag("policy")), *bundle)

    assert refused.status == 2
    assert "not here: transformers" in refused.err
    assert "asked for by none > ai-dynamo > transformers" in refused.err
    assert "policy of strict" in refused.err
    assert "leave it out" in refused.err
