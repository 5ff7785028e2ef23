# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""What a container may do: docker's own options, the defaults by target, `--hardened`.

Each test attacks: it tries to get more into a container than its options permit.
"""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

OPENING = """
@hookimpl
def dynamo_container_run_flags(request):
    yield RunFlag(flag="--privileged")
    yield RunFlag(flag="--pid", value="host")
    yield RunFlag(flag="--cap-add", value="SYS_ADMIN", key="SYS_ADMIN")
    yield RunFlag(flag="--security-opt", value="seccomp=unconfined", key="seccomp")

@hookimpl
def dynamo_container_run_mounts(request):
    yield Mount(source="/", target="/tmp")
"""
PASSED_ON = [
    ("--memory", "64g"), ("--cpus", "1.5"), ("--pids-limit", "100"), ("--userns", "host"),
    ("--security-opt", "no-new-privileges"), ("--cap-drop", "NET_RAW"), ("--device", "/dev/fuse"),
    ("--device", "vendor.com/class=0"), ("--group-add", "video"), ("--add-host", "a:10.0.0.1"),
    ("--restart", "on-failure:3"), ("--hostname", "worker-0"), ("--platform", "linux/arm64"),
    ("--pull", "never"), ("--health-cmd", "curl localhost:8000"), ("--health-interval", "30s"),
    ("--health-retries", "3"), ("--health-start-period", "1m30s"), ("--health-timeout", "5s"),
    ("--shm-size", "1G"), ("--ipc", "private"), ("--ulimit", "core=0"), ("--cap-add", "IPC_LOCK"),
]  # fmt: skip


@pytest.fixture(autouse=True)
def _no_engine(no_docker, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


@pytest.fixture
def argv(cli):
    def run(*words):
        return shlex.split(cli.ok("run", "none", *words, "--dry-run").out)

    return run


@pytest.fixture
def explained(cli):
    """Return the values of `explain run none` with some options, and their first sources."""

    def explain(*words):
        values = cli.ok("explain", "run", "none", *words, "--json").json["values"]
        return {f"{one['kind']} {one['key']}": one for one in values}

    return explain


@pytest.mark.processes
class TestPassedOn:
    @pytest.mark.parametrize(("flag", "value"), PASSED_ON)
    def test_an_option_of_docker_arrives_and_is_explained(self, argv, explained, flag, value):
        assert f"{flag}={value}" in argv(flag, value)
        entries = [
            entry
            for entry in explained(flag, value).values()
            if entry["key"].startswith(flag) and entry["value"] == value
        ]
        assert [entry["sources"][0]["name"] for entry in entries] == [flag]

    @pytest.mark.parametrize(
        ("words", "argument"),
        [
            ("--cap-drop cap_net_raw", "--cap-drop=NET_RAW"),
            ("--add-host a=10.0.0.1", "--add-host=a:10.0.0.1"),
            ("--platform linux/aarch64", "--platform=linux/arm64"),
            ("--tmpfs /scratch:size=1g,exec", "--tmpfs=/scratch:size=1g,exec"),
            ("--read-only", "--read-only"),
            ("--docker-arg=--oom-score-adj=-500", "--oom-score-adj=-500"),
            ("--docker-arg --oom-kill-disable", "--oom-kill-disable"),
        ],
    )
    def test_values_are_written_as_every_engine_takes_them(self, argv, words, argument):
        assert argument in argv(*shlex.split(words))

    def test_values_with_spaces_and_signs_are_one_argument(self, argv):
        command = "sh -c 'a; b $HOME' # \"x\""

        assert f"--health-cmd={command}" in argv("--health-cmd", command)
        assert f"--sysctl={command}" in argv("--docker-arg", f"--sysctl={command}")

    @pytest.mark.parametrize(
        "words",
        [
            "--memory lots", "--memory ''", "--cpus 0", "--cpus -1", "--cpus nan",
            "--pids-limit many", f"--pids-limit {'9' * 5000}", "--ulimit mem=1", "--ulimit nofile",
            "--ulimit nofile=5:4", "--ulimit nofile=-1:4", "--ulimit nofile=", "--cap-add 'A B'",
            "--cap-drop --read-only", "--security-opt x", "--device fuse", "--device '/a /b'",
            "--device /a:/b:/c:/d", "--add-host a", "--add-host a:b:c:d:x", "--hostname=-x",
            "--restart sometimes", "--restart on-failure:x", "--platform x", "--pull often",
            "--health-interval 5", "--health-retries 1.5", "--tmpfs relative", "--tmpfs /a,b",
            "--env-file /no/such/file", "--docker-arg image", "--docker-arg=-v/:/x",
            "--docker-arg=--", "--docker-arg=--cidfile=/etc/passwd",
            "--docker-arg=--label=ai.dynamo.container.run=none", "--docker-arg=--memory=1g",
            "--docker-arg=--privileged", "--docker-arg=--publish=1:1", "--docker-arg '--a b'",
        ],
    )  # fmt: skip
    def test_what_docker_would_refuse_or_misread_is_an_error_of_two_lines(self, cli, words):
        result = cli("run", "none", *shlex.split(words), "--dry-run")

        assert result.status == 2, result.out
        error = [line for line in result.err.splitlines() if not line.startswith("note: ")]
        assert len(error) == 2
        assert len(result.err) < 16000

    def test_a_default_limit_can_be_omitted(self, argv, explained):
        given = argv("--ulimit", "memlock=default")

        assert not [word for word in given if word.startswith("--ulimit=memlock")]
        assert "--ulimit=nofile=65536:65536" in given
        entry = explained("--ulimit", "memlock=default")["flag --ulimit memlock"]
        assert entry["value"] == "(omitted)"
        assert entry["shadowed"][0]["value"] == "memlock=-1"

    @pytest.mark.parametrize("dropped", ["ALL", "all", "SYS_PTRACE", "CAP_SYS_PTRACE"])
    def test_a_dropped_capability_is_not_added_by_default(self, argv, dropped):
        assert "--cap-add=SYS_PTRACE" not in argv("--cap-drop", dropped)
        assert "--cap-add=SYS_PTRACE" in argv("--cap-drop", "NET_RAW")
        assert "--cap-add=SYS_PTRACE" in argv("--cap-drop", dropped, "--cap-add", "SYS_PTRACE")

    def test_restart_keeps_the_container(self, cli, argv):
        assert "--rm" not in argv("--restart", "always")
        assert "--rm" in argv("--restart", "no")
        result = cli("run", "none", "--restart", "always", "--rm", "--dry-run")
        assert result.status == 2
        assert "--restart cannot be used with --rm TRUE" in result.err

    def test_a_gpu_as_a_device_replaces_automatic_gpus(self, argv):
        assert "--gpus=all" not in argv("--device", "nvidia.com/gpu=0")


@pytest.mark.processes
class TestEnvFile:
    @pytest.fixture
    def file(self, tmp_path):
        path = tmp_path / "an env"
        path.write_text("# comment\n\nTOKEN=s3cr3t = x\nNAME_ONLY\n  INDENTED=1\n")
        return path

    def test_docker_reads_it_and_no_value_is_shown(self, cli, argv, explained, file):
        assert f"--env-file={file}" in argv("--env-file", str(file))
        entry = explained("--env-file", str(file))["env TOKEN"]
        assert entry["value"] == f"(from {file})"
        for words in (("run", "none", "--dry-run"), ("explain", "run", "none", "--json")):
            assert "s3cr3t" not in cli.ok(*words, "--env-file", str(file)).out

    def test_its_variables_replace_those_of_plugins(self, cli, site, tmp_path):
        site.framework("tiny", SETS)
        (tmp_path / "f").write_text("THREADS=8\n")

        out = cli.ok("run", "tiny", "--env-file", str(tmp_path / "f"), "--dry-run").out

        assert "--env=THREADS=4" not in out
        out = cli.ok(
            "run", "tiny", "--env-file", str(tmp_path / "f"), "-e", "THREADS=9", "--dry-run"
        )
        assert "--env=THREADS=9" in out.out

    def test_several_files_keep_their_order(self, argv, tmp_path):
        for name in "ba":
            (tmp_path / name).write_text(f"X={name}\n")

        given = argv("--env-file", str(tmp_path / "b"), "--env-file", str(tmp_path / "a"))

        files = [word for word in given if word.startswith("--env-file")]
        assert files == [f"--env-file={tmp_path}/b", f"--env-file={tmp_path}/a"]

    @pytest.mark.parametrize(
        "content", [b"=s3cr3t", b"MY s3cr3t=1", b"\xff\xfes3cr3t", b"A\0s3cr3t=1"]
    )
    def test_a_file_that_docker_refuses_is_an_error_without_its_content(self, cli, file, content):
        file.write_bytes(b"A=1\n" + content)

        result = cli("run", "none", "--env-file", str(file), "--dry-run")

        assert result.status == 2
        assert "s3cr3t" not in result.err
        assert str(file) in result.err

    def test_a_dev_container_names_the_file_for_every_user(self, cli, tmp_path):
        home = tmp_path / "home"
        home.mkdir()
        (home / "env").write_text("A=s3cr3t\n")

        text = cli.ok("devcontainer", "none", "--env-file", str(home / "env"), "--dry-run").out

        document = json.loads(text.partition("\n")[2])
        assert "--env-file=${localEnv:HOME}/env" in document["runArgs"]
        assert "s3cr3t" not in text


SETS = """
@hookimpl
def dynamo_container_run_env(request):
    yield EnvVar(name="THREADS", value="4")
