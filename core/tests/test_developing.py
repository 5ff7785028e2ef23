# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""local-dev, workspaces and the Dev Container's file, as plans."""

from __future__ import annotations

import json
import os
import pwd
import shlex

import pytest
from dynamo_container.containers import docker_argv, planner
from dynamo_container.model.facts import ImageInfo
from dynamo_container.model.references import with_suffix
from dynamo_container.model.requests import RunRequest
from dynamo_container.plugins.registry import Registry


@pytest.fixture
def caller(monkeypatch):
    """Sets the UID and GID of the caller, and of the user who called sudo."""

    def set_caller(uid: int, gid: int, sudo: tuple[int, int] | None = None) -> None:
        monkeypatch.setattr(os, "getuid", lambda: uid)
        monkeypatch.setattr(os, "getgid", lambda: gid)
        for name, value in zip(("SUDO_UID", "SUDO_GID"), sudo or (), strict=False):
            monkeypatch.setenv(name, str(value))

    monkeypatch.delenv("SUDO_UID", raising=False)
    monkeypatch.delenv("SUDO_GID", raising=False)
    set_caller(1234, 1235)
    return set_caller


def targets(cli, *words):
    return cli.ok("build", "none", *words, "--dry-run").definition["target"]


def ids(cli, *words):
    args = targets(cli, "--target", "local-dev", *words)["local-dev"]["args"]
    return args["USER_UID"], args["USER_GID"]


def test_local_dev_is_for_the_caller(cli, caller):
    assert ids(cli) == ("1234", "1235")
    assert ids(cli, "--uid", "20") == ("20", "1235")
    assert ids(cli, "--gid", "200000001") == ("1234", "200000001")


def test_behind_sudo_local_dev_is_for_the_user_who_called_sudo(cli, caller):
    caller(0, 0, sudo=(501, 20))

    assert ids(cli) == ("501", "20")


def test_root_has_to_name_a_user(cli, caller):
    caller(0, 0)

    assert ids(cli, "--uid", "7") == ("7", "7")
    assert cli("build", "none", "--target", "local-dev").status == 2


def test_explain_shows_where_the_ids_come_from(cli, caller):
    out = cli.ok("explain", "build", "none", "--target", "local-dev", "--uid", "5").out

    assert "build-arg USER_UID = 5\n      user: --uid (command line)" in out
    assert "build-arg USER_GID = 1235\n      user: --gid (the caller's own)" in out


def test_behind_sudo_with_group_0_the_gid_is_the_uid(cli, caller):
    caller(0, 0, sudo=(501, 0))

    assert ids(cli) == ("501", "501")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--target", "local-dev", "--uid", "0"), "--uid 0 is root"),
        (("--target", "local-dev", "--gid", "0"), "--gid 0 is root"),
        (("--target", "local-dev", "--uid", "-5"), "--uid -5 is not a valid ID"),
        (("--target", "local-dev", "--uid", "4294967295"), "is not a valid ID"),
        (("--target", "local-dev", "--uid", "abc"), "'abc' is not a valid integer"),
        (("--uid", "5"), "--uid requires --target local-dev"),
        (("--target", "runtime", "--gid", "5"), "--gid requires --target local-dev"),
        (("--dev-image", "x-local-dev"), "name the dev image: x"),
        (("--dev-image", "x:1", "--target", "dev"), "--target cannot be used with --dev-image"),
        (
            ("--dev-image", "x:1", "--base-image", "y"),
            "--base-image cannot be used with --dev-image",
        ),
        (("--dev-image", "X:1"), "not a valid image reference"),
        (("--dev-image", f"sha256:{'a' * 64}"), "not a valid image reference"),
        (("--dev-image", f"x:1-local-dev@sha256:{'a' * 64}"), "name the dev image: x:1"),
        (("--target", "local-dev", "--tag", f"x:{'a' * 125}"), "at most 128 characters"),
        (("--target", "local-dev", "--gid", "abc"), "'abc' is not a valid integer"),
        (
            ("--target", "runtime", "--nsight-systems"),
            "--nsight-systems has no effect: the stage 'dev' is not part",
        ),
        (("--dev-image", ""), "--dev-image is empty"),
    ],
)
def test_invalid_options_are_errors_with_status_2_and_a_hint(cli, caller, words, message):
    result = cli("build", "none", *words)

    assert result.status == 2
    assert message in result.err
    assert len(result.err.splitlines()) == 2


