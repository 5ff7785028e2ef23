# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Containers from start to end, on a real engine that only these tests use."""

from __future__ import annotations

import os
import pty
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from engines import IMAGE, Engine, tiny_engine, until
from fakes import Site
from running import Cli

pytestmark = pytest.mark.engine

READY = """
@hookimpl
def dynamo_container_readiness(request):
    if request.image == "image:without-curl":
        return Readiness(http="http://127.0.0.1:8000/health")
    return Readiness(argv=("ls", "/tmp-ready"))
"""
RUN = [sys.executable, "-m", "dynamo_container", "run", "ready", "--workdir=/", "--gpus=none"]
ENDINGS = [(signal.SIGHUP, 129), (signal.SIGINT, 130), (signal.SIGTERM, 143)]


@pytest.fixture(scope="module")
def running(docker) -> Iterator[Engine]:
    with tiny_engine(docker.base_image) as started:
        started.docker("tag", IMAGE, "image:without-curl")
        yield started


@pytest.fixture(autouse=True)
def engine(running, site: Site, monkeypatch) -> Iterator[Engine]:
    """The engine, without containers before and after; and a framework with a readiness file."""
    running.use(monkeypatch)
    site.framework("ready", READY)
    monkeypatch.setenv("PYTHONPATH", str(site.folder))
    yield running
    running.remove_containers()


