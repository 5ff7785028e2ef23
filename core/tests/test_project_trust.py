# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Project files: whose they are, how far up they are looked for, and what they may set."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest
from dynamo_container.trust import owners

STRANGER = 4711
FILE = "dynamo-container.toml"
SHM = '[run]\nshm-size = "7G"\n'
RUN = ("run", "none", "--dry-run")
BUILD = ("build", "none", "--target", "runtime", "--dry-run")
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to somebody else")

pytestmark = pytest.mark.processes  # a run connects to the engine

REACHING = {
    "privileged": "[run]\nprivileged = true\n",
    "host folder": '[run]\nvolume = ["/etc:/hostetc"]\n',
    "workspace": '[run]\nmount-workspace = "/etc"\n',
    "variable by name": '[run]\nenv = ["AWS_SECRET_ACCESS_KEY"]\n',
    "preloaded library": '[run]\nenv = "LD_PRELOAD=/workspace/x.so"\n',
    "capability": '[run]\ncap-add = ["ALL"]\n',
    "image": '[run]\nimage = "evil/image:1"\n',
    "other table": "[run.none]\nprivileged = true\n",
    "escaped key": '[run]\n"priv\\u0069leged" = true\n',
    "dotted key": "run.privileged = true\n",
    "inline table": 'run = {docker-arg = ["--privileged"]}\n',
    "underscores": '[run]\nmount_workspace = "/etc"\n',
    "upper case framework": "[run.NONE]\nprivileged = true\n",
    "excluded policy": '[run]\nno-plugin = ["images"]\n',
}
REACHING_BUILDS = {
    "report": '[build]\nreport = "/tmp/any-file"\n',
    "index": '[build]\nindex-url = "https://evil.example/simple"\n',
    "extra index": '[build]\nextra-index-url = "https://evil.example/simple"\n',
    "stage": '[build]\nstage = "tools=evil/tools:1"\n',
    "base image": '[build.none]\nbase-image = "evil/base:1"\n',
    "secret": '[build]\nsecret = "id=netrc,src=/etc/hostname"\n',
    "argument by name": '[build]\nbuild-arg = "AWS_SECRET_ACCESS_KEY"\n',
    "push": '[build]\npush = true\nrepository = "evil.example/x"\n',
    "cache": '[build]\ncache-to = "type=local,dest=/tmp/x"\n',
    "checkout": '[build]\nsource = "/tmp"\n',
}