@pytest.mark.parametrize(
    ("words", "dev", "local"),
    [
        (
            (),
            ["dynamo:v1.6.1-none", "dynamo:latest-none"],
            ["dynamo:v1.6.1-none-local-dev", "dynamo:latest-none-local-dev"],
        ),
        (("--tag", "my:1", "--no-latest"), ["my:1"], ["my:1-local-dev"]),
        (("--tag", "my:1-local-dev", "--no-latest"), ["my:1"], ["my:1-local-dev"]),
        (
            ("--tag", "reg:5000/my", "--no-latest"),
            ["reg:5000/my"],
            ["reg:5000/my:latest-local-dev"],
        ),
    ],
)
def test_local_dev_builds_and_tags_dev_in_the_same_graph(cli, caller, words, dev, local):
    graph = targets(cli, "--target", "local-dev", *words)

    assert graph["dev"]["tags"] == dev
    assert graph["local-dev"]["tags"] == local
    assert graph["local-dev"]["contexts"] == {"dev": "target:dev"}


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("my", "my:latest-local-dev"),
        ("my:1", "my:1-local-dev"),
        ("reg:5000/team/my", "reg:5000/team/my:latest-local-dev"),
        ("reg:5000/team/my:1", "reg:5000/team/my:1-local-dev"),
        (f"my@sha256:{'a' * 64}", "my:latest-local-dev"),
        (f"my:1@sha256:{'a' * 64}", "my:1-local-dev"),
    ],
)
def test_a_local_dev_image_is_named_after_its_dev_image(reference, expected):
    assert with_suffix(reference, "local-dev") == expected


def test_optional_tools_are_installed_only_on_request(cli, caller):
    assert "NSIGHT_SYSTEMS" not in targets(cli)["dev"]["args"]
    assert targets(cli, "--nsight-systems")["dev"]["args"]["NSIGHT_SYSTEMS"] == "true"


def test_rust_is_an_official_image_that_can_be_replaced(cli, caller):
    assert targets(cli)["dev"]["contexts"]["rust"].startswith("docker-image://rust:1.")
    replaced = targets(cli, "--stage", "rust=my/rust:1")
    assert replaced["dev"]["contexts"]["rust"] == "docker-image://my/rust:1"


LOCAL_DEV = ImageInfo(
    id="1",
    size=1,
    labels=(
        ("ai.dynamo.container.home", "/home/ubuntu"),
        ("ai.dynamo.container.target", "local-dev"),
        ("ai.dynamo.container.uid", "1234"),
    ),
)


def test_each_developers_shell_history_is_kept_in_a_volume():
    registry = Registry.discover()
    registry.load("none")
    asked = RunRequest(
        framework="none", image="x", workspace="/here", image_info=LOCAL_DEV, trusted=True
    )  # fmt: skip

    argv = docker_argv.run_command(planner.plan(registry, asked)).argv

    place = "/home/ubuntu/.commandhistory"
    assert f"--mount=type=volume,source=dynamo-history-1234,target={place}" in argv