"""


@pytest.mark.processes
class TestDefaults:
    def test_dev_is_as_it_always_was(self, argv):
        assert {"--cap-add=SYS_PTRACE", "--ipc=host", "--network=host"} <= set(argv())

    def test_a_runtime_gets_the_least_that_serves(self, argv):
        given = argv("--target", "runtime")

        assert {
            "--ipc=private", "--network=host", "--security-opt=no-new-privileges",
            "--shm-size=10G", "--ulimit=memlock=-1", "--ulimit=nofile=65536:65536",
        } <= set(given)  # fmt: skip
        assert not [word for word in given if word.startswith("--cap-add")]

    def test_a_default_of_a_runtime_can_be_opened(self, argv):
        given = argv(
            *("--target", "runtime", "--security-opt", "no-new-privileges=false"),
            *("--ipc", "host", "--cap-add", "SYS_PTRACE"),
        )

        assert {"--ipc=host", "--cap-add=SYS_PTRACE"} <= set(given)
        assert "--security-opt=no-new-privileges" not in given


CLOSED = {
    "--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--ipc=private",
    "--network=bridge", "--pids-limit=16384", "--tmpfs=/tmp:exec,mode=1777",
    "--tmpfs=/home/ubuntu/.cache:exec,mode=1777", "--tmpfs=/home/ubuntu/.config:exec,mode=1777",
    "--shm-size=10G",
}  # fmt: skip


@pytest.mark.processes
class TestHardened:
    def test_it_is_closed_and_of_the_runtime(self, argv):
        given = argv("--hardened")

        assert set(given) >= CLOSED
        assert given[-1] == "dynamo:latest-none-runtime"
        assert not [word for word in given if word.startswith(("--cap-add", "--ulimit=memlock"))]

    def test_every_value_is_explained(self, explained):
        entries = explained("--hardened").values()

        by_option = {
            entry["key"] for entry in entries if entry["sources"][0]["name"] == "--hardened"
        }
        assert by_option == {
            "--read-only", "--cap-drop ALL", "--security-opt no-new-privileges", "--ipc",
            "--network", "--pids-limit", "--ulimit memlock", "/tmp", "/home/ubuntu/.cache",
            "/home/ubuntu/.config",
        }  # fmt: skip

    def test_a_plugin_cannot_open_it(self, cli, site):
        site.framework("tiny", OPENING)

        opened = cli.ok("run", "tiny", "--dry-run").out
        closed = cli.ok("run", "tiny", "--hardened", "--dry-run").out

        for flag in ("--privileged", "--pid=host", "SYS_ADMIN", "seccomp=unconfined", "source=/,"):
            assert flag in opened
            assert flag not in closed
        text = cli.ok("explain", "run", "tiny", "--hardened").out
        assert "flag --privileged = (omitted)\n      user: --hardened (command line)" in text

    def test_the_user_can_open_it_by_name(self, argv):
        given = argv(
            *("--hardened", "--network", "host", "--ipc", "host", "--pids-limit", "-1"),
            *("--cap-add", "SYS_NICE", "--ulimit", "memlock=-1", "-v", "cache:/tmp"),
        )

        assert {
            "--network=host", "--ipc=host", "--pids-limit=-1", "--cap-add=SYS_NICE",
            "--ulimit=memlock=-1", "--mount=type=volume,source=cache,target=/tmp",
        } <= set(given)  # fmt: skip
        assert not [word for word in given if word.startswith("--tmpfs=/tmp")]

    def test_published_ports_and_another_target_are_possible(self, argv):
        given = argv("--hardened", "-p", "8000:8000", "--target", "dev")

        assert {"--network=bridge", "--publish=8000:8000"} <= set(given)
        assert given[-1] == "dynamo:latest-none"

    @pytest.mark.parametrize("words", ["--privileged", "--use-nixl-gds"])
    def test_what_contradicts_it_is_an_error(self, cli, words):
        result = cli("run", "none", "--hardened", words, "--dry-run")

        assert result.status == 2
        assert f"--hardened cannot be used with {words}" in result.err

    def test_the_pod_in_the_documentation_has_the_same_folders_in_memory(self, argv):
        page = (Path(__file__).parents[2] / "docs" / "hardened.md").read_text()

        folders = {
            word.split("=")[1].split(":")[0] for word in argv("--hardened") if "tmpfs" in word
        }
        in_pod = set(re.findall(r"mountPath: ([^}]+)}", page))
        assert in_pod == {*folders, "/dev/shm"}  # the pod's
