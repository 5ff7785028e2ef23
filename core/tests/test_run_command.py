# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The command `run` without an engine: its defaults, and what reaches docker."""

from __future__ import annotations

import shutil
import subprocess

import pytest

BASH = shutil.which("bash") or "bash"


def bash_words(command: str) -> list[str]:
    """Return the words of a command as bash takes them, which also knows $'...'."""
    script = f"printf '%s\\0' {command}"
    shown = subprocess.run([BASH, "-c", script], check=True, capture_output=True, text=True)
    return shown.stdout.split("\0")[:-1]


@pytest.mark.processes
class TestRun:
    """The docker command that `run` becomes, as `--dry-run` prints it."""

    @pytest.fixture(autouse=True)
    def _no_docker(self, no_docker):
        """Nothing is asked of an engine."""

    @staticmethod
    def argv(cli, *words):
        command = cli.ok("run", "--dry-run", *words).out
        return bash_words(command)

    def test_the_defaults_are_those_of_run_sh(self, cli):
        argv = self.argv(cli, "none")

        assert argv[:3] == ["docker", "run", "--rm"]
        assert argv[-1] == "dynamo:latest-none"
        for word in (
            "--network=host", "--shm-size=10G", "--ulimit=memlock=-1", "--ulimit=stack=67108864",
            "--ulimit=nofile=65536:65536", "--cap-add=SYS_PTRACE", "--ipc=host",
            "--workdir=/workspace",
        ):  # fmt: skip
            assert word in argv
        assert not {"--privileged", "--interactive", "--tty"} & set(argv)

    def test_each_default_can_be_replaced(self, cli):
        argv = self.argv(
            cli, "none", "--network", "bridge", "--shm-size", "1G", "--ulimit", "stack=1",
            "--ipc", "private", "--workdir", "/tmp",
        )  # fmt: skip

        assert {"--network=bridge", "--shm-size=1G", "--ulimit=stack=1"} <= set(argv)
        assert {"--ipc=private", "--workdir=/tmp", "--ulimit=memlock=-1"} <= set(argv)
        assert not {"--network=host", "--shm-size=10G", "--ulimit=stack=67108864"} & set(argv)

    def test_words_after_two_dashes_are_the_command_as_they_are(self, cli):
        words = ["sh", "-c", "echo 'a b' \"$X\"", "--", "--rm"]

        assert self.argv(cli, "none", "--", *words)[-5:] == words

    def test_values_keep_what_shells_and_docker_might_change(self, cli):
        argv = self.argv(cli, "none", "-e", "A=-x 'y' \"z\"\n*", "-e", "B")

        assert "--env=A=-x 'y' \"z\"\n*" in argv
        assert "--env=B" in argv

    def test_a_path_is_made_absolute_and_a_name_is_a_volume(self, cli, tmp_path, monkeypatch):
        monkeypatch.setenv("HOME", "/home/me")
        argv = self.argv(
            cli, "none", "-v", "./a,b:/a:ro", "-v", "~/models:/m", "-v", "cache:/c", "-v", "/x:/z:z"
        )

        assert f'--mount=type=bind,"source={tmp_path}/a,b",target=/a,readonly' in argv
        assert "--mount=type=bind,source=/home/me/models,target=/m" in argv
        assert "--mount=type=volume,source=cache,target=/c" in argv
        assert "--volume=/x:/z:z" in argv

    def test_a_port_means_a_bridge_and_contradicts_the_hosts_network(self, cli):
        argv = self.argv(cli, "none", "-p", "8000:8000")

        assert "--publish=8000:8000" in argv
        assert "--network=bridge" in argv
        result = cli("run", "none", "-p", "1:1", "--network", "host", "--dry-run")
        assert result.status == 2
        assert "--port cannot be used with --network host" in result.err

    def test_an_entrypoints_arguments_go_before_the_command(self, cli):
        argv = self.argv(cli, "none", "--entrypoint", "sh -c", "--", "id")

        assert "--entrypoint=sh" in argv
        assert argv[-2:] == ["-c", "id"]

    @pytest.mark.parametrize(
        ("words", "removed"),
        [((), True), (("--rm",), True), (("--rm", "FALSE"), False), (("--rm=false",), False)],
    )
    def test_rm_takes_true_and_false(self, cli, words, removed):
        assert ("--rm" in self.argv(cli, *words, "none")) == removed

    def test_the_values_of_other_options_stay_as_they_are(self, cli):
        argv = self.argv(cli, "none", "-e", "--rm", "--workdir", "--privileged")

        assert "--env=--rm" in argv
        assert "--workdir=--privileged" in argv

    @pytest.mark.parametrize("words", [(), ("--", "ls")])
    def test_without_an_argument_the_default_framework_runs(self, cli, words):
        assert "dynamo:latest-vllm" in self.argv(cli, *words)

    def test_a_repeated_option_replaces_its_earlier_value(self, cli):
        argv = self.argv(
            cli, "none", "-e", "A=1", "-e", "A=2", "-v", "/a:/b", "-v", "/c:/b/", "--ulimit",
            "nofile=1", "--ulimit", "nofile=2",
        )  # fmt: skip

        assert [word for word in argv if word.startswith("--env")] == ["--env=A=2"]
        assert "--mount=type=bind,source=/c,target=/b" in argv
        assert "--ulimit=nofile=2" in argv

    def test_an_empty_entrypoint_resets_the_images(self, cli):
        assert "--entrypoint=" in self.argv(cli, "none", "--entrypoint", "")

    def test_explain_shows_values_that_only_the_user_sets(self, cli):
        out = cli.ok("explain", "run", "none", "-p", "1:1", "--name", "xyz").out

        assert "port 1:1 = 1:1" in out
        assert "name --name = xyz" in out
        assert "user: --port (command line)" in out

    def test_a_container_is_privileged_only_on_request(self, cli):
        assert "--privileged" in self.argv(cli, "none", "--privileged", "TRUE")
        assert "--privileged" in self.argv(cli, "--privileged", "none")

    def test_a_terminal_is_allocated_for_an_interactive_shell(self, cli):
        assert {"--interactive", "--tty"} <= set(self.argv(cli, "none", "-it"))

    @pytest.mark.parametrize(
        ("words", "message"),
        [
            (("none", "--wait"), "--wait requires --detach"),
            (("none", "-d", "--wait-timeout", "5"), "--wait-timeout requires --wait"),
            (("--image", "a/b:1", "--target", "runtime"), "--target cannot be used with --image"),
            (("--image", "a/b:1", "-d", "--wait"), "it is not known how"),
            (
                ("none", "--framework", "trtllm"),
                "a container runs one framework, not none and trtllm",
            ),
            (("none", "-v", "a:b"), "absolute TARGET"),
            (("none", "-e", "=x"), "is not a valid NAME=VALUE"),
            (("none", "-p", "abc"), "is not a valid port mapping"),
            (("none", "-p", "1:1", "--network", "none"), "--port cannot be used with"),
            (("none", "--entrypoint", '"x'), "quote"),
            (("--image", "Foo"), "not a valid image reference"),
            (("--image", "--privileged"), "not a valid image reference"),
            (("--image", ""), "--image is empty"),
        ],
    )
    def test_invalid_options_are_errors_with_status_2(self, cli, words, message):
        result = cli("run", *words, "--dry-run")

        assert result.status == 2
        assert message in result.err

    @pytest.mark.parametrize("words", [("--gpus", "al"), ("-p", "abc"), ("-v", "a:b")])
    def test_invalid_options_are_reported_before_the_engine_is_contacted(self, cli, words):
        assert cli("run", "none", *words).status == 2

    def test_framework_names_are_case_insensitive(self, cli):
        assert self.argv(cli, "--framework", "NONE")[-1] == "dynamo:latest-none"
