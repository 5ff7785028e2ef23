# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""`serve` on a real engine: a model answers, workers share its cache, nothing is left behind."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tiny_model
from engines import until
from running import Docker, free_port
from slow import slow

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("engine_environment")]

PROGRAM = [sys.executable, "-m", "dynamo_container"]
LABEL = "label=com.docker.compose.project="


@pytest.fixture(scope="module")
def image(docker: Docker) -> Iterator[str]:
    """The image `none`, built once for the tests of this file."""
    tag = docker.unique("serve")
    bundle = ["--ca-bundle", docker.ca_bundle] if docker.ca_bundle else []
    words = ["--target", "runtime", "--base-image", docker.base_image, "--tag", tag, "--no-latest"]
    call("build", "none", *words, *bundle, "--progress", "plain")
    yield tag
    docker.run("image", "rm", "--force", tag)


@pytest.fixture
def model(tmp_path: Path) -> str:
    folder = tmp_path / "tiny"
    folder.mkdir(mode=0o755)
    tiny_model.write(folder)
    # The service's user must reach it.
    for parent in (tmp_path, tmp_path.parent, tmp_path.parent.parent):
        parent.chmod(parent.stat().st_mode | 0o055)
    return str(folder)


@pytest.fixture
def project(docker: Docker) -> Iterator[str]:
    name = f"serve-test-{uuid.uuid4().hex[:8]}"
    yield name
    subprocess.run([*PROGRAM, "serve", "stop", name], capture_output=True, check=False)
    assert left(docker, name) == []


def left(docker: Docker, project: str) -> list[str]:
    """Return the containers, networks and volumes of a project."""
    found = docker.run("ps", "--all", "--quiet", "--filter", f"{LABEL}{project}").split()
    for kind in ("network", "volume"):
        found += docker.run(kind, "ls", "--quiet", "--filter", f"{LABEL}{project}").split()
    return found


def call(*words: str, status: int = 0) -> subprocess.CompletedProcess[str]:
    answer = subprocess.run([*PROGRAM, *words], capture_output=True, text=True, check=False)
    assert answer.returncode == status, answer.stdout[-2000:] + answer.stderr[-5000:]
    return answer


def shell(command: str) -> str:
    return subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, check=True
    ).stdout


def words(image: str, model: str, project: str, port: int) -> list[str]:
    return [
        "serve", "none", "--image", image, "--model", model, "--name", project,
        "--port", str(port), "--gpus", "none",
    ]  # fmt: skip


def ask(port: int) -> Any:
    question = {
        "model": "tiny",
        "messages": [{"role": "user", "content": "Tell me about the sea. " * 60}],
        "max_tokens": 4,
    }
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/chat/completions",
        data=json.dumps(question).encode(),
        headers={"content-type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.load(response)


def test_two_workers_answer_find_prefixes_and_leave_nothing_behind(docker, image, model, project):
    port = free_port()
    options = [*words(image, model, project, port), "--workers", "2", "--hardened"]

    started = call(*options, "--detach", "--wait")
    curl = next(line for line in started.stderr.splitlines() if line.startswith("note: curl "))
    shown = json.loads(shell(curl.removeprefix("note: ")))
    answers = [ask(port) for _ in range(3)]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as response:
        metrics = response.read().decode().splitlines()
    again = call(*options, "--detach", status=2)
    status = call("serve", "status", project).stdout
    logs = call("serve", "logs", project).stdout
    stopped = call("serve", "stop", project)

    assert started.stdout == f"http://127.0.0.1:{port}/v1\n"
    assert shown["usage"]["completion_tokens"] > 0
    assert answers[0]["usage"]["completion_tokens"] > 0
    # The same prompt goes to the worker that has it in its cache.
    assert answers[2]["usage"]["prompt_tokens_details"]["cached_tokens"] > 0
    hits = [line for line in metrics if line.startswith("dynamo_frontend_cached_tokens_sum")]
    assert float(hits[0].split()[-1]) > 0
    assert f"the project {project} already exists" in again.stderr
    assert status.count("(healthy)") == 3
    assert f"127.0.0.1:{port}->8000/tcp" in status
    assert "worker-2" in logs
    assert stopped.stdout == f"{project}\n"
    assert left(docker, project) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_in_the_foreground_a_signal_ends_all(docker, image, model, project, number, tmp_path):
    port = free_port()
    log = tmp_path / "log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [*PROGRAM, *words(image, model, project, port)], stdout=output, stderr=output
        )
    try:
        until(lambda: "is served at" in log.read_text() or process.poll() is not None, seconds=120)
        assert ask(port)["usage"]["completion_tokens"] > 0
    finally:
        os.kill(process.pid, number)
        status = process.wait()

    until(lambda: left(docker, project) == [], seconds=60)
    assert status == (130 if number == signal.SIGINT else -signal.SIGKILL)
    assert "frontend-1" in log.read_text()


