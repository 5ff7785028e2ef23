# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""A checkout is data: no program that its repository names runs when it is looked at, nothing is
written into it, and git's rule about owners holds.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import checkouts
import pytest
from dynamo_container.host import git, users

pytestmark = pytest.mark.processes  # git

LOOKS = {
    "dry run": ("build", "none", "--target", "runtime", "--dry-run"),
    "explain": ("explain", "build", "none", "--target", "runtime"),
}
STRANGER = 4711


class Trap:
    """A program that leaves a trace if it runs, and the ways in which a repository names it."""

    def __init__(self, checkout: Path, program: Path) -> None:
        self.checkout = checkout
        self.program = program
        self.trace = program.with_suffix(".ran")
        program.write_text(f'#!/bin/sh\ntouch "{self.trace}"\nexit 1\n')
        program.chmod(0o755)

    def config(self, key: str, value: str) -> None:
        checkouts.git(self.checkout, "config", key, value)

    def attributes(self, text: str, path: str = ".gitattributes") -> None:
        (self.checkout / path).write_text(text)

    def touch(self) -> None:
        """Make git compare the content of a file, because its times differ from the index."""
        os.utime(self.checkout / "README.md", (0, 10**9))

    def clean_filter(self) -> None:
        self.config("filter.x.clean", str(self.program))
        self.attributes("* filter=x\n")
        self.touch()

    def process_filter(self) -> None:
        self.config("filter.x.process", str(self.program))
        self.config("filter.x.required", "true")
        self.attributes("* filter=x\n", ".git/info/attributes")
        self.touch()

    def filter_of_a_file_that_is_as_new_as_the_index(self) -> None:
        self.config("filter.x.clean", str(self.program))
        self.attributes("* filter=x\n", ".git/info/attributes")
        index = self.checkout / ".git" / "index"
        os.utime(index, ns=(0, (self.checkout / "README.md").stat().st_mtime_ns))

    def filter_in_an_included_file(self) -> None:
        (self.checkout / ".git" / "more").write_text(f'[filter "x"]\nclean = {self.program}\n')
        self.config("include.path", "more")
        self.attributes("* filter=x\n")
        self.touch()

    def textconv(self) -> None:
        self.config("diff.x.textconv", str(self.program))
        self.config("diff.external", str(self.program))
        self.attributes("* diff=x\n", ".git/info/attributes")
        (self.checkout / "README.md").write_text("changed\n")

    def monitor_and_hooks(self) -> None:
        self.config("core.fsmonitor", str(self.program))
        self.config("core.pager", str(self.program))
        for name in ("post-index-change", "reference-transaction", "pre-auto-gc"):
            shutil.copy(self.program, self.checkout / ".git" / "hooks" / name)
        self.touch()

    def submodule(self) -> None:
        module = self.checkout / "module"
        module.mkdir()
        (module / "file").write_text("x")
        checkouts.commit(module)
        checkouts.git(self.checkout, "add", "module")
        checkouts.git(self.checkout, "commit", "--quiet", "--message", "module")
        checkouts.git(module, "config", "core.fsmonitor", str(self.program))
        checkouts.git(module, "config", "filter.x.clean", str(self.program))
        (module / ".git" / "info" / "attributes").write_text("* filter=x\n")
        os.utime(module / "file", (0, 10**9))
        self.config("submodule.recurse", "true")

    def _partial_clone(self, url: str, **settings: str) -> None:
        """Name a remote for missing objects, and remove the commit before the present one."""
        checkouts.git(self.checkout, "tag", "v0.5.0")
        for message in ("second", "third"):
            words = ("commit", "--quiet", "--allow-empty", "--message", message)
            checkouts.git(self.checkout, *words)
        previous = checkouts.git(self.checkout, "rev-parse", "HEAD~")
        self.config("core.repositoryFormatVersion", "1")
        self.config("extensions.partialClone", "origin")
        self.config("remote.origin.url", url)
        self.config("remote.origin.promisor", "true")
        for key, value in settings.items():
            self.config(f"remote.origin.{key}", value)
        (self.checkout / ".git" / "objects" / previous[:2] / previous[2:]).unlink()

    def remote_helper(self) -> None:
        self.config("protocol.allow", "always")
        self._partial_clone(f"ext::{self.program}")

    def upload_pack(self) -> None:
        self._partial_clone(str(self.checkout), uploadpack=str(self.program))

    def ssh_command(self) -> None:
        self.config("core.sshCommand", str(self.program))
        self._partial_clone("ssh://host.invalid/x")

    def repository_elsewhere(self) -> None:
        """`.git` is a file that names a repository."""
        self.monitor_and_hooks()
        (self.checkout / ".git").rename(self.checkout.parent / "elsewhere.git")
        (self.checkout / ".git").write_text(f"gitdir: {self.checkout.parent}/elsewhere.git\n")

    def configuration_of_the_worktree(self) -> None:
        self.config("extensions.worktreeConfig", "true")
        checkouts.git(self.checkout, "config", "--worktree", "core.fsmonitor", str(self.program))

    def configuration_if_it_is_this_repository(self) -> None:
        more = self.checkout / ".git" / "more"
        more.write_text(f'[filter "x"]\nclean = {self.program}\n')
        self.config("includeIf.gitdir:**.path", str(more))
        self.attributes("* filter=x\n")
        self.touch()

    def objects_of_another_repository(self) -> None:
        """Missing objects are those of a partial clone in an alternate."""
        self.upload_pack()
        objects = self.checkout / ".git" / "objects"
        objects.rename(self.checkout.parent / "objects")
        (objects / "info").mkdir(parents=True)
        (objects / "info" / "alternates").write_text(f"{self.checkout.parent}/objects\n")
        self.config("core.alternateRefsCommand", str(self.program))

    def programs_of_messages(self) -> None:
        for key in ("gpg.program", "core.askPass", "core.editor", "credential.helper"):
            self.config(key, str(self.program))
        self.config("log.showSignature", "true")
        self.config("core.fsmonitor", str(self.program))
        self.config("alias.ls-files", f"!{self.program}")