@pytest.mark.processes
class TestWithoutAnEngine:
    @pytest.fixture(autouse=True)
    def _home(self, no_docker, monkeypatch, tmp_path):
        monkeypatch.setenv("HOME", str(tmp_path / "home"))

    @pytest.fixture
    def checkout(self, tmp_path, monkeypatch):
        folder = tmp_path / "check out"
        (folder / "lib").mkdir(parents=True)
        (folder / "pyproject.toml").write_text('[project]\nname = "ai-dynamo"\n')
        monkeypatch.chdir(folder / "lib")
        return folder

    def test_local_dev_is_built_from_a_dev_image(self, cli, caller):
        graph = targets(cli, "--dev-image", "my/dev:1")

        assert list(graph) == ["local-dev"]
        assert graph["local-dev"]["contexts"] == {"dev": "docker-image://my/dev:1"}
        assert graph["local-dev"]["tags"] == ["my/dev:1-local-dev"]

    def run(self, cli, *words):
        return shlex.split(cli.ok("run", "--dry-run", *words).out)

    def test_mount_workspace_finds_the_checkout_and_mounts_the_cache(self, cli, checkout, tmp_path):
        argv = self.run(cli, "--mount-workspace", "none")

        assert f"--mount=type=bind,source={checkout},target=/workspace" in argv
        cache = f"{tmp_path}/home/.cache/huggingface"
        assert f"--mount=type=bind,source={cache},target=/root/.cache/huggingface" in argv
        assert "--env=HF_TOKEN" in argv
        assert not {"--privileged", "--interactive", "--tty"} & set(argv)
        assert not (tmp_path / "home").exists()  # a dry run makes nothing

    def test_the_cache_goes_to_the_home_of_the_images_user(self, cli, checkout):
        argv = self.run(cli, "none", "--target", "local-dev", "--mount-workspace")

        assert any(word.endswith("target=/home/ubuntu/.cache/huggingface") for word in argv)

    @pytest.mark.parametrize("words", [("--hf-cache", "here"), ("--hf-home", "here")])
    def test_the_path_of_a_cache_becomes_absolute(self, cli, tmp_path, words):
        argv = self.run(cli, "none", *words)

        source = f"--mount=type=bind,source={tmp_path}/here,target=/root/.cache/huggingface"
        assert source in argv

    def test_a_dry_run_creates_the_same_cache_folder_as_the_run(self, cli, tmp_path):
        new = tmp_path / "a new" / "hf"
        words = ("none", "--hf-cache", str(new))

        assert self.run(cli, *words)[:6] == ["mkdir", "-p", "--", str(new), "&&", "docker"]
        new.mkdir(parents=True)
        assert self.run(cli, *words)[0] == "docker"

    def test_hf_home_is_the_default_and_none_mounts_no_cache(self, cli, checkout, monkeypatch):
        monkeypatch.setenv("HF_HOME", "/big/disk")

        assert any("source=/big/disk," in word for word in self.run(cli, "--mount-workspace"))
        for none in ("none", "None"):
            without = self.run(cli, "--mount-workspace", "--hf-cache", none)
            assert not any("--mount" in word and "huggingface" in word for word in without)

    def test_the_cache_is_found_as_by_huggingface_hub(self, cli, checkout, monkeypatch):
        monkeypatch.setenv("XDG_CACHE_HOME", "/big")
        assert any(
            "source=/big/huggingface," in word for word in self.run(cli, "--mount-workspace")
        )

        for name in ("HUGGINGFACE_HUB_CACHE", "HF_HUB_CACHE"):
            monkeypatch.setenv(name, f"/hub/{name}")
            argv = self.run(cli, "none", "--mount-workspace")
            hub = "/root/.cache/huggingface-hub"
            assert f"--mount=type=bind,source=/hub/{name},target={hub}" in argv
            assert f"--env=HF_HUB_CACHE={hub}" in argv
        for words in (("--mount-workspace", "--hf-cache", "none"), ("--hf-cache", "/mine"), ()):
            assert not any("huggingface-hub" in word for word in self.run(cli, "none", *words))

    def test_where_models_come_from_is_passed_by_name(self, cli, checkout, monkeypatch):
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
        monkeypatch.setenv("HF_ENDPOINT", "https://mirror.example")

        argv = self.run(cli, "none", "--mount-workspace")

        assert {"--env=HF_HUB_OFFLINE", "--env=HF_ENDPOINT"} <= set(argv)
        assert not any("mirror.example" in word for word in argv)
        assert "--env=HF_ENDPOINT" not in self.run(cli, "none")

    def test_a_path_is_distinguished_from_a_framework(self, cli, tmp_path):
        (tmp_path / "here").mkdir()

        for words in (("--mount-workspace", "./here", "none"), ("none", "--mount-workspace=here")):
            argv = self.run(cli, *words)
            assert f"--mount=type=bind,source={tmp_path}/here,target=/workspace" in argv
            assert argv[-1] == "dynamo:latest-none"

    def test_the_users_own_mount_replaces_the_cache(self, cli, checkout):
        place = "/root/.cache/huggingface"
        argv = self.run(cli, "--mount-workspace", "-v", f"/mine:{place}")

        assert f"--mount=type=bind,source=/mine,target={place}" in argv

    def test_two_workspaces_are_an_error(self, cli, checkout):
        result = cli("run", "--mount-workspace", "-v", "/mine:/workspace", "--dry-run")

        assert result.status == 2
        assert "--mount-workspace cannot be used with --volume at /workspace" in result.err

    def test_behind_sudo_the_cache_is_that_of_the_user_who_called_sudo(self, cli, checkout, caller):
        caller(0, 0, sudo=(1, 1))  # `daemon`, whom every Unix has

        argv = self.run(cli, "--mount-workspace")

        home = pwd.getpwuid(1).pw_dir
        assert any(f"source={home}/.cache/huggingface" in word for word in argv)

    def test_the_home_of_a_local_dev_image_is_known_without_an_engine(self, cli, checkout):
        argv = self.run(cli, "--mount-workspace", "--image", "dynamo:latest-none-local-dev")

        assert any(word.endswith("target=/home/ubuntu/.cache/huggingface") for word in argv)

    @pytest.mark.parametrize(
        ("words", "message"),
        [
            (("--mount-workspace",), "no Dynamo checkout"),
            (("--mount-workspace", "./no"), "was not found"),
            # As of a folder that is closed to the user, the system says an error of its own.
            (("--mount-workspace", f"./{'x' * 300}"), "was not found"),
        ],
    )
    def test_a_missing_workspace_is_an_error(self, cli, words, message):
        result = cli("run", "--dry-run", *words)

        assert result.status == 2
        assert message in result.err

    def test_another_user_is_added_to_group_0(self, cli):
        assert "--group-add=0" in self.run(cli, "none", "--user", "4711:4711")

    def test_the_file_contains_the_values_of_run(self, cli, checkout):
        options = ("--shm-size", "3G", "--ulimit", "stack=1", "-e", "A=b", "-v", "cache:/cache")
        argv = self.run(cli, "none", "--target", "local-dev", *options)

        cli.ok("devcontainer", "none", *options)

        text = (checkout / ".devcontainer" / "none" / "devcontainer.json").read_text()
        document = json.loads(text.partition("\n")[2])
        kinds = ("--shm-size", "--ulimit", "--cap-add", "--init", "--ipc", "--network")
        flags = [word for word in argv if word.startswith(kinds)]
        assert document["runArgs"] == flags
        assert "type=volume,source=cache,target=/cache" in document["mounts"]
        assert document["containerEnv"]["A"] == "b"
        assert document["image"] == "dynamo:latest-none-local-dev"
        assert document["remoteUser"] == "ubuntu"
        assert document["updateRemoteUserUID"] is True
        assert document["workspaceFolder"] == "/home/ubuntu/dynamo"
        assert "home/.cache" not in text.replace("${localEnv:HOME}/.cache", "")

    @pytest.mark.parametrize("home", ["/home/ubuntu", "/root"])
    def test_only_paths_in_the_callers_home_become_portable(self, cli, checkout, monkeypatch, home):
        monkeypatch.setenv("HOME", home)
        monkeypatch.setenv("HF_HOME", "/one/machines/disk")

        words = ("-v", f"/data{home}/x:/x", "-v", f"{home}:/y", "-v", "/a:/b:z")
        text = cli.ok("devcontainer", "none", *words, "--dry-run").out

        document = json.loads(text.partition("\n")[2])
        cache = ".cache/huggingface"
        assert document["mounts"][:3] == [
            f"type=bind,source=${{localEnv:HOME}}/{cache},target=/home/ubuntu/{cache}",
            f"type=bind,source=/data{home}/x,target=/x",
            "type=bind,source=${localEnv:HOME},target=/y",
        ]
        assert "--volume=/a:/b:z" in document["runArgs"]
        assert document["mounts"][3].endswith("target=/home/ubuntu/.commandhistory")
        assert "one/machines" not in text

    def test_gpus_are_optional_for_whoever_opens_the_folder(self, cli, checkout):
        assert '"gpu": "optional"' in cli.ok("devcontainer", "none", "--dry-run").out
        without = cli.ok("devcontainer", "none", "--gpus", "none", "--dry-run").out
        assert "hostRequirements" not in without

    @pytest.mark.parametrize(
        ("gpus", "devices"),
        [("all", ["all"]), ("0,1", ["0", "1"]), ("GPU-5a3c-1", ["GPU-5a3c-1"])],
    )
    def test_named_gpus_are_cdi_devices_which_the_editor_does_not_add(
        self, cli, checkout, gpus, devices
    ):
        text = cli.ok("devcontainer", "none", "--gpus", gpus, "--dry-run").out

        document = json.loads(text.partition("\n")[2])
        found = [word for word in document["runArgs"] if word.startswith("--device=")]
        assert found == [f"--device=nvidia.com/gpu={name}" for name in devices]
        assert "hostRequirements" not in document

    def test_a_number_of_gpus_is_an_error(self, cli, checkout):
        result = cli("devcontainer", "none", "--gpus", "count=2", "--dry-run")

        assert result.status == 2
        assert "cannot request a number of GPUs" in result.err

    def test_a_users_mount_replaces_our_volume(self, cli, checkout):
        words = ("-v", "mine:/home/ubuntu/.commandhistory")

        text = cli.ok("devcontainer", "none", *words, "--dry-run").out

        assert text.count("target=/home/ubuntu/.commandhistory") == 1

    @pytest.mark.parametrize(
        ("words", "message"),
        [
            (("--check", "--force"), "--check cannot be used with"),
            (("--", "sleep", "1"), "does not run a command of its own"),
        ],
    )
    def test_options_that_the_file_cannot_contain_are_errors(self, cli, checkout, words, message):
        result = cli("devcontainer", "none", *words)

        assert result.status == 2
        assert message in result.err

    def test_a_file_in_the_way_is_an_error(self, cli, checkout):
        (checkout / ".devcontainer").write_text("a file\n")

        result = cli("devcontainer", "none")

        assert result.status == 6
        assert ".devcontainer" in result.err

    @pytest.mark.parametrize(
        "link", [".devcontainer", ".devcontainer/none", ".devcontainer/none/devcontainer.json"]
    )
    def test_a_link_out_of_the_checkout_is_not_followed(self, cli, checkout, tmp_path, link):
        outside = tmp_path / "outside"
        outside.mkdir()
        path = checkout / link
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(outside / "new.json" if link.endswith(".json") else outside)

        for words in ((), ("--force",), ("--check",)):
            result = cli("devcontainer", "none", *words)
            assert result.status == 2
            assert "leads out of" in result.err
        assert list(outside.iterdir()) == []

    def test_the_checkouts_own_file_is_left_alone(self, cli, checkout):
        own = checkout / ".devcontainer" / "none" / "devcontainer.json"
        own.parent.mkdir(parents=True)
        own.write_text('{"image": "theirs"}\n')

        for words in ((), ("--check",), ("--force",)):
            cli.ok("devcontainer", "none", *words)

        beside = checkout / ".devcontainer" / "none-dynamo-container" / "devcontainer.json"
        assert '"dynamo:latest-none-local-dev"' in beside.read_text()
        assert own.read_text() == '{"image": "theirs"}\n'

    def test_a_link_within_the_checkout_is_followed(self, cli, checkout):
        (checkout / "shared").mkdir()
        (checkout / ".devcontainer").symlink_to("shared")

        cli.ok("devcontainer", "none")

        assert (checkout / "shared" / "none" / "devcontainer.json").is_file()

    def test_check_reports_whether_the_file_is_up_to_date(self, cli, checkout):
        assert cli("devcontainer", "none", "--check").status == 1
        cli.ok("devcontainer", "none")
        cli.ok("devcontainer", "none", "--check")

        result = cli("devcontainer", "none", "--shm-size", "3G", "--check")

        assert result.status == 1
        assert "is out of date" in result.err

    def test_an_edited_file_is_overwritten_only_with_force(self, cli, checkout):
        cli.ok("devcontainer", "none")
        path = checkout / ".devcontainer" / "none" / "devcontainer.json"
        ours = path.read_text()
        cli.ok("devcontainer", "none", "--shm-size", "3G")  # ours: written over
        changed = ours.replace("10G", "7G")
        path.write_text(changed)

        result = cli("devcontainer", "none")

        assert result.status == 2
        assert "--force" in result.err
        assert path.read_text() == changed
        cli.ok("devcontainer", "none", "--force")
        assert path.read_text() == ours

    def test_options_of_run_in_the_project_file_apply_to_devcontainer(self, cli, checkout):
        (checkout / "dynamo-container.toml").write_text('[run]\nshm-size = "5G"\nrm = false\n')

        assert '"--shm-size=5G"' in cli.ok("devcontainer", "none", "--dry-run").out
