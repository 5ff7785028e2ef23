# SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
# SPDX-License-Identifier: Apache-2.0
"""Facts about a Dynamo checkout: its folder, and what its git and its files say about it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from dynamo_container.errors import UsageError
from dynamo_container.host.paths import is_file
from dynamo_container.model import facts
from dynamo_container.model.names import DYNAMO
from dynamo_container.model.toml import read_toml

if TYPE_CHECKING:
    from dynamo_container.host.repository import Repository
from dynamo_container.host.users import caller_uids

_PROJECT: Final = "pyproject.toml"
# The version of a checkout without any version: older than everything.
_UNKNOWN: Final = "0.0.0"
# Tags that can be versions; Dynamo also has tags of charts and crates.
_TAG_PATTERNS: Final = ("v[0-9]*", "[0-9]*")
_RUST_RELEASE: Final = r"\d+\.\d+(?:\.\d+)?"


def find_checkout(start: Path) -> Path | None:
    """Return the nearest Dynamo checkout, from a folder upwards: a folder whose `pyproject.toml` is
    that of the project `ai-dynamo`.

    Raises:
        UsageError: a `pyproject.toml` that mentions the project is not valid TOML.
    """
    return next((folder for folder in (start, *start.parents) if _is_checkout(folder)), None)


def _is_checkout(folder: Path) -> bool:
    path = folder / _PROJECT
    if not is_file(path):
        return False
    try:
        # Most projects are not Dynamo, and searching a file is faster than parsing it.
        if DYNAMO.encode() not in path.read_bytes():
            return False
        project = read_toml(path).get("project")
    except OSError:
        return False
    except ValueError as error:
        raise UsageError(f"{path} is not valid TOML: {error}", "fix the file") from error
    return isinstance(project, dict) and project.get("name") == DYNAMO


def collect(path: Path, version: str = "") -> facts.Checkout:
    """Collect the facts about a checkout from its git, or from its `pyproject.toml` without git.

    Args:
        path: absolute; it contains a `pyproject.toml`.
        version: overrides the version; empty for the one that git gives.
    """
    # Imported here: most calls look for a checkout, and find none.
    from dynamo_container.host import repository as repositories

    repository = repositories.find(path)
    unknown = [repository.problem] if repository and repository.problem else []
    git = _Git(repository=repository) if repository and not repository.problem else None
    declared = _declared_version(path)
    tag, exact = git.tag() if git else ("", False)
    commit, short = git.commit() if git else ("", "")
    derived = tag or declared or _UNKNOWN
    if commit and not exact:
        derived = f"{derived}.dev.{short}"
    content, submodules = git.content() if git and commit else (version or derived, "")
    return facts.Checkout(
        path=path,
        release=declared or tag or _normalized(version) or _UNKNOWN,
        version=version or derived,
        commit=commit,
        digest=_digest(commit, content),
        rust=rust_release(path),
        unknown=tuple(filter(None, (*unknown, submodules, _owner(path) if not git else ""))),
    )


def _owner(path: Path) -> str:
    """Return whose code a build from a checkout runs, if it is not the caller's own."""
    owner = path.stat().st_uid
    own = owner in (0, *caller_uids())
    return (
        ""
        if own
        else (
            f"a build from {path} runs code of the user with UID {owner}; to install a release "
            "instead: --source none"
        )
    )


def _digest(*parts: str) -> str:
    import hashlib

    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


class _Git(NamedTuple):
    """What the git of a checkout knows. Its answers are empty if a command fails."""

    repository: Repository

    def commit(self) -> tuple[str, str]:
        """Return the commit that is checked out, and its short form; empty before the first."""
        query = self.repository.query
        commit = query("rev-parse", "--verify", "--quiet", "HEAD").strip()
        return (commit, query("rev-parse", "--short", "HEAD").strip()) if commit else ("", "")

    def tag(self) -> tuple[str, bool]:
        """Return the version of the latest tag in the commit's history, and whether it is the
        commit's own tag. Branches do not matter.
        """
        query = self.repository.query
        form = ("--points-at=HEAD", "--format=%(refname:strip=2)")
        if version := _newest(query("for-each-ref", *form, "refs/tags").split()):
            return version, True
        patterns = [f"--match={pattern}" for pattern in _TAG_PATTERNS]
        return _newest(query("describe", "--tags", "--abbrev=0", *patterns).split()), False

    def content(self) -> tuple[str, str]:
        """Return a digest of the files, and a line about what is not part of it."""
        from dynamo_container.host import worktree

        try:
            split = worktree.is_split(self.repository)
        except OSError:
            return "", "git's index cannot be read: changes are not part of the plan's hash"
        if split:
            return "", "git's index is split: changes are not part of the plan's hash"
        contents = worktree.read(self.repository)
        if not contents.listed:
            return "", "git did not list the files: changes are not part of the plan's hash"
        names = ", ".join(contents.submodules)
        omitted = f"changes in submodules are not part of the plan's hash: {names}"
        return contents.digest, omitted if names else ""


def _newest(tags: list[str]) -> str:
    """Return the highest version among tags; empty if none of them is a version."""
    from packaging.version import Version

    return max(filter(None, map(_normalized, tags)), key=Version, default="")


def _normalized(version: str) -> str:
    """Return a version as packages write it: `v0.6.1-rc1` is `0.6.1rc1`; empty if not valid."""
    from packaging.version import InvalidVersion, Version

    try:
        return str(Version(version))
    except InvalidVersion:
        return ""


def _declared_version(path: Path) -> str:
    project = _table(path / _PROJECT, "project")
    return _normalized(str(project.get("version", "")))


def rust_release(path: Path) -> str:
    """Return the Rust release that a checkout names; empty if it names none."""
    channel = str(_table(path / "rust-toolchain.toml", "toolchain").get("channel", ""))
    return channel if re.fullmatch(_RUST_RELEASE, channel) else ""


def _table(path: Path, name: str) -> dict[str, Any]:
    """Return a table of a TOML file; empty if there is none, or the file cannot be read."""
    try:
        table = read_toml(path).get(name)
    except (OSError, ValueError):
        return {}
    return table if isinstance(table, dict) else {}