WAYS = [
    Trap.clean_filter,
    Trap.process_filter,
    Trap.filter_of_a_file_that_is_as_new_as_the_index,
    Trap.filter_in_an_included_file,
    Trap.textconv,
    Trap.monitor_and_hooks,
    Trap.submodule,
    Trap.remote_helper,
    Trap.upload_pack,
    Trap.ssh_command,
    Trap.repository_elsewhere,
    Trap.configuration_of_the_worktree,
    Trap.configuration_if_it_is_this_repository,
    Trap.objects_of_another_repository,
    Trap.programs_of_messages,
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return checkouts.write(tmp_path / "dynamo")


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_no_program_that_a_repository_names_runs_when_its_checkout_is_looked_at(
    cli, folder, tmp_path, monkeypatch, way: Callable[[Trap], None], look
):
    checkouts.commit(folder)
    trap = Trap(folder, tmp_path / "program")
    way(trap)
    trap.trace.unlink(missing_ok=True)  # git itself ran it while the trap was set
    monkeypatch.chdir(folder / "lib")
    before = snapshot(folder)

    cli.ok(*LOOKS[look])

    assert not trap.trace.exists()
    assert snapshot(folder) == before


def test_docker_runs_no_git_in_a_checkout_either(cli, folder, monkeypatch, tmp_path):
    """buildx would run `git status` in the context of each target."""
    checkouts.commit(folder)
    monkeypatch.chdir(folder)

    assert "BUILDX_GIT_INFO=0 docker buildx bake" in cli.ok(*LOOKS["dry run"]).out
    cli.ok("render", "none", "--target", "runtime", "--output", str(tmp_path / "out"))
    page = (tmp_path / "out" / "README.md").read_text()
    assert "BUILDX_GIT_INFO=0 docker buildx bake" in page


def snapshot(folder: Path) -> dict[str, tuple[int, bytes]]:
    """The content and the time of every file in a folder, its repository included."""
    return {
        str(path): (path.stat().st_mtime_ns, path.read_bytes() if path.is_file() else b"")
        for path in folder.rglob("*")
    }


def test_the_traps_work(folder, tmp_path):
    """Git itself runs the program: otherwise the test above would prove nothing."""
    ran = []
    for way in WAYS:
        shutil.rmtree(folder)
        checkouts.write(folder)
        checkouts.commit(folder)
        trap = Trap(folder, tmp_path / way.__name__)
        way(trap)
        trap.trace.unlink(missing_ok=True)
        for words in (("status",), ("diff", "HEAD"), ("describe", "--tags")):
            command = ["git", "-c", "safe.directory=*", "-C", str(folder), *words]
            subprocess.run(command, capture_output=True, check=False)
        ran.append(trap.trace.exists())

    assert ran == [True] * len(WAYS)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to somebody else")
class TestOwners:
    @pytest.fixture(autouse=True)
    def no_exceptions(self, monkeypatch, tmp_path) -> None:
        """The machine's own exceptions from git's rule do not count."""
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
        monkeypatch.delenv("SUDO_UID", raising=False)

    @pytest.fixture
    def foreign(self, folder: Path) -> Path:
        checkouts.commit(folder, "v0.6.0")
        subprocess.run(["chown", "-R", f"{STRANGER}:{STRANGER}", str(folder)], check=True)
        return folder

    def test_gits_own_rule_holds_and_what_it_withholds_is_left_out_with_a_warning(
        self, cli, foreign
    ):
        result = cli.ok("explain", "build", "none", "--source", str(foreign), "--json")

        labels = {entry["key"]: entry["value"] for entry in result.json["images"][-1]["values"]}
        assert labels["ai.dynamo.container.dynamo"] == "0.6.1"
        assert "org.opencontainers.image.revision" not in labels
        assert f"warning: {foreign} belongs to the user with UID {STRANGER}" in result.err

    @pytest.mark.parametrize("git", [True, False])
    def test_a_build_from_it_names_whose_code_runs(self, cli, foreign, monkeypatch, git):
        if not git:
            shutil.rmtree(foreign / ".git")
        monkeypatch.chdir(foreign / "lib")

        shown = cli.ok(*LOOKS["dry run"]).err

        assert f"a build from {foreign} runs code of the user with UID {STRANGER}" in shown
        assert "--source none" in shown
        assert "runs code" not in cli.ok(*LOOKS["dry run"], "--source", "none").err

    @pytest.mark.parametrize("part", [".git", ".git/config", "the git folder of a worktree"])
    def test_a_part_of_another_owner_is_enough(self, folder, tmp_path, part):
        checkouts.commit(folder, "v0.6.0")
        path = folder
        if part.startswith("the"):
            path = tmp_path / "tree"
            checkouts.git(folder, "worktree", "add", "--quiet", "--detach", str(path))
            os.chown(folder / ".git", STRANGER, STRANGER)
        else:
            os.chown(folder / part, STRANGER, STRANGER)

        checkout = git.collect(path)

        assert checkout.commit == ""
        assert f"belongs to the user with UID {STRANGER}" in checkout.unknown[0]

    def test_a_checkout_of_the_user_who_called_sudo_is_that_of_the_caller(
        self, foreign, monkeypatch
    ):
        monkeypatch.setenv("SUDO_UID", str(STRANGER))
        monkeypatch.setenv("SUDO_GID", str(STRANGER))

        assert git.collect(foreign).version == "0.6.0"
        assert git.collect(foreign).unknown == ()

    @pytest.mark.parametrize("exception", ["*", "the checkout"])
    def test_the_callers_own_exceptions_count(self, foreign, tmp_path, exception):
        value = "*" if exception == "*" else str(foreign)
        (tmp_path / ".gitconfig").write_text(f"[safe]\ndirectory = {value}\n")

        assert git.collect(foreign).version == "0.6.0"

    def test_exceptions_in_the_repository_itself_do_not_count(self, foreign):
        with (foreign / ".git" / "config").open("a") as file:
            file.write("[safe]\ndirectory = *\n")

        assert git.collect(foreign).commit == ""


def test_the_caller_is_this_user_and_behind_sudo_the_user_who_called_it(monkeypatch):
    monkeypatch.setenv("SUDO_UID", "4711")
    monkeypatch.setenv("SUDO_GID", "4711")

    monkeypatch.setattr(os, "getuid", lambda: 0)
    assert users.caller_uids() == {0, 4711}
    monkeypatch.setattr(os, "getuid", lambda: 1000)
    assert users.caller_uids() == {1000}


def test_a_repository_that_gives_no_answer_is_a_warning(folder):
    (folder / ".git").write_text("gitdir: /nowhere\n")

    assert "git gave no answer" in git.collect(folder).unknown[0]
    assert git.collect(folder).version == "0.6.1"


def test_changes_in_submodules_are_left_out_with_a_warning(folder):
    checkouts.commit(folder)
    Trap(folder, folder.parent / "program").submodule()

    (line,) = git.collect(folder).unknown

    assert "module" in line
    assert "submodule" in line


def test_a_split_index_is_left_alone_because_git_would_change_the_time_of_its_file(folder):
    checkouts.commit(folder)
    checkouts.git(folder, "update-index", "--split-index")
    (folder / "new.py").write_text("")
    checkouts.git(folder, "add", "new.py")
    for shared in (folder / ".git").glob("sharedindex.*"):
        os.utime(shared, (0, 10**9))
    before = snapshot(folder)

    (line,) = git.collect(folder).unknown

    assert "index is split" in line
    assert snapshot(folder) == before


def test_a_repository_whose_index_is_missing_still_has_a_version(folder):
    checkouts.commit(folder, "v0.6.0")
    (folder / ".git" / "index").unlink()

    assert git.collect(folder).version == "0.6.0"


@pytest.mark.parametrize("change", ["staged", "in the working tree", "mode", "deleted", "link"])
def test_the_digest_covers_every_change(folder, change):
    checkouts.commit(folder)
    clean = git.collect(folder).digest
    path = folder / "README.md"
    if change == "deleted":
        path.unlink()
    elif change == "mode":
        path.chmod(0o755)
    elif change == "link":
        path.unlink()
        path.symlink_to("/etc/hostname")
    else:
        path.write_text("changed\n")
    if change == "staged":
        checkouts.git(folder, "add", "README.md")

    assert git.collect(folder).digest != clean


def test_a_file_with_other_times_and_the_same_content_is_unchanged(folder):
    checkouts.commit(folder)
    clean = git.collect(folder).digest

    (folder / "README.md").touch()

    assert git.collect(folder).digest == clean


def test_a_change_that_keeps_the_size_and_the_time_of_a_file_is_seen(folder):
    checkouts.commit(folder)
    clean = git.collect(folder).digest
    path = folder / "README.md"
    times = path.stat()
    path.write_text("# dYNAMO\n")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))

    assert git.collect(folder).digest != clean


def test_a_pipe_that_replaces_a_file_is_not_opened(folder):
    checkouts.commit(folder)
    (folder / "README.md").unlink()
    os.mkfifo(folder / "README.md")

    assert git.collect(folder).commit


def test_files_that_git_cannot_list_are_a_warning(folder):
    """Because of a broken index here, or a pipe that git waits for. Without the list, every content
    would have the same digest.
    """
    checkouts.commit(folder)
    (folder / ".git" / "index").write_bytes(b"not an index " * 20)

    checkout = git.collect(folder)

    assert checkout.commit
    assert checkout.unknown == (
        "git did not list the files: changes are not part of the plan's hash",
    )


def test_the_repository_names_no_file_with_names_to_leave_out(folder):
    """It could be a pipe, too, or any file of the caller."""
    checkouts.commit(folder)
    before = git.collect(folder)
    pipe = folder.parent / "pipe"
    os.mkfifo(pipe)
    checkouts.git(folder, "config", "core.excludesFile", str(pipe))

    assert git.collect(folder) == before