@slow
def test_what_is_started_again_right_after_a_kill_lives_and_answers(
    docker, image, model, project, tmp_path
):
    """The guard of the first one removes the project several times, within some 20 seconds."""
    options = words(image, model, project, free_port())
    log = tmp_path / "log"
    with log.open("w") as output:
        process = subprocess.Popen([*PROGRAM, *options], stdout=output, stderr=output)
    try:
        until(lambda: "is served at" in log.read_text() or process.poll() is not None, seconds=120)
    finally:
        process.kill()
        process.wait()
    killed = time.monotonic()

    again = call(*options, "--detach", "--wait")

    assert f"a serve of the project {project} was killed: waiting until" in again.stderr
    port = int(again.stdout.rpartition(":")[2].removesuffix("/v1\n"))
    while time.monotonic() < killed + 40:
        assert ask(port)["usage"]["completion_tokens"] > 0


def test_a_worker_that_cannot_start_ends_the_start_with_its_last_lines(
    docker, image, model, project
):
    options = words(image, model, project, free_port())

    answer = call(*options, "--detach", "--wait", "--", "--no-such-option", status=1)

    assert f"the container {project}-worker-1 has ended 3 times, at last with status 2" in (
        answer.stderr
    )
    assert "--no-such-option" in answer.stderr
    assert left(docker, project) == []


def test_a_port_that_is_used_is_found_before_anything_starts(docker, image, model, project):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        answer = call(*words(image, model, project, port), status=6)

    assert f"port {port} of 127.0.0.1 cannot be used" in answer.stderr
    assert left(docker, project) == []


def test_a_dry_run_and_an_export_start_the_same_by_docker_alone(
    docker, image, model, project, tmp_path
):
    port = free_port()
    options = words(image, model, project, port)[1:]
    printed = call("serve", *options, "--detach", "--wait", "--dry-run").stdout

    subprocess.run(["bash", "-c", printed], check=True, capture_output=True)
    answer = ask(port)
    call("serve", "stop", project)
    call("export", "compose", str(tmp_path / "out"), *options)
    file = str(tmp_path / "out" / "compose.yaml")
    docker.run("compose", "--file", file, "up", "--detach", "--wait")
    exported = ask(port)
    docker.run("compose", "--file", file, "down", "--volumes")

    assert answer["usage"]["completion_tokens"] > 0
    assert exported["usage"]["completion_tokens"] > 0
    call("export", "compose", str(tmp_path / "out"), *options, "--check")


# Stands for a busy engine: it creates a container when the project has been removed and looked for.
LATE_ENGINE = """\
#!/bin/sh
case "$*" in
*" up "* | *" up") : >'{folder}/up'; exec sleep 100 ;;
*" down "* | *" down") '{docker}' "$@"; : >'{folder}/down'; exit ;;
ps*)
    [ ! -e '{folder}/down' ] || echo >>'{folder}/looks'
    if [ "$(cat '{folder}/looks' 2>/dev/null | wc -l)" = 2 ]; then
        '{docker}' create --label com.docker.compose.project={project} \\
            --label com.docker.compose.service=worker --label com.docker.compose.oneoff=False \\
            --label com.docker.compose.container-number=1 \\
            --label com.docker.compose.config-hash=1 {image} true >/dev/null
    fi ;;
esac
exec '{docker}' "$@"
"""


def test_a_container_that_the_engine_creates_after_ctrl_c_is_removed(
    docker, image, model, project, tmp_path, monkeypatch
):
    folder = tmp_path / "bin"
    folder.mkdir()
    real = shutil.which("docker")
    script = LATE_ENGINE.format(folder=folder, docker=real, project=project, image=image)
    (folder / "docker").write_text(script)
    (folder / "docker").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    with subprocess.Popen([*PROGRAM, *words(image, model, project, free_port())]) as serving:
        until((folder / "up").exists)

        serving.send_signal(signal.SIGINT)

    assert serving.returncode == 130
    assert len((folder / "looks").read_text()) > 2  # so it was created
    assert left(docker, project) == []


@pytest.fixture
def repository(docker: Docker, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A repository of images that `build` names, and no other test; its images are deleted."""
    name = docker.unique("repository").replace(":", "-")
    monkeypatch.setenv("DYNAMO_CONTAINER_BUILD_REPOSITORY", name)
    yield name
    for tag in ("latest-none", "latest-none-runtime"):
        docker.run("image", "rm", "--force", f"{name}:{tag}", check=False)


def test_build_makes_the_runtime_image_although_there_is_a_dev_image(docker, repository, model):
    def planned(*more: str) -> tuple[bool, bool]:
        words = ("serve", "none", "--model", model, "--gpus", "none", "--dry-run", *more)
        answer = call(*words)
        return (
            "build none --target runtime" in answer.stdout,
            f"running {repository}:latest-none\n" in answer.stderr,
        )

    docker.run("tag", docker.base_image, f"{repository}:latest-none")
    assert planned() == (False, True)
    assert planned("--build")[0]

    docker.run("tag", docker.base_image, f"{repository}:latest-none-runtime")
    assert planned("--build") == (False, False)
