# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""The git command in a repository that may be another user's: it gives data and no orders.

A repository's own configuration names programs: filters, monitors, hooks, helpers of remotes. So
only commands are used that read no file through attributes, open no connection and write nothing.
Git's rule about owners holds, also in versions of git that do not have it yet.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dynamo_container.docker import process
from dynamo_container.host.users import caller_uids

_NOWHERE: Final = "/dev/null"
# Of what these name, nothing runs with the commands below: they are for what git learns to do.
_SETTINGS: Final = (
    "core.fsmonitor=false",
    f"core.hooksPath={_NOWHERE}",
    f"core.attributesFile={_NOWHERE}",
    f"core.excludesFile={_NOWHERE}",
    "safe.bareRepository=explicit",
    "submodule.recurse=false",
    "protocol.allow=never",
)
_ENVIRONMENT: Final = {
    # The private configuration; HOME is for versions of git before 2.32.
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": _NOWHERE,
    "HOME": _NOWHERE,
    "XDG_CONFIG_HOME": _NOWHERE,
    # A partial clone lacks objects: they are not fetched. The second is for older versions.
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_PAGER": "",
    "LC_ALL": "C",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """The repository of a folder.

    Attributes:
        path: the folder, which is the top of its working tree.
        git_folder: the repository's own folder, that of this worktree.
        problem: why its git is not asked, as a line for the user; empty if it is.
        exempt: whether the caller's own configuration exempts it from git's rule about owners.
    """

    path: Path
    git_folder: Path = Path()
    problem: str = ""
    exempt: bool = False

    def query(self, *arguments: str) -> str:
        """Return what git prints, names of files as Python has them; empty if the command fails."""
        return _git(self.path, *arguments, exempt=self.exempt)


def find(path: Path) -> Repository | None:
    """Return the repository of a folder; None if the folder itself is not one: a repository around
    it has nothing to do with it.
    """
    if not os.path.lexists(path / ".git"):
        return None
    exempt = bool(_foreign_owner(path, path / ".git")) and _is_exempt(path)
    paths = ("--show-toplevel", "--absolute-git-dir", "--git-common-dir")
    answer = _git(path, "rev-parse", *paths, exempt=exempt).splitlines()
    if len(answer) != len(paths):
        return Repository(path=path, problem=_refusal(path))
    top, git_folder, common = (path / line for line in answer)
    if top.resolve() != path.resolve():
        return None
    if problem := "" if exempt else _foreign_owner(path, path / ".git", git_folder, common):
        return Repository(path=path, problem=_left_out(path, problem))
    return Repository(path=path, git_folder=git_folder, exempt=exempt)


def _git(path: Path, *arguments: str, exempt: bool = False) -> str:
    settings = (*_SETTINGS, f"safe.directory={path}") if exempt else _SETTINGS
    options = (word for setting in settings for word in ("-c", setting))
    # The caller's GIT_DIR and the like are about another repository.
    return process.query(
        *("git", "-C", str(path), "--no-pager", *options, *arguments),
        drop_env="GIT_",
        env={**_ENVIRONMENT, "GIT_CEILING_DIRECTORIES": str(path.parent)},
        errors="surrogateescape",
    )


def _foreign_owner(*paths: Path) -> str:
    """Return which of these, with a repository's configuration, belongs to somebody else, as a
    clause; empty if none does.
    """
    for path in (*paths, *(path / "config" for path in paths)):
        try:
            owner = path.stat().st_uid
        except OSError:
            continue
        if owner not in caller_uids():
            return f"{path} belongs to the user with UID {owner}"
    return ""


def _is_exempt(path: Path) -> bool:
    """Whether the caller's own configuration, or the machine's, exempts a folder."""
    ask = ("config", "--includes", "--get-all", "safe.directory")
    names: list[str] = []
    for level in ("--system", "--global"):
        words = ("git", "-C", "/", ask[0], level, *ask[1:])
        for name in process.query(*words, env={"GIT_DIR": _NOWHERE}).splitlines():
            # As in git, an empty name removes those before it.
            names = [*names, name] if name else []
    paths = {os.path.realpath(os.path.expanduser(name)) for name in names}  # noqa: PTH111
    return "*" in names or os.path.realpath(path) in paths


def _refusal(path: Path) -> str:
    if owner := _foreign_owner(path, path / ".git"):
        return _left_out(path, owner)
    return f"git gave no answer about {path}: its version and commit are not known"


def _left_out(path: Path, owner: str) -> str:
    return (
        f"{owner}, so its git is not asked for the version and the commit; if you trust it: "
        f"git config --global --add safe.directory {path}"
    )