def run(*words: str, image: str = IMAGE) -> subprocess.CompletedProcess[str]:
    """Run `dynamo-container run` in a process of its own."""
    command = [*RUN, "--image", image, *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def start(*words: str) -> subprocess.Popen[str]:
    command = [*RUN, "--image", IMAGE, *words]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def names(engine: Engine) -> list[str]:
    return engine.docker("ps", "--all", "--format", "{{.Names}} {{.State}}").splitlines()


def test_wait_returns_when_the_container_is_ready(engine):
    completed = run("-d", "--wait", "--", "sh", "-c", ": > /tmp-ready; exec sleep 100")

    assert completed.returncode == 0, completed.stderr
    container = completed.stdout.strip()
    assert engine.docker("exec", container, "ls", "/tmp-ready") == "/tmp-ready"


def test_the_log_of_a_container_that_dies_at_once_and_deletes_itself_is_printed(engine):
    words = ("echo no model; echo 'in here' >&2; exit 7",)

    for _ in range(5):  # it may die before its log is read
        completed = run("-d", "--wait", "--", "sh", "-c", *words)

        assert completed.returncode == 1
        assert "the container ended with status 7 before it was ready" in completed.stderr
        # Docker keeps the order within a stream, not between the two.
        assert sorted(completed.stderr.splitlines()[-2:]) == ["  in here", "  no model"]
    until(lambda: names(engine) == [])


def test_the_last_20_lines_are_printed(engine):
    count = "i=0; while [ $i -lt 100 ]; do i=$((i+1)); echo line $i; done; exit 1"

    completed = run("-d", "--wait", "--", "sh", "-c", count)

    lines = re.findall(r"^  line \d+$", completed.stderr, re.MULTILINE)
    assert lines == [f"  line {number}" for number in range(81, 101)]


@pytest.mark.parametrize(("words", "left"), [((), []), (("--rm=FALSE",), ["slow running"])])
def test_a_container_that_is_not_ready_in_time_is_stopped_if_it_deletes_itself(engine, words, left):
    limit = ("--wait-timeout", "3", "--name", "slow")

    completed = run("-d", "--wait", *limit, *words, "--", "sh", "-c", "echo loading; sleep 100")

    assert completed.returncode == 1
    assert "not ready after 3 s" in completed.stderr
    assert completed.stderr.splitlines()[-1] == "  loading"
    until(lambda: names(engine) == left)


def test_a_readiness_that_cannot_be_checked_is_an_error_at_once(engine):
    completed = run("-d", "--wait", "--", "sleep", "100", image="image:without-curl")

    assert completed.returncode == 1
    assert "the container's readiness cannot be checked: 'curl'" in completed.stderr
    until(lambda: names(engine) == [])


def test_a_container_that_cannot_be_started_is_dockers_error_with_its_status(engine):
    waited = run("-d", "--wait", "--user", "no-such-user", "--", "true")
    ran = run("--user", "no-such-user", "--", "true")

    assert waited.returncode == ran.returncode
    assert waited.returncode in (125, 126)
    assert "no-such-user" in waited.stderr
    until(lambda: names(engine) == [])


@pytest.mark.parametrize(("number", "status"), ENDINGS)
def test_a_signal_during_the_wait_leaves_no_container(engine, number, status):
    process = start("-d", "--wait", "--", "sleep", "100")
    until(lambda: engine.docker("ps", "--quiet"))

    process.send_signal(number)

    process.communicate(timeout=20)
    assert process.returncode == status
    until(lambda: names(engine) == [])


def test_a_signal_during_the_pull_ends_the_pull(monkeypatch, tmp_path):
    pid = tmp_path / "pid"
    docker = tmp_path / "docker"
    docker.write_text(
        f"""#!/bin/sh
[ "$1" = pull ] || exec {shutil.which("docker")} "$@"
echo $$ >'{pid}.new' && mv '{pid}.new' '{pid}'
exec sleep 100
"""
    )
    docker.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    process = start("-d", "--wait", "--image=nosuch:1", "--", "true")
    until(pid.exists)

    process.terminate()

    process.communicate(timeout=20)
    assert process.returncode == 143
    assert not Path("/proc", pid.read_text().strip()).exists()


def test_a_killed_wait_leaves_neither_the_container_nor_another_process(engine):
    process = start("-d", "--wait", "--name", "orphan", "--", "sleep", "100")
    until(lambda: engine.docker("ps", "--quiet"))
    container = engine.docker("ps", "--quiet", "--no-trunc")

    process.kill()

    process.communicate()
    until(lambda: not clients(container))
    until(lambda: names(engine) == [])


def clients(container: str) -> list[Path]:
    """Return the processes of docker's client that have a container among their arguments."""
    matches = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue  # it has just ended
        if b"docker" in words[0] + words[-1] and container.encode() in words:
            matches.append(path)
    return matches


@pytest.mark.parametrize(("number", "status"), ENDINGS)
def test_a_signal_to_a_run_leaves_no_container(engine, number, status):
    process = start("--", "sh", "-c", "echo up; exec sleep 100")
    # Earlier, the signal would reach the engine's own process, which is about to become ours.
    assert process.stdout
    assert process.stdout.readline() == "up\n"

    process.send_signal(number)

    process.communicate(timeout=20)
    assert process.returncode == status
    until(lambda: names(engine) == [])


@pytest.mark.parametrize(("words", "left"), [((), []), (("--rm=FALSE",), ["orphan running"])])
def test_a_killed_run_leaves_no_container_that_deletes_itself(engine, words, left):
    process = start("--name", "orphan", *words, "--", "sleep", "100")
    until(lambda: engine.docker("ps", "--quiet"))

    process.kill()

    process.communicate()
    until(lambda: names(engine) == left)


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
@pytest.mark.parametrize("words", [("-it", "--", "sh"), ("-d", "--wait", "--", "sleep", "100")])
def test_a_terminal_that_closes_leaves_no_container(engine, words):
    child, terminal = pty.fork()
    if child == 0:
        os.execv(sys.executable, [*RUN, "--image", IMAGE, *words])  # never returns
    until(lambda: engine.docker("ps", "--quiet"))

    os.close(terminal)

    os.waitpid(child, 0)
    until(lambda: names(engine) == [])


def test_ps_lists_what_run_started_and_nothing_else(engine, cli: Cli):
    engine.docker("run", "--detach", "--network=none", "--name=foreign", IMAGE, "sleep", "100")
    first = run("-d", "--name", "first", "--", "sleep", "100").stdout.strip()
    run("--rm=FALSE", "--name", "ended", "--", "true")

    assert [container["name"] for container in cli.ok("ps", "--json").json] == ["first"]
    assert cli.ok("ps", "--quiet").out == f"{first[:12]}\n"
    everything = cli.ok("ps", "--all").out.splitlines()
    assert [line.split()[:3] for line in everything[1:]] == [
        ["ended", "ready", IMAGE],
        ["first", "ready", IMAGE],
    ]
    assert "Exited (0)" in everything[1]


def call(*words: str, **options: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "dynamo_container", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload,no-any-return]  # any options


def test_logs_and_exec_take_a_framework_a_name_an_id_or_nothing():
    started = run("-d", "--name", "one", "--", "sh", "-c", "echo out; echo err >&2; sleep 100")
    container = started.stdout.strip()

    for words in (["ready"], ["READY"], ["one"], [container], [container[:6]], []):
        logs = call("logs", *words)
        assert (logs.stdout, logs.stderr) == ("out\n", "err\n")
        shell = call("exec", "-e", "A=a  b", *words, "--", "sh", "-c", 'echo "$A"; exit 3')
        assert (shell.stdout, shell.returncode) == ("a  b\n", 3)
    assert call("exec", "-i", "one", input="echo from the shell\n").stdout == "from the shell\n"
    assert call("exec", "one", "ls", "-d", "/bin").stdout.strip() == "/bin"
    assert call("exec", "one", "sh", "-c", 'echo "$@"', "sh", "--", "b").stdout == "-- b\n"


def test_logs_follow_to_the_containers_end(engine):
    script = "for i in 1 2 3; do echo $i; done; until [ -e /go ]; do sleep 0.1; done; echo 4"
    run("-d", "--name", "one", "--", "sh", "-c", script)
    until(lambda: engine.docker("logs", "one").endswith("3"))
    command = [sys.executable, "-m", "dynamo_container", "logs", "--follow", "--tail", "2", "one"]

    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as follower:
        assert follower.stdout
        assert follower.stdout.readline() == "2\n"
        engine.docker("exec", "one", "sh", "-c", ": > /go")  # it ends only when we follow

        assert follower.stdout.read() == "3\n4\n"
    assert follower.returncode == 0


def test_stop_stops_the_named_containers_only(engine, cli: Cli):
    engine.docker("run", "--detach", "--network=none", "--name=foreign", IMAGE, "sleep", "100")
    for name in ("one", "two", "three"):
        run("-d", "--name", name, "--", "sleep", "100")

    engine.docker("pause", "two")  # it still holds its memory and GPUs
    assert "two" in cli.ok("ps").out
    assert cli.ok("stop", "two").out == "two\n"
    assert sorted(cli.ok("stop", "ready").out.split()) == ["one", "three"]
    run("-d", "--name", "four", "--", "sleep", "100")
    assert cli.ok("stop", "--all").out == "four\n"
    # The engine's list is updated a moment later.
    until(lambda: names(engine) == ["foreign running"])


def test_ctrl_c_ends_stop_at_once(engine):
    script = "trap ': > /tmp-stopping' TERM; while :; do sleep 0.1; done"
    run("-d", "--name", "slow", "--", "sh", "-c", script)
    command = [sys.executable, "-m", "dynamo_container", "stop", "--time", "300", "slow"]
    with subprocess.Popen(command, start_new_session=True) as process:
        listed = ["docker", "exec", "slow", "ls", "/tmp-stopping"]
        until(lambda: subprocess.run(listed, check=False, capture_output=True).returncode == 0)

        process.send_signal(signal.SIGINT)

        assert process.wait(10) == 130
    assert call("stop", "--time", "0", "slow").stdout == "slow\n"


@pytest.mark.parametrize("gone", ["/dev/full", "a closed pipe"])
def test_the_id_of_a_ready_container_is_shown_if_standard_output_is_gone(engine, gone):
    command = [*RUN, "--image", IMAGE, "-d", "--wait", "--", "sh", "-c", ": >/tmp-ready; sleep 100"]
    ends, pipe = os.pipe()
    os.close(ends)
    with os.fdopen(pipe, "wb") as closed, Path("/dev/full").open("wb") as full:
        output = full if gone == "/dev/full" else closed
        completed = subprocess.run(command, stdout=output, stderr=subprocess.PIPE, check=False)

    container = engine.docker("ps", "--quiet")
    assert completed.returncode == 1
    assert f"stop it: dynamo-container stop {container}" in completed.stderr.decode()


def test_names_that_do_not_select_a_container_are_errors(engine, cli: Cli):
    engine.docker("run", "--detach", "--network=none", "--name=foreign", IMAGE, "sleep", "100")
    for name in ("one", "two"):
        run("-d", "--name", name, "--", "sleep", "100")

    for words, message in (
        (
            ("stop", "foreign"),
            "'foreign' is neither a container that you started with 'dynamo-container run'",
        ),
        (("stop",), "stop requires either containers or --all"),
        (("stop", "one", "--all"), "stop requires either containers or --all"),
        (("logs", "ready"), "there are 2 containers of 'ready': two, one"),
        (("exec", "none"), "no running container of 'none' was found"),
        (("ps", "nosuch"), "'nosuch' is neither a container"),
    ):
        result = cli(*words)
        assert result.status == 2, words
        assert message in result.err
    assert cli.ok("stop", "none").err == "note: none of these containers is running\n"
    assert len(names(engine)) == 3


@pytest.mark.parametrize("options", ["", ":ro", ":z"])
def test_a_missing_host_path_is_an_error_before_docker_runs(tmp_path, options):
    completed = run("-v", f"{tmp_path}/no:/x{options}", "--", "true")

    assert completed.returncode == 2
    assert f"{tmp_path}/no, which is to be mounted, was not found" in completed.stderr
    assert not (tmp_path / "no").exists()