@pytest.fixture(autouse=True)
def no_engine(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/absent.sock")
    monkeypatch.setenv("PATH", "")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project file in the current folder, which sets nothing that reaches outside."""
    path = tmp_path / FILE
    path.write_text(SHM)
    return path


@pytest.mark.parametrize("text", REACHING.values(), ids=REACHING)
def test_options_of_run_that_reach_outside_require_trust(cli, project, text):
    project.write_text(text)

    refused = cli(*RUN)

    assert (refused.status, refused.out) == (2, "")
    assert "is not trusted" in refused.err
    assert f"dynamo-container trust {project}" in refused.err
    assert "--no-project-file" in refused.err


@pytest.mark.parametrize("text", REACHING_BUILDS.values(), ids=REACHING_BUILDS)
@pytest.mark.parametrize("command", [BUILD, ("explain", *BUILD[:-1])], ids=["build", "explain"])
def test_options_of_build_that_reach_outside_require_trust(cli, project, text, command):
    project.write_text(text)

    refused = cli(*command)

    assert (refused.status, refused.out) == (2, "")
    assert "is not trusted" in refused.err


def test_options_that_reach_nothing_are_used_and_the_file_is_named(cli, project):
    result = cli.ok(*RUN)

    assert "--shm-size=7G" in result.out
    assert f"note: using {project}\n" in result.err
    assert f"using {project}" not in cli.ok("-q", *RUN).err
    assert f"using {project}" not in cli.ok(*BUILD).err
    assert str(project) in cli.ok("explain", "run", "none", "shm-size").out


def test_an_option_that_the_command_line_overrides_requires_no_trust(cli, project):
    project.write_text('[run]\nimage = "evil/image:1"\n')

    assert "evil/image" not in cli.ok(*RUN, "--image", "mine:1").out


def test_what_a_file_switches_off_requires_no_trust(cli, project):
    project.write_text("[run]\nprivileged = false\n[build]\npush = false\n")

    cli.ok(*RUN)
    cli.ok(*BUILD)


class TestTrusting:
    @pytest.fixture(autouse=True)
    def _privileged(self, project):
        project.write_text(REACHING["privileged"])

    def test_a_trusted_file_is_used_until_it_sets_something_else(self, cli, project):
        assert "run.privileged" in cli.ok("trust").out
        assert "--privileged" in cli.ok(*RUN).out

        project.write_text(REACHING["privileged"] + "# a comment\n")
        assert "--privileged" in cli.ok(*RUN).out

        project.write_text(REACHING["privileged"] + 'volume = "/etc:/e"\n')
        refused = cli(*RUN)
        assert refused.status == 2
        assert "has changed since you trusted it" in refused.err

    @pytest.mark.parametrize("words", [("--trust", *RUN), (*RUN, "--trust")], ids=str)
    def test_a_file_can_be_trusted_once(self, cli, words):
        assert "--privileged" in cli.ok(*words).out
        assert cli(*RUN).status == 2

    def test_a_variable_trusts_in_continuous_integration(self, cli, monkeypatch):
        monkeypatch.setenv("DYNAMO_CONTAINER_TRUST", "1")

        assert "--privileged" in cli.ok(*RUN).out

    def test_a_file_can_be_ignored(self, cli):
        assert "--privileged" not in cli.ok("--no-project-file", *RUN).out

    def test_a_file_cannot_trust_itself(self, cli, project):
        project.write_text("[run]\nprivileged = true\ntrust = true\n")

        assert "'trust' in [run], which is not one of its options" in cli(*RUN).err

    def test_trust_is_listed_and_revoked(self, cli, project):
        cli.ok("trust", str(project))
        assert cli.ok("trust", "--list").out == f"{project}\n"

        cli.ok("trust", "--revoke", str(project))
        assert cli.ok("trust", "--list").out == ""
        assert cli(*RUN).status == 2
        assert "was not trusted" in cli.ok("trust", "--revoke").err

    def test_trust_is_for_one_path(self, cli, project, tmp_path, monkeypatch):
        cli.ok("trust")
        other = tmp_path / "other"
        other.mkdir()
        (other / FILE).write_text(project.read_text())
        monkeypatch.chdir(other)

        assert cli(*RUN).status == 2

    def test_trust_is_kept_in_the_users_own_state_folder(self, cli, tmp_path, monkeypatch):
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
        cli.ok("trust")

        folder = tmp_path / "state" / "dynamo-container" / "trust"
        (record,) = folder.iterdir()
        assert folder.stat().st_mode & 0o777 == 0o700
        assert record.stat().st_mode & 0o777 == 0o600

    def test_a_record_that_cannot_be_deleted_is_an_error(self, cli, tmp_path, monkeypatch):
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
        cli.ok("trust")
        (record,) = (tmp_path / "state" / "dynamo-container" / "trust").iterdir()
        record.unlink()
        record.mkdir()  # the file cannot be deleted, not even by root

        result = cli("trust", "--revoke")

        assert result.status == 1
        assert f"{record.parent} cannot be written: " in result.err
        assert len(result.err.splitlines()) == 2

    @as_root
    def test_a_record_that_somebody_else_wrote_does_not_count(self, cli, tmp_path, monkeypatch):
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
        cli.ok("trust")
        (record,) = (tmp_path / "state" / "dynamo-container" / "trust").iterdir()

        os.chown(record, STRANGER, STRANGER)

        assert cli(*RUN).status == 2

    @as_root
    def test_behind_sudo_the_record_is_the_callers(self, cli, tmp_path, monkeypatch):
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
        monkeypatch.setenv("SUDO_UID", str(STRANGER))
        monkeypatch.setenv("SUDO_GID", str(STRANGER))

        cli.ok("trust")

        paths = [tmp_path / "state", *(tmp_path / "state").rglob("*")]
        assert {path.stat().st_uid for path in paths} == {STRANGER}
        cli.ok(*RUN)

    def test_without_a_project_file_there_is_nothing_to_trust(self, cli, project):
        project.unlink()

        assert "no project file was found" in cli("trust").err


class TestOwners:
    @pytest.mark.parametrize("mode", [0o666, 0o646])
    def test_a_file_that_everybody_can_write_is_refused(self, cli, project, mode):
        project.chmod(mode)

        refused = cli(*RUN)

        assert refused.status == 2
        assert "every user can write to" in refused.err
        assert "dynamo-container trust" in refused.err
        assert "--no-project-file" in refused.err

    def test_so_is_a_file_in_a_folder_that_everybody_can_write(self, cli, project, tmp_path):
        tmp_path.chmod(0o777)
        assert "is in a folder that every user can write to" in cli(*RUN).err

        tmp_path.chmod(0o1777)
        cli.ok(*RUN)

    @as_root
    def test_so_is_a_file_that_a_group_can_write_unless_it_is_the_users_own(self, cli, project):
        project.chmod(0o664)
        cli.ok(*RUN)

        os.chown(project, 0, STRANGER)
        assert f"the group with GID {STRANGER} can write to" in cli(*RUN).err

    @as_root
    @pytest.mark.parametrize("name", [FILE, "pyproject.toml"])
    def test_so_is_a_file_of_another_owner(self, cli, project, tmp_path, name):
        project.unlink()
        path = tmp_path / name
        path.write_text(SHM if name == FILE else '[tool.dynamo-container.run]\nshm-size = "7G"\n')
        os.chown(path, STRANGER, STRANGER)

        refused = cli(*RUN)

        assert refused.status == 2
        assert f"it belongs to the user with UID {STRANGER}" in refused.err

    @as_root
    def test_a_file_of_another_owner_can_be_trusted_as_it_is(self, cli, project):
        os.chown(project, STRANGER, STRANGER)
        cli.ok("trust")

        cli.ok(*RUN)

        project.write_text('[run]\nshm-size = "8G"\n')
        assert cli(*RUN).status == 2

    @as_root
    def test_a_link_to_a_file_of_another_owner_is_refused(self, cli, project, tmp_path):
        foreign = tmp_path / "foreign"
        project.rename(foreign)
        os.chown(foreign, STRANGER, STRANGER)
        project.symlink_to(foreign)

        assert cli(*RUN).status == 2

    @as_root
    @pytest.mark.parametrize("mode", [0o755, 0o1755])
    def test_so_is_a_file_in_a_folder_of_another_owner(self, cli, project, tmp_path, mode):
        """Who owns a folder can exchange its files, for example by a link to another one."""
        tmp_path.chmod(mode)
        os.chown(tmp_path, STRANGER, STRANGER)

        refused = cli(*RUN)

        assert refused.status == 2
        assert f"is in a folder that belongs to the user with UID {STRANGER}" in refused.err

    def test_so_is_a_link_to_a_file_in_a_folder_that_everybody_can_write(
        self, cli, project, tmp_path
    ):
        shared = tmp_path / "shared"
        shared.mkdir()
        shared.chmod(0o777)
        project.rename(shared / FILE)
        project.symlink_to(shared / FILE)

        refused = cli(*RUN)

        assert refused.status == 2
        assert "is in a folder that every user can write to" in refused.err

    @as_root
    def test_the_user_who_called_sudo_is_the_caller(self, cli, project, monkeypatch):
        os.chown(project, STRANGER, STRANGER)
        monkeypatch.setenv("SUDO_UID", str(STRANGER))
        monkeypatch.setenv("SUDO_GID", str(STRANGER))

        cli.ok(*RUN)

    @as_root
    @pytest.mark.parametrize("words", [("plugins", "list"), ("run", "--help"), ("--version",)])
    def test_commands_that_use_no_project_file_do_not_refuse_it(self, cli, project, words):
        os.chown(project, STRANGER, STRANGER)

        cli.ok(*words)

    @pytest.mark.parametrize(
        ("tag", "permissions", "refused"),
        [(0x02, 6, True), (0x08, 2, True), (0x02, 4, False), (0x08, 0, False)],
        ids=["user writes", "group writes", "user reads", "group does nothing"],
    )
    @pytest.mark.parametrize("of_folder", [False, True])
    def test_an_access_control_list_that_lets_others_write_counts(
        self, cli, project, monkeypatch, tag, permissions, refused, of_folder
    ):
        """In the mode, it looks like a file that one's own group can write."""
        monkeypatch.setattr(owners, "_is_private_group", lambda gid: gid == os.getgid())
        place = project.parent if of_folder else project
        place.chmod(0o770 if of_folder else 0o660)
        nobody = 0xFFFFFFFF
        listed = (tag, permissions, STRANGER)
        rows = [(0x01, 7, nobody), (0x04, 4, nobody), (0x10, 7, nobody), (0x20, 0, nobody), listed]
        entries = b"".join(struct.pack("<HHI", *row) for row in sorted(rows))
        try:
            os.setxattr(place, "system.posix_acl_access", struct.pack("<I", 2) + entries)
        except OSError as error:
            pytest.skip(f"the file system has no access control lists: {error}")

        result = cli(*RUN)

        assert result.status == (2 if refused else 0)
        assert ("an access control list lets others write" in result.err) == refused

    @as_root
    @pytest.mark.parametrize("kind", ["symbolic", "hard"])
    def test_in_a_folder_like_tmp_a_link_to_the_callers_own_file_is_refused(
        self, cli, project, tmp_path, monkeypatch, kind
    ):
        """Others can add one, and so select which of the caller's files counts."""
        shared = tmp_path / "shared"
        shared.mkdir()
        shared.chmod(0o1777)
        link = shared / FILE
        if kind == "hard":
            link.hardlink_to(project)
        else:
            link.symlink_to(project)
            os.lchown(link, STRANGER, STRANGER)
        monkeypatch.chdir(shared)

        # A kernel that protects links does not open it, whoever asks.
        assert cli(*RUN).status == 2

        link.unlink()
        link.write_text(SHM)
        cli.ok(*RUN)


class TestSearch:
    @pytest.fixture
    def below(self, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        folder = tmp_path / "a" / "b"
        folder.mkdir(parents=True)
        monkeypatch.chdir(folder)
        return folder

    def found(self, cli) -> bool:
        return "--shm-size=7G" in cli.ok(*RUN).out

    def test_it_goes_up_through_the_callers_own_folders(self, cli, below):
        assert self.found(cli)

    @pytest.mark.parametrize("name", ["a", "a/b"])
    def test_it_stops_at_the_root_of_a_repository(self, cli, below, tmp_path, name):
        (tmp_path / name / ".git").mkdir()
        assert not self.found(cli)

        (tmp_path / name / FILE).write_text(SHM)
        assert self.found(cli)

    def test_it_stops_at_a_worktrees_root(self, cli, below):
        (below / ".git").write_text("gitdir: /elsewhere\n")

        assert not self.found(cli)

    def test_it_stops_at_the_home_folder(self, cli, below, monkeypatch):
        monkeypatch.setenv("HOME", str(below.parent))

        assert not self.found(cli)

    @pytest.mark.parametrize("mode", [0o777, 0o1777])
    def test_it_stops_below_a_folder_that_others_can_write(self, cli, below, tmp_path, mode):
        tmp_path.chmod(mode)

        assert not self.found(cli)

    @as_root
    def test_it_stops_below_a_folder_of_another_owner(self, cli, below, tmp_path):
        os.chown(tmp_path, STRANGER, STRANGER)

        assert not self.found(cli)


def test_an_option_of_a_plugin_requires_trust_unless_it_is_declared_harmless(cli, site, project):
    site.framework(
        "tiny",
        """
@hookimpl
def dynamo_container_options(command):
    yield Option(flag="--tiny-model", help="A model.", type="path")
    yield Option(flag="--tiny-fast", help="Be fast.", type="flag", harmless=True)
""",
    )
    project.write_text("[build.tiny]\ntiny-fast = true\n")
    cli.ok("build", "tiny", "--dry-run")

    project.write_text('[build.tiny]\ntiny-model = "/etc/shadow"\n')
    refused = cli("build", "tiny", "--dry-run")
    assert refused.status == 2
    assert "build.tiny-model" in refused.err
